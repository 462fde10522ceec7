"""A distribution as bars, and figures of tokens as bars and as colours."""

import pytest
import torch
from matplotlib.colors import to_hex

from helpers import losses
from helpers.show import charts, distributions, token_plot


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
    figure = distributions.distribution(Words(), LOGITS, temperature, most=3)
    heights, names = bars(figure)
    assert max(heights) < figure.axes[0].get_ylim()[1] < 1.1 * max(heights)
    assert figure.get_supxlabel() == "next token (⏎ is a line break)"
    wanted = (LOGITS / temperature).softmax(-1)
    assert heights == pytest.approx([*wanted[[1, 4, 2]].tolist(), wanted[[0, 3]].sum().item()], abs=1e-6)
    assert names == ["is", "<right>", "⏎", "all others"]
    assert sum(heights) == pytest.approx(1)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="must be above 0"):
        distributions.distribution(Words(), LOGITS, 0.0)


def shades(axis) -> list[str]:
    """The colours of the tokens' boxes, without those of the legend, which have no width."""
    return [to_hex(box.get_facecolor()) for box in axis.patches if box.get_width()]


def test_darker_where_the_figure_is_higher():
    figure = token_plot.heat(Words(), [0, 1, 2, 4], {"bits": [0.0, 1.0, 0.3, 0.99]}, "bits")
    (axis,) = figure.axes
    dark = [shade.background for shade in token_plot.SHADES]
    assert shades(axis) == [dark[0], dark[4], dark[1], dark[4]]
    said = "".join(text.get_text() for text in axis.texts)
    assert said == r"\$5is⏎<right>"
    assert [text.get_text() for text in figure.legends[0].get_texts()][:2] == ["below 0.2", "from 0.2"]


def test_panels_share_a_scale():
    found = {"low": [0.1, 0.0], "high": [7.0, 1.0]}
    dark, light = token_plot.SHADES[4].background, token_plot.SHADES[0].background
    low, high = token_plot.heat(Words(), [1, 0], found, "bits", top=1.0).axes
    assert (low.get_title(loc="left"), shades(low), shades(high)) == ("low", [light, light], [dark, dark])
    low, high = token_plot.heat(Words(), [1, 0], found, "bits").axes
    assert shades(low) == [light, light] and shades(high)[0] == dark


def test_a_long_text_is_cut_and_its_legend_says_so():
    figure = token_plot.heat(Words(), [1] * 9, {"": [1.0] * 9}, "bits", most=4)
    assert len(shades(figure.axes[0])) == 4
    assert figure.legends[0].get_title().get_text() == "bits (the first 4 of 9 tokens)"


def test_equal_zeros_are_white():
    (axis,) = token_plot.heat(Words(), [1, 0], {"": [0.0, 0.0]}, "bits").axes
    assert shades(axis) == [token_plot.SHADES[0].background] * 2


@pytest.mark.parametrize("written", [4, 3, None])
def test_the_written_token_is_orange_where_it_has_a_bar(written):
    (axes,) = distributions.distribution(Words(), LOGITS, most=3, written=written).axes
    orange = [to_hex(bar.get_facecolor()) == charts.ORANGE for bar in axes.patches]
    assert orange == [False, written == 4, False, False]
    assert ("orange" in axes.get_title()) is (written == 4)


@pytest.mark.parametrize(("written", "most"), [(1, 3), (3, 3)])
def test_a_hard_target_sees_one_bar_and_a_soft_one_all(written, most):
    student = torch.tensor([1.0, 0.0, 2.0, 0.5, 0.0])
    figure = distributions.targets(Words(), student, LOGITS, written, most)
    hard, soft = figure.axes
    nats = [float(axis.get_title().split(" = ")[1].removesuffix(" nats")) for axis in (hard, soft)]
    wanted = torch.nn.functional.cross_entropy(student[None], torch.tensor([written]))
    divergence = losses.divergence(student[None], LOGITS[None])
    assert nats == pytest.approx([wanted.item(), divergence.item()], abs=0.005)
    for axis, seen in ((hard, 1), (soft, most + 1)):
        target, said = (list(axis.containers[i]) for i in (0, 1))
        assert sum(bar.get_height() for bar in target) == pytest.approx(1, abs=1e-6)
        assert sum(bar.get_height() for bar in said) == pytest.approx(1, abs=1e-6)
        assert sum(bar.get_facecolor()[3] == 1 for bar in said) == seen


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


@pytest.mark.parametrize(
    "draw", [distributions.surprise, lambda words, ids, each: token_plot.heat(words, ids, {"": each}, "bits")]
)
def test_figures_must_match_the_tokens(draw):
    with pytest.raises(ValueError, match="2 tokens and 1 figures"):
        draw(Words(), [1, 0], [0.0])
