"""The drawing of the idea shows what the loss sees, and models stand beside one another with what they say."""

import matplotlib.pyplot as plt
import pytest
import torch

from helpers.show import idea
from helpers.show.repeats import COLOURS

IMAGES = torch.rand(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))


def test_the_drawing_shows_three_rows_of_ten_and_both_parts_of_the_loss():
    figure = idea.idea(IMAGES[0])
    _, picture, *bars = figure.axes
    assert torch.equal(torch.tensor(picture.images[0].get_array()), IMAGES[0, 0])
    heights = [[bar.get_height() for bar in axis.patches] for axis in bars]
    assert [len(row) for row in heights] == [10, 10, 10] and [sum(row) for row in heights] == pytest.approx([1, 1, 1])
    assert heights[2][idea.LABEL] == 1 and max(heights[0]) == heights[0][idea.LABEL]
    said = " ".join(text.get_text() for text in figure.axes[0].texts)
    for part in ("teacher", "student", "label", "soft loss", "hard loss", "1 − α", "not measured"):
        assert part in said


def test_each_model_has_its_bars_in_its_colour():
    said = {"big": torch.randn(2, 10), "small": torch.randn(2, 10)}
    figure = idea.beside(IMAGES, said, {"big": "teacher", "small": "before"}, temperature=4.0)
    assert len(figure.axes) == 6
    for row in range(2):
        for column, (name, role) in enumerate((("big", "teacher"), ("small", "before")), 1):
            bars = figure.axes[3 * row + column].patches
            assert [bar.get_height() for bar in bars] == pytest.approx((said[name][row] / 4).softmax(-1).tolist())
            assert plt.matplotlib.colors.to_hex(bars[0].get_facecolor()) == COLOURS[role]


def test_a_temperature_of_zero_is_refused_and_no_figure_is_kept():
    before = plt.get_fignums()
    with pytest.raises(ValueError, match="must be above 0"):
        idea.beside(IMAGES, {"one": torch.randn(2, 10)}, {"one": "teacher"}, 0.0)
    idea.idea(IMAGES[0])
    idea.beside(IMAGES, {"one": torch.randn(2, 10)}, {"one": "teacher"})
    assert plt.get_fignums() == before
