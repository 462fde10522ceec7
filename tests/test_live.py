"""Pictures with a control: each value has its own, and what goes wrong is said and, if it is no refusal, raised."""

from io import BytesIO

import ipywidgets as widgets
import matplotlib.pyplot as plt
import pytest
import torch
from test_cache_plots import SHARES, Letters
from test_distributions import LOGITS, Words

from helpers.show import cache_plots, digits, distributions, layers
from helpers.show.live import live

CLASSES = torch.tensor([0.0, 3.0, 1.0, -1.0, 2.0, 0.0, 0.0, -2.0, 0.0, 0.0])
IMAGE = torch.rand(1, 8, 8, generator=torch.Generator().manual_seed(0))
VALUES = [[1.0, 0.2, 0.1], [0.3, 0.6, 0.4], [0.2, 0.5, 0.9]]

# The widget, its value at first, others, and the figure that belongs to a value.
EACH = {
    "temperature": (
        lambda: distributions.temperature(Words(), LOGITS, most=3), 1.0, (4.0,),
        lambda value: distributions.distribution(Words(), LOGITS, value, most=3, top=1.0),
    ),
    "digits": (
        lambda: digits.slider(IMAGE, CLASSES), 1.0, (4.0,), lambda value: digits.doubts(IMAGE, CLASSES, value)
    ),
    "cache": (
        lambda: cache_plots.slider(Letters(), SHARES, seed=1, most=5), 4, (1, 8),
        lambda value: cache_plots.kept(Letters(), SHARES, value, seed=1, most=5),
    ),
    "map": (
        lambda: layers.by_hand(VALUES, ((1, 1), (2, 2))), "1-1 2-2", ("2-1",),
        lambda value: layers.ladder(layers.typed(value), VALUES),
    ),
}  # fmt: skip


def png(figure) -> bytes:
    with BytesIO() as file:
        figure.savefig(file, format="png", dpi=100)
        return file.getvalue()


@pytest.mark.parametrize(("make", "first", "others", "draw"), EACH.values(), ids=EACH)
def test_each_value_has_its_picture_and_two_widgets_share_nothing(make, first, others, draw):
    before = plt.get_fignums()
    (control, message, picture), (_, _, beside) = make().children, make().children
    assert control.value == first and bytes(picture.value) == png(draw(first))
    seen = {bytes(beside.value)}
    for value in others:
        control.value = value
        assert bytes(picture.value) == png(draw(value))
        seen.add(bytes(picture.value))
    assert len(seen) == 1 + len(others) and bytes(beside.value) == png(draw(first))
    assert message.value == "" and plt.get_fignums() == before


@pytest.mark.parametrize(("refused", "said"), [(ValueError, "refused: no &lt;3&gt;"), ((), "ValueError: no &lt;3&gt;")])
def test_what_goes_wrong_is_said_and_raised_unless_it_is_a_refusal(refused, said):
    def draw(value: int):
        if value == 3:
            raise ValueError("no <3>")
        return digits.doubts(IMAGE, CLASSES, value)

    control, message, picture = live(widgets.IntSlider(1), draw, refused).children
    before = bytes(picture.value)
    if refused:
        control.value = 3
    else:
        with pytest.raises(ValueError, match="no <3>"):
            control.value = 3
    assert said in message.value and bytes(picture.value) == before
    control.value = 4
    assert message.value == "" and bytes(picture.value) != before


def test_a_map_that_cannot_be_is_refused_in_words():
    box, said, picture = layers.by_hand(VALUES, ((1, 1), (2, 2))).children
    before = bytes(picture.value)
    for text, words in (("1-5", "which has the layers 0, 1, 2 "), ("no", "is no pair"), ("", "has no pair")):
        box.value = text
        assert words in said.value and bytes(picture.value) == before
