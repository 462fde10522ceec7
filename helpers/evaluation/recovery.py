"""How much of a loss was won back: a share of a gap, with an interval, or that there is no gap to speak of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from helpers.evaluation.statistics import Estimate

RESAMPLES = 10_000


@dataclass(frozen=True)
class Recovery:
    """What was lost, and what of it came back.

    Attributes:
        gap: how far the damaged one lies from the whole one, a mean over the items: below 0 if a score fell.
        share: (after - before) / (whole - before); None where the gap's interval holds zero: of nothing there is no
            share. It may pass 1, and lie below 0.
    """

    gap: Estimate
    share: Estimate | None

    def __str__(self) -> str:
        return f"{self.share} of the gap" if self.share else "the gap is within noise: no share of it can be told"


def recovered(
    whole: Sequence[float], before: Sequence[float], after: Sequence[float], seed: int, resamples: int = RESAMPLES
) -> Recovery:
    """The share of a gap that a repair closed, with the percentiles of a paired bootstrap over the items.

    Items are drawn with all three of their figures, so that what is hard in an item does not count as noise. The share
    is a quotient of sums: of divergences give each text's sum over its tokens, and zeros for the whole model.

    Args:
        whole: [items], a figure of the whole model, such as whether it answered a problem rightly.
        before: [items], of the damaged one.
        after: [items], of the repaired one.
        seed: of the drawing.
        resamples: how often as many items as there are, are drawn.

    Raises:
        ValueError: without items, or where the three are not of one length.
    """
    lengths = {len(each) for each in (whole, before, after)}
    if len(lengths) > 1 or not len(whole):
        raise ValueError(f"there are {len(whole)}, {len(before)} and {len(after)} figures: each item has all three")
    figures = np.asarray([whole, before, after], float)
    drawn = np.random.default_rng(seed).integers(figures.shape[1], size=(resamples, figures.shape[1]))
    sums = np.stack([each[drawn].sum(1) for each in figures])
    n = figures.shape[1]
    lost, low, high = _with_ends(figures[1].sum() - figures[0].sum(), sums[1] - sums[0])
    gap = Estimate(lost / n, low / n, high / n, n, signed=True)
    if low <= 0 <= high:
        return Recovery(gap, None)
    # A resample may still have no gap, and then no share: an interval that clear of zero has hardly any.
    told = sums[0] != sums[1]
    shares = (sums[2] - sums[1])[told] / (sums[0] - sums[1])[told]
    share = (figures[2].sum() - figures[1].sum()) / (figures[0].sum() - figures[1].sum())
    return Recovery(gap, Estimate(*_with_ends(share, shares), n))


def _with_ends(value: float, resampled: np.ndarray) -> tuple[float, float, float]:
    return float(value), *map(float, np.quantile(resampled, (0.025, 0.975)))


def share_of(whole: float, before: float, after: float) -> float:
    """The share of a gap that was closed; the exercise of notebook 11 is held to it."""
    return (after - before) / (whole - before)


# As beginners write it, and what is wrong: for `check.function`.
SHARE_SLIPS = {
    lambda whole, before, after: after / whole: "that is what is there now, and not what came back",
    lambda whole, before, after: (whole - after) / (whole - before): "that is what is still missing",
    lambda whole, before, after: after - before: "those are points: as a share of which points?",
    lambda whole, before, after: (after - before) / whole: "of what was lost, not of all",
    lambda whole, before, after: (after - before) / before: "of what was lost, not of what was left",
}
