"""How sure a score is: intervals for a share and for repeated runs, tests for two models on the same problems."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import mean, stdev

import numpy as np


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval: a share, a mean over runs, or the difference of two.

    Attributes:
        value: the figure, as a part of 1: in [0, 1], a difference in [-1, 1].
        low: where its interval begins.
        high: where its interval ends.
        n: how many problems or runs it is over.
        hits: of a share, how many of n; else None.
        signed: whether it is a difference, which is written with its sign and in percentage points.
    """

    value: float
    low: float
    high: float
    n: int
    hits: int | None = None
    signed: bool = False

    def __str__(self) -> str:
        if self.signed:
            # The zero that is added has the plus sign: there is no −0.0.
            value, low, high = (f"{round(100 * one, 1) + 0.0:+.1f}" for one in (self.value, self.low, self.high))
            return f"{value} points ({low} to {high})"
        return f"{self.value:.1%} ({self.low:.1%} to {self.high:.1%})"


def wilson(hits: int, n: int) -> Estimate:
    """A share with Wilson's interval, which stays sensible at 0 and at `n` hits, where value ± 1.96 σ does not.

    Raises:
        ValueError: if n is 0 or hits is not between 0 and n.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"{hits} hits of {n} is no share")
    from scipy.stats import binomtest  # not at the top, as everywhere here: it takes a second

    found = binomtest(int(hits), int(n)).proportion_ci(0.95, "wilson")
    return Estimate(hits / n, float(found.low), float(found.high), n, hits)


def mcnemar(right_a: Sequence[bool], right_b: Sequence[bool]) -> float:
    """The exact two-sided p-value of McNemar's test on the same problems.

    Only the problems on which the models differ say anything: if neither is better, each of them is a fair coin.

    Args:
        right_a: [problems], whether model a was right.
        right_b: [problems], whether model b was.

    Raises:
        ValueError: if the two are not of one length.
    """
    from scipy.stats import binomtest

    only_a, only_b = _only(right_a, right_b)
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def paired_bootstrap(right_a: Sequence[bool], right_b: Sequence[bool], seed: int, resamples: int = 10_000) -> Estimate:
    """How much better b is than a, with the interval that resampling the problems gives.

    Args:
        right_a: [problems], whether model a was right.
        right_b: [problems], whether model b was, on the same problems.
        seed: of the drawing.
        resamples: how often as many problems as there are, are drawn.

    Raises:
        ValueError: if the two are empty or not of one length.
    """
    only_a, only_b = _only(right_a, right_b)
    n = len(right_a)
    if n == 0:
        raise ValueError("there are no problems to resample")
    # A problem adds +1 (only b right), -1 (only a right) or 0. So drawing n problems with replacement
    # is one draw of how many there are of each kind.
    kinds = np.random.default_rng(seed).multinomial(n, [only_a / n, only_b / n, 1 - (only_a + only_b) / n], resamples)
    low, high = np.quantile((kinds[:, 1] - kinds[:, 0]) / n, [0.025, 0.975])
    return Estimate((only_b - only_a) / n, float(low), float(high), n, signed=True)


def verdict(gain: Estimate, margin: float = 0.05) -> str:
    """What an interval of a difference allows to say: which is better, that both are equal, or neither.

    Equal is what no difference beyond the margin is believable for: a test that finds none has not shown that.

    Args:
        gain: how much better b is than a, as `paired_bootstrap` gives it.
        margin: the difference, as a part of 1, up to which two models count as equal.
    """
    equal = -margin < gain.low and gain.high < margin
    if gain.low > 0 or gain.high < 0:
        return ("better" if gain.low > 0 else "worse") + (f", by less than {100 * margin:g} points" if equal else "")
    return f"equal within ±{100 * margin:g} points" if equal else "not decided"


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values of several tests, raised so that a single one below 0.05 by luck stays as rare as for one test.

    The smallest is multiplied by the number of tests, the next by one less, and so on; none falls below one before it.

    Source: Holm, "A simple sequentially rejective multiple test procedure" (1979).

    Args:
        p_values: [tests], in any order.

    Returns:
        [tests], in the same order, none above 1.
    """
    raised, highest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, min(1.0, (len(p_values) - step) * p_values[place]))
        raised[place] = highest
    return raised


def p_text(p: float) -> str:
    """A p-value as it is written: "p = 0.19", two digits, and "p < 0.001" for all that are smaller."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def repeated(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of one share from each of n independent runs, with Student's interval: mean ± t₀.₉₇₅ s / √n.

    It speaks of what differs between the runs, such as initial weights and training images, and of nothing else: test
    images that all runs share are not drawn again.

    Args:
        values: [runs], a share from each.
        confidence: of the interval; where m of them are to hold at once, 1 − 0.05 / m (Bonferroni), and t at the
            quantile that belongs to it.

    Raises:
        ValueError: for fewer than two values.
    """
    from scipy.stats import t

    n = len(values)
    if n < 2:
        raise ValueError(f"an interval over repeated runs needs two of them or more; there is {n}")
    middle, half = mean(values), float(t.ppf((1 + confidence) / 2, n - 1)) * stdev(values) / sqrt(n)
    return Estimate(middle, middle - half, middle + half, n)


def paired_repeats(a: Sequence[float], b: Sequence[float]) -> Estimate:
    """How much better b is than a, with Student's interval over pairs of runs that differ in nothing but the method.

    Args:
        a: [runs], a share from each.
        b: [runs], likewise; the i-th runs of both belong together.

    Raises:
        ValueError: if the two are not of one length or have fewer than two values.
    """
    return replace(repeated([y - x for x, y in zip(a, b, strict=True)]), signed=True)


def _only(right_a: Sequence[bool], right_b: Sequence[bool]) -> tuple[int, int]:
    """How many problems only a got right, and how many only b."""
    pairs = list(zip(right_a, right_b, strict=True))
    return sum(bool(a) and not b for a, b in pairs), sum(bool(b) and not a for a, b in pairs)
