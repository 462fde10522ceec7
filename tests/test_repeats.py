"""Pictures of repeated runs stand at the values that they are given, shares in per cent and differences in points."""

from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from helpers.evaluation.statistics import Estimate, paired_repeats, repeated, wilson
from helpers.show import repeats

EACH = {"a": [0.1, 0.3], "b": [0.5, 0.6, 0.7]}
GAIN = {"a": paired_repeats([0.1, 0.2], [0.2, 0.4])}


@pytest.mark.parametrize(("signed", "scale"), [(False, 1), (True, 100)])
def test_rows_stand_at_their_values_with_intervals_and_dots_above(signed, scale):
    found = {name: replace(repeated(values), signed=signed) for name, values in EACH.items()}
    (axis,) = repeats.means(found, "title", "right", EACH, {"a": "rival"}).axes
    assert [one.get_text() for one in axis.texts] == [str(one).replace("-", "−") for one in found.values()]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "b"]
    whiskers = [line for line in axis.collections if hasattr(line, "get_segments")][1]
    assert whiskers.get_segments()[0][:, 0] == pytest.approx([scale * found["b"].low, scale * found["b"].high])
    dots = [line for line in axis.lines if len(line.get_xdata()) == 3]
    assert list(dots[0].get_xdata()) == pytest.approx([scale * value for value in EACH["b"]])
    assert set(dots[0].get_ydata()) == {1 - 0.24}  # above the diamond, which stands at 1


def test_roles_have_colours_of_their_own():
    assert len(set(repeats.COLOURS.values())) == len(repeats.COLOURS)
    found = {"soft": repeated([0.5, 0.6]), "hard": repeated([0.3, 0.4]), "teacher": wilson(97, 100)}
    (axis,) = repeats.means(found, roles={"hard": "rival", "teacher": "teacher"}).axes
    diamonds = [line.get_color() for line in axis.lines if line.get_marker() == "D"]
    assert diamonds == [repeats.COLOURS[role] for role in ("after", "rival", "teacher")]


def test_points_are_not_per_cent():
    assert str(paired_repeats([0.0, 0.0], [0.05, 0.07])) == "+6.0 points (-6.7 to +18.7)"
    assert str(Estimate(-0.0001, -0.02, 0.02, 3, signed=True)) == "+0.0 points (-2.0 to +2.0)"


def test_differences_have_a_line_at_zero_and_shares_have_none():
    assert any(list(line.get_xdata()) == [0, 0] for line in repeats.means(GAIN).axes[0].lines)
    figure = repeats.means({"share": repeated([0.7, 0.8])})
    assert not any(list(line.get_xdata()) == [0, 0] for line in figure.axes[0].lines)
    assert figure.axes[0].get_xlim()[0] == 0 and not figure.legends


def test_a_margin_is_shaded_in_points():
    figure = repeats.means(GAIN, margin=0.05, stands_for={"after": "soft targets"})
    (band,) = figure.axes[0].patches
    assert [one.get_text() for one in figure.legends[0].get_texts()] == ["soft targets", "counts as equal: ±5 points"]
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((-5, 5))


def test_a_curve_of_differences_stands_at_its_sizes():
    curve = {50: GAIN["a"], 1000: GAIN["a"]}
    figure = repeats.by_size({"soft": curve, "both": curve}, "title", "images", "soft − hard")
    (axis,) = figure.axes
    values = [line for line in axis.lines if line.get_marker() == "o"]
    assert list(values[0].get_ydata()) == pytest.approx([15, 15])
    assert [label.get_text() for label in axis.get_xticklabels()] == ["50", "1,000"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["soft", "both"]
    with pytest.raises(ValueError, match="6 curves"):
        repeats.by_size(dict.fromkeys("abcdef", curve))


def test_shares_stand_at_their_sizes_in_the_colours_of_their_roles():
    curve = {75: wilson(30, 60), 300: wilson(45, 60)}
    figure = repeats.by_size({"words": curve, "logits": curve, "none": {}}, roles={"words": "rival"})
    (axis,) = figure.axes
    drawn = [line for line in axis.lines if line.get_marker() in ("o", "s")]
    assert [list(line.get_ydata()) for line in drawn] == [[0.5, 0.75]] * 2 and axis.get_ylim()[0] == 0
    assert [line.get_color() for line in drawn] == [repeats.COLOURS["rival"], repeats.COLOURS["after"]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["words", "logits"]


def test_each_run_is_a_dot_at_its_size_and_the_line_goes_through_the_means():
    found = {"hard": {75: [0.4, 0.6], 300: [0.9, 0.8]}, "soft": {75: [0.8], 1552: [0.97]}, "none": {}}
    figure = repeats.runs_by_size(found, "title", "traces", roles={"hard": "rival"})
    (axis,) = figure.axes
    hard, *dots = axis.lines
    assert list(hard.get_ydata()) == pytest.approx([0.5, 0.85]) and hard.get_color() == repeats.COLOURS["rival"]
    assert [list(one.get_ydata()) for one in dots if one.get_marker() == "o"][1:] == [[0.4, 0.6], [0.9, 0.8]]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["75", "300", "1,552"]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["hard", "soft"]
    assert axis.get_ylim()[0] == 0
    five = repeats.runs_by_size({key: {1: [0.5]} for key in "abcde"}).axes[0].lines
    assert len({line.get_marker() for line in five if line.get_marker()}) == 5
    with pytest.raises(ValueError, match="6 curves"):
        repeats.runs_by_size({key: {1: [0.5]} for key in "abcdef"})


def test_without_a_study_there_is_an_empty_picture():
    assert repeats.runs_by_size({}).axes and repeats.means({}, margin=0.05).axes
    assert not repeats.runs_by_size({"a": {}}).legends


def test_pyplot_keeps_no_figure():
    before = plt.get_fignums()
    repeats.runs_by_size({"a": {1: [0.5]}})
    repeats.means(GAIN)
    repeats.by_size({"a": {1: GAIN["a"]}})
    assert plt.get_fignums() == before
