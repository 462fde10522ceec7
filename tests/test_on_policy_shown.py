"""The pictures of a training in which the student writes: bands over parts of an answer, and the board."""

import pytest

from helpers.evaluation import Estimate
from helpers.show import on_policy
from helpers.training import board
from helpers.training.board import MEASURES


def steps(count: int, writer: str = "student") -> list[dict]:
    return [{"step": i, "writer": writer, "sample": None, **dict.fromkeys(MEASURES, float(i))}
            for i in range(1, count + 1)]  # fmt: skip


def test_a_band_is_drawn_from_low_to_high_at_each_part():
    figure = on_policy.bands({"a": [Estimate(0.2, 0.1, 0.4, 9), Estimate(0.3, 0.2, 0.5, 9)]}, "tenth", "KL")
    (axis,) = figure.axes
    assert axis.lines[0].get_xydata().tolist() == [[1, 0.2], [2, 0.3]]
    drawn = axis.collections[0].get_paths()[0].vertices.tolist()
    assert all(corner in drawn for corner in ([1, 0.1], [1, 0.4], [2, 0.2], [2, 0.5]))
    with pytest.raises(ValueError, match="6 curves"):
        on_policy.bands({name: [] for name in "abcdef"}, "", "")


def test_the_board_draws_each_measure_and_where_its_rules_stop():
    rules = [{"what": "cut_off", "below": None, "above": 0.5, "of_start": False},
             {"what": "length", "below": 0.4, "above": 2.5, "of_start": True}]  # fmt: skip
    figure = on_policy.board(steps(6), rules, {"what": "length"})
    by_title = {axis.get_title(): axis for axis in figure.axes}
    assert [*by_title["cut off"].lines[1].get_ydata()] == [0.5, 0.5]
    stopped = by_title["tokens of an answer: stopped"]
    assert [line.get_ydata()[0] for line in stopped.lines[1:]] == [0.4 * 3, 2.5 * 3], "of the first five's mean"
    assert len(by_title["entropy, nats"].lines) == 1
    assert [axis.lines[0].get_xdata().tolist() for axis in by_title.values()] == [[1, 2, 3, 4, 5, 6]] * 6


def test_what_was_not_measured_is_not_drawn_and_an_unknown_start_has_no_line():
    rules = [{"what": "length", "below": 0.4, "above": None, "of_start": True}]
    half = [row | {"length": None} for row in steps(3, "teacher")]
    figure = on_policy.board(half, rules)
    assert not next(axis for axis in figure.axes if axis.get_title() == "tokens of an answer").lines
    assert on_policy.board([], rules).axes


def test_it_takes_the_start_over_as_many_steps_as_the_board():
    assert on_policy.WINDOW == board.WINDOW
