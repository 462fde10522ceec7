"""Pictures of digits show what they are given."""

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


def test_pyplot_keeps_no_figure():
    before = plt.get_fignums()
    digits.slider(IMAGE, LOGITS)
    digits.pictures(IMAGE[None], ["one"])
    assert plt.get_fignums() == before
