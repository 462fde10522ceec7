"""Pictures of digits: they show what they are given, and the slider says what goes wrong."""

from io import BytesIO

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.show import digits

LOGITS = torch.tensor([0.0, 3.0, 1.0, -1.0, 2.0, 0.0, 0.0, -2.0, 0.0, 0.0])
IMAGE = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_each_image_has_its_caption():
    images = torch.stack([IMAGE, 1 - IMAGE, IMAGE])
    figure = digits.pictures(images, ["a", "b", "c"], in_a_row=2)
    assert [axis.get_title() for axis in figure.axes] == ["a", "b", "c", ""]
    assert torch.equal(torch.tensor(figure.axes[1].images[0].get_array()), (1 - IMAGE)[0])
    assert not figure.axes[3].images
    with pytest.raises(ValueError, match="3 images and 2 captions"):
        digits.pictures(images, ["a", "b"])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_bars_are_probabilities(temperature):
    _, axis = digits.doubts(IMAGE, LOGITS, temperature).axes
    wanted = (LOGITS / temperature).softmax(-1)
    assert [bar.get_height() for bar in axis.patches] == pytest.approx(wanted.tolist(), abs=1e-6)
    assert [text.get_text() for text in axis.texts] == [f"{share:.1%}" for share in wanted.tolist()]


def test_a_temperature_of_zero_is_refused_and_leaves_no_figure():
    with pytest.raises(ValueError, match="must be above 0"):
        digits.doubts(IMAGE, LOGITS, 0.0)
    assert not plt.get_fignums()


def test_the_slider_draws_another_picture():
    slider, picture, message = digits.slider(IMAGE, LOGITS).children
    first = bytes(picture.value)
    assert slider.value == 1.0 and first.startswith(b"\x89PNG")
    slider.value = 4.0
    with BytesIO() as file:
        digits.doubts(IMAGE, LOGITS, 4.0).savefig(file, format="png", dpi=100)
        assert bytes(picture.value) == file.getvalue() != first
    assert message.value == ""


def test_two_sliders_share_nothing():
    one, two = (digits.slider(IMAGE, LOGITS).children for _ in range(2))
    one[0].value = 8.0
    assert two[0].value == 1.0 and bytes(one[1].value) != bytes(two[1].value)


def test_what_goes_wrong_is_said_below_the_picture_and_raised(monkeypatch):
    slider, _, message = digits.slider(IMAGE, LOGITS).children

    def broken(*_):
        raise ValueError("no <image>")

    with monkeypatch.context() as patch:
        patch.setattr(digits, "doubts", broken)
        with pytest.raises(ValueError, match="no <image>"):
            slider.value = 2.0
        assert "ValueError: no &lt;image&gt;" in message.value
    slider.value = 4.0
    assert message.value == ""


def test_pyplot_keeps_no_figure():
    before = plt.get_fignums()
    digits.slider(IMAGE, LOGITS)
    digits.pictures(IMAGE[None], ["one"])
    assert plt.get_fignums() == before
