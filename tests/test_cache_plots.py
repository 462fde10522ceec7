"""What a cache replaces, as a drawing; what it keeps, as bars; and what it costs, as curves."""

import pytest
import torch

from helpers.cache import Encoding
from helpers.losses.gradient_angle import Quality
from helpers.show import cache_plots


class Letters:
    """A tokenizer whose token i is the i-th letter."""

    def decode(self, ids):
        return "abcdefgh$"[ids[0]]


SHARES = torch.tensor([0.4, 0.2, 0.1, 0.1, 0.05, 0.05, 0.04, 0.03, 0.03])


def bars(axis):
    return [bar.get_height() for bar in axis.patches]


@pytest.mark.parametrize("n", [1, 4, 8])
def test_bars_are_the_teacher_and_what_is_kept(n):
    left, right = cache_plots.kept(Letters(), SHARES, n, most=5).axes
    for axis in (left, right):
        assert bars(axis)[:6] == pytest.approx([*SHARES[:5].tolist(), 0.15])
    drawn, likeliest = bars(left)[6:], bars(right)[6:]
    assert sum(drawn) == pytest.approx(1) and all(abs(n * height - round(n * height)) < 1e-5 for height in drawn)
    assert likeliest[: min(n, 5)] == pytest.approx(SHARES[: min(n, 5)].tolist(), rel=1e-3)
    assert sum(likeliest) == pytest.approx(SHARES[:n].sum().item(), rel=1e-3)
    assert [label.get_text() for label in left.get_xticklabels()] == [*"abcde", "all others"]


def test_none_is_refused():
    with pytest.raises(ValueError, match="1 token or more"):
        cache_plots.kept(Letters(), SHARES, 0, most=5)


QUALITY = {
    Encoding("draws", 8): [Quality(9.0, 5.0), Quality(9.2, 7.0)], Encoding("draws", 4): [Quality(5.0, 8.0)] * 2,
    Encoding("top_k", 2): [Quality(8.0, 20.0)] * 2,
}  # fmt: skip


def curves(axis):
    """The lines that are in the legend, by their names."""
    return {line.get_label(): line.get_xydata().tolist() for line in axis.lines if line.get_label()[0] != "_"}


def test_prices_are_a_curve_of_means_for_each_kind_and_a_dot_for_each_seed():
    (axis,) = cache_plots.prices(QUALITY).axes
    assert curves(axis) == {
        "samples, equal distances": [[5.0, 8.0], [pytest.approx(9.1), 6.0]], "top-k alone": [[8.0, 20.0]],
    }  # fmt: skip
    dots = sorted(y for line in axis.lines if line.get_label()[0] == "_" for y in line.get_ydata())
    assert dots == [5.0, 7.0, 8.0, 8.0, 20.0, 20.0]
    assert axis.get_ylabel() == "angle to the full gradient\n(°, logarithmic)"


def test_an_angle_turns_from_student_to_student():
    after = {one: [Quality(each.bytes, 3 * each.degrees) for each in found] for one, found in QUALITY.items()}
    (axis,) = cache_plots.turned({"before": QUALITY, "after": after}).axes
    assert curves(axis)["8 samples, equal distances"] == [[0, 6.0], [1, 18.0]]
    assert curves(axis)["top-2 alone"] == [[0, 20.0], [1, 60.0]]
    assert [label.get_text() for label in axis.get_xticklabels()] == ["before", "after"]
    dots = [list(line.get_xdata()) for line in axis.lines if line.get_label()[0] == "_"]
    assert all(len(set(each)) == len(each) for each in dots), "a seed hides another"


def test_marks_lie_at_equal_distances():
    figure = cache_plots.marks([0.5, 0.3, 0.2], 2, 0.5)
    (axis,) = figure.axes
    assert [line.get_xdata()[0] for line in axis.lines] == [0.25, 0.75]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.5, 0.3, 0.2])
    assert [one.get_text() for one in figure.legends[0].get_texts()] == ["marks, 0.5 apart"]


def test_the_drawing_asks_the_teacher_twice_and_lies_within_itself():
    figure = cache_plots.replaced()
    figure.canvas.draw()
    texts = figure.axes[0].texts
    said = [text.get_text() for text in texts]
    assert said.count("teacher") == said.count("student") == 2
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1, text.get_text()
