"""What a cache keeps, as bars, and what it costs, as curves."""

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


def test_prices_are_a_curve_for_each_kind():
    found = {Encoding("draws", 8): Quality(9.0, 5.0), Encoding("draws", 4): Quality(5.0, 8.0)}
    found[Encoding("top_k", 2)] = Quality(8.0, 20.0)
    (axis,) = cache_plots.prices(found, limits=((16, 5),)).axes
    first, second, corner = axis.lines
    assert first.get_xydata().tolist() == [[5.0, 8.0], [9.0, 5.0]] and first.get_label() == "draws"
    assert second.get_xydata().tolist() == [[8.0, 20.0]] and second.get_label() == "top k"
    assert corner.get_xydata().tolist() == [[0, 5], [16, 5], [16, 0]]
