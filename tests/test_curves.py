"""Pictures of tokens and of steps show the figures that they are given."""

import matplotlib.pyplot as plt
import pytest

from helpers.show import curves


class Words:
    """A tokenizer whose token i is the i-th word."""

    words = ("$5", "is", "\n", "", "right")

    def decode(self, ids):
        return self.words[ids[0]]


def test_a_bar_for_each_token_with_its_surprise():
    figure = curves.surprise(Words(), [0, 1, 2, 3, 4], [0.5, 1.0, 2.0, 0.0, 4.0])
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [0.5, 1.0, 2.0, 0.0, 4.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == [r"\$5", "is", "⏎", "·", "right"]
    assert "nats" in axes.get_ylabel() and axes.get_xlabel() == ""
    figure.canvas.draw()


def test_a_long_row_is_cut_and_says_so():
    (axes,) = curves.surprise(Words(), [1] * 9, [1.0] * 9, most=4).axes
    assert len(axes.patches) == 4 and axes.get_xlabel() == "the first 4 of 9 tokens"


def test_a_bar_that_is_too_high_is_cut_and_has_its_figure_on_top():
    (axes,) = curves.surprise(Words(), [1, 2, 3], [0.5, 16.04, 4.0], highest=4.0).axes
    assert axes.get_ylim() == (0, pytest.approx(4.4))
    assert [(text.get_text(), text.get_position()[0]) for text in axes.texts] == [("16.0", 1)]


def test_figures_must_match_the_tokens():
    with pytest.raises(ValueError, match="3 tokens and 2 figures"):
        curves.surprise(Words(), [0, 1, 2], [0.1, 0.2])


def test_lines_are_named_and_differ_in_more_than_colour():
    figure = curves.lines({"one": [0, 1, 0.5], "two": [1, 1]}, "step", "rate")
    (axes,), (legend,) = figure.axes, figure.legends
    assert [list(line.get_ydata()) for line in axes.lines] == [[0, 1, 0.5], [1, 1]]
    assert [text.get_text() for text in legend.get_texts()] == ["one", "two"]
    figure.draw_without_rendering()
    assert legend.get_window_extent().y0 >= axes.get_window_extent().y1, "no curve runs through the names"
    assert len({line.get_linestyle() for line in axes.lines}) == 2
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "rate")
    (axes,) = curves.lines({"one": [0, 1]}, "T", "length", [1.0, 8.0]).axes
    assert list(axes.lines[0].get_xdata()) == [1.0, 8.0]


def test_each_curve_needs_dashes_of_its_own():
    names = ("a", "b", "c", "d", "e")
    assert len(curves.lines({name: [0, 1] for name in names[:4]}, "x", "y").legends[0].get_texts()) == 4
    with pytest.raises(ValueError, match="5 curves: a picture takes up to 4"):
        curves.lines({name: [0, 1] for name in names}, "x", "y")


def test_pyplot_keeps_no_figure():
    before = plt.get_fignums()
    curves.lines({"one": [0, 1]}, "step", "rate")
    curves.surprise(Words(), [1], [1.0])
    assert plt.get_fignums() == before
