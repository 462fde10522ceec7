"""A distribution as bars, and figures of tokens as bars and as colours."""

import pytest
import torch

from helpers.show import distributions


class Words:
    """A tokenizer whose token i is the i-th word."""

    words = ("$5", "is", "\n", "", "<right>")

    def decode(self, ids):
        return self.words[ids[0]]


LOGITS = torch.tensor([0.0, 3.0, 1.0, -1.0, 2.0])


def bars(figure):
    (axes,) = figure.axes
    return [bar.get_height() for bar in axes.patches], [label.get_text() for label in axes.get_xticklabels()]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_bars_are_probabilities_and_keep_their_places(temperature):
    heights, names = bars(distributions.distribution(Words(), LOGITS, temperature, most=3))
    wanted = (LOGITS / temperature).softmax(-1)
    assert heights == pytest.approx([*wanted[[1, 4, 2]].tolist(), wanted[[0, 3]].sum().item()], abs=1e-6)
    assert names == ["is", "<right>", "⏎", "all others"]
    assert sum(heights) == pytest.approx(1)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="must be above 0"):
        distributions.distribution(Words(), LOGITS, 0.0)


def test_darker_where_the_figure_is_higher():
    picture = distributions.heat(Words(), [0, 1, 2, 4], [0.0, 1.0, 0.3, 0.99], "bits")
    shades = [shade.background for shade in distributions.SHADES]
    body = picture.data.split("margin-top", 1)[1]
    found = [body.index(f"background:{shade}") for shade in (shades[0], shades[4], shades[1])]
    assert found == sorted(found)
    assert body.count(f"background:{shades[4]}") == 2  # the highest, and what is nearly so
    assert "<right>" not in picture.data and "⏎" in picture.data
    assert repr(picture).splitlines() == ["bits, per token:", "$5 0.00|is 1.00|⏎ 0.30|<right> 0.99"]


def test_two_pictures_share_a_scale():
    dark, light = distributions.SHADES[4].background, distributions.SHADES[0].background
    low = distributions.heat(Words(), [1], [0.1], "bits", top=1.0)
    assert low.data.count(light) > 1 and low.data.count(dark) == 1  # there only in the legend
    assert distributions.heat(Words(), [1], [7.0], "bits", top=1.0).data.count(dark) == 2


def test_equal_zeros_are_white():
    assert distributions.heat(Words(), [1, 0], [0.0, 0.0], "bits").data.count(distributions.SHADES[0].background) >= 3


def test_a_bar_for_each_token_with_its_surprise():
    figure = distributions.surprise(Words(), [0, 1, 2, 3, 4], [0.5, 1.0, 2.0, 0.0, 4.0])
    (axes,) = figure.axes
    assert bars(figure) == ([0.5, 1.0, 2.0, 0.0, 4.0], [r"\$5", "is", "⏎", "·", "<right>"])
    assert "nats" in axes.get_ylabel() and axes.get_xlabel() == ""


def test_a_long_row_is_cut_and_says_so():
    (axes,) = distributions.surprise(Words(), [1] * 9, [1.0] * 9, most=4).axes
    assert len(axes.patches) == 4 and axes.get_xlabel() == "the first 4 of 9 tokens"


def test_a_bar_that_is_too_high_is_cut_and_has_its_figure_on_top():
    (axes,) = distributions.surprise(Words(), [1, 2, 3], [0.5, 16.04, 4.0], highest=4.0).axes
    assert axes.get_ylim() == (0, pytest.approx(4.4))
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [("16.0", 1)]


@pytest.mark.parametrize("draw", [distributions.surprise, lambda *given: distributions.heat(*given, "bits")])
def test_figures_must_match_the_tokens(draw):
    with pytest.raises(ValueError, match="2 tokens and 1 figures"):
        draw(Words(), [1, 0], [0.0])
