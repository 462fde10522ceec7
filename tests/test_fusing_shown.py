"""The pictures of notebook 13: each bar and each point stands for what it was given."""

import pytest
import torch
from test_distributions import Words

from helpers.evaluation import wilson
from helpers.show import charts, fusing

SHARES = {"a": torch.tensor([0.1, 0.6, 0.1, 0.0, 0.2]), "$b": torch.tensor([0.5, 0.2, 0.1, 0.1, 0.1])}


def test_each_voice_and_the_mean_have_a_bar_at_each_token_and_one_for_all_others():
    mean = sum(SHARES.values()) / 2
    figure = fusing.voices(Words(), SHARES, mean, most=2, title="one token")
    (axis,) = figure.axes
    heights = [[bar.get_height() for bar in one] for one in axis.containers]
    for found, wanted in zip(heights, [*SHARES.values(), mean], strict=True):
        assert found == pytest.approx([*wanted[[1, 0]].tolist(), 1 - wanted[[1, 0]].sum().item()], abs=1e-6)
    assert [label.get_text() for label in axis.get_xticklabels()] == ["is", r"\$5", "all others"]
    left = [one[0].get_x() for one in axis.containers]
    assert left == sorted(left) and left[-1] - left[0] < 1, "side by side"
    with pytest.raises(ValueError, match="5 models"):
        fusing.voices(Words(), dict.fromkeys("abcde", mean), mean)


def test_a_panel_a_group_and_the_first_model_on_top():
    found = {"one": {"x": wilson(1, 4), "y": wilson(2, 4)}, "two": {"x": wilson(3, 4), "y": wilson(0, 4)}}
    figure = fusing.by_group(found, roles={"two": "rival"})
    assert [axis.get_title() for axis in figure.axes] == ["x", "y"]
    for axis, group in zip(figure.axes, "xy", strict=True):
        bars = [bar for bar in axis.patches]
        assert [bar.get_width() for bar in bars] == [found[name][group].value for name in found]
        assert axis.yaxis_inverted() or axis.get_ylim()[0] > axis.get_ylim()[1]
    assert figure.axes[0].patches[1].get_facecolor()[:3] == pytest.approx(
        tuple(int(charts.COLOURS["rival"][i : i + 2], 16) / 255 for i in (1, 3, 5)))  # fmt: skip


def test_a_point_lies_at_its_error_and_its_score():
    scores = {"cat": wilson(6, 10), "linear": wilson(0, 10)}
    figure = fusing.off({"cat": 0.0, "linear": 1.8}, scores, {"everything": wilson(9, 10)})
    (axis,) = figure.axes
    points = [tuple(one.lines[0].get_xydata()[0]) for one in axis.containers]
    assert points == [(0.0, 0.6), (1.8, 0.0)]
    assert any(line.get_ydata()[0] == 0.9 and line.get_label() == "everything" for line in axis.lines)
    assert [note.get_text() for note in axis.texts] == ["cat", "linear"]
