"""Losses between what two models hold inside: hidden states, values and attention, at the learnt tokens alone.

Each is taken in float32 and is a mean over tokens; of no tokens it is 0. Those on hidden states have no unit: ten times
as large states of the teacher give the same loss. So one weight means the same at every layer, although the states of a
deep layer can be many times as large as those of the first. `helpers.training.matching` measures how hard they pull
beside the logits.
"""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from helpers.losses import wide
from helpers.losses.cross_tokenizer import chunk_sums

SMALLEST = 1e-8  # what a norm is never below
LATER = -1e4  # of a score, in the place of minus infinity: its exponential is 0, and no difference of two is undefined


def hint(student: torch.Tensor, teacher: torch.Tensor, variance: torch.Tensor | None = None) -> torch.Tensor:
    """The mean squared error as a share of the teacher's variance, a scalar: 0 is exact, 1 is no better than its mean.

    Args:
        student: (tokens, width), states projected to the teacher's width (the regressor of FitNets, where the error is
            not divided by anything).
        teacher: (tokens, width).
        variance: as `spread` gives it, where it is known already: then a step's loss is the same however it is cut into
            batches.

    Source:
        Romero et al. 2015, equation 3.
    """
    _check(student, teacher)
    known = spread(teacher) if variance is None else variance
    return _mean((wide(student) - wide(teacher)).square()) / known.clamp(min=SMALLEST)


def spread(states: torch.Tensor) -> torch.Tensor:
    """The variance of (tokens, width) states about their mean, averaged over the width: a scalar. Of none it is 0."""
    return (wide(states) - wide(states).sum(0) / max(1, len(states))).square().sum() / max(1, states.numel())


def pooled_spread(
    parts: list[torch.Tensor], total: Callable[[torch.Tensor], torch.Tensor] = lambda value: value
) -> torch.Tensor:
    """`spread` of several parts as of one, without ever holding them all: a scalar in float32.

    Args:
        parts: (tokens, width) each, at least one.
        total: adds a tensor up over all processes, where there are several.
    """
    sizes = torch.tensor([float(len(part)) for part in parts], dtype=torch.float64, device=parts[0].device)
    means = torch.stack([wide(part).double().sum(0) for part in parts]) / sizes.clamp(min=1)[:, None]
    whole = total(sizes.sum()).clamp(min=1)
    mean = total((sizes[:, None] * means).sum(0)) / whole
    within = torch.stack([spread(part).double() for part in parts])
    return (total((sizes * (within + (means - mean).square().mean(1))).sum()) / whole).float()


def cosine(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """1 - the cosine of the angle between (tokens, width) states, the student's projected if their widths differ.

    Source:
        DistilBERT, Sanh et al. 2019, section 2.
    """
    _check(student, teacher)
    return _mean(1 - F.cosine_similarity(wide(student), wide(teacher), dim=-1, eps=SMALLEST))


def normalised(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """The squared error of states, as `cosine` takes them, that are brought to length 1 first.

    It is twice `cosine`; the two are often told apart as if they were not.

    Source:
        Patient KD, Sun et al. 2019, equation 7.
    """
    _check(student, teacher)
    ours, theirs = (F.normalize(wide(states), dim=-1, eps=SMALLEST) for states in (student, teacher))
    return _mean((ours - theirs).square().sum(-1))


def relations(student: torch.Tensor, teacher: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """How alike the tokens of a text are to each other, in the student and in the teacher: a mean squared difference.

    Each pair has the cosine of its centred states.

    Args:
        student: (tokens, width).
        teacher: (tokens, width), with a width of its own: no projection is needed.
        sizes: how many of the tokens belong to each text, for only those of one text are compared.

    Source:
        Similarity-preserving distillation, Tung & Mori 2019, equations 1 to 4, on tokens instead of images.
    """

    def of_text(ours, theirs):
        return (_cosines(ours) - _cosines(theirs)).square().mean() * len(ours)

    return _by_text(student, teacher, sizes, of_text)


def value_relations(student: torch.Tensor, teacher: torch.Tensor, sizes: list[int], heads: int = 1) -> torch.Tensor:
    """KL, in nats a token, between how far each token's value is related to the values before it.

    A token looks back only, as these models do.

    Args:
        student: (tokens, width), values of one layer.
        teacher: (tokens, width), with a width of its own.
        sizes: as `relations`.
        heads: how many relation heads the values are cut into, the same number on both sides.

    Source:
        MiniLM, Wang et al. 2020, equations 4 to 6; the heads as in MiniLMv2, section 3.1.
    """

    def of_text(ours, theirs):
        log_q, log_p = (_related(values, heads) for values in (ours, theirs))
        return (log_p.exp() * (log_p - log_q)).sum() / heads

    return _by_text(student, teacher, sizes, of_text)


def attention(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """KL, in nats, from the student's attention to the teacher's, a mean over tokens.

    Args:
        student: (tokens, heads, places): where each learnt token looks; the means over the heads are compared.
        teacher: likewise; there may be more heads on one side.

    Source:
        Transferred as in MiniLM (Wang et al. 2020, equation 3), whose students have as many heads as their teacher.
    """
    p, q = (wide(weights).mean(1).clamp(min=SMALLEST) for weights in (teacher, student))
    p, q = p / p.sum(-1, keepdim=True), q / q.sum(-1, keepdim=True)
    return _mean((p * (p.log() - q.log())).sum(-1))


def cka(one: torch.Tensor, other: torch.Tensor) -> float:
    """Linear centred kernel alignment of two sets of (tokens, width) states, each with its own width: 0 to 1.

    1 if one is the other turned and scaled; what a projection could make of it plays no part.

    Source:
        Kornblith et al. 2019, equation 3.
    """
    one, other = ((states - states.mean(0)).double() for states in (one, other))
    both = (one.T @ other).square().sum()
    return float(both / ((one.T @ one).norm() * (other.T @ other).norm()).clamp(min=1e-30))


def chunk_means(states: torch.Tensor, cuts: Sequence[int]) -> torch.Tensor:
    """The mean of each chunk's (tokens, width) states: (chunks, width).

    So two tokenizers give states of the same stretches of text. cuts: as `helpers.alignment.Alignment` has them.
    """
    sizes = torch.tensor(cuts, device=states.device).diff()
    return chunk_sums(states, cuts) / sizes.clamp(min=1)[:, None]


def _mean(values: torch.Tensor) -> torch.Tensor:
    """The mean; of nothing it is 0, as with every other loss here: a batch may have no learnt token."""
    return values.sum() / max(1, values.numel())


def _by_text(student: torch.Tensor, teacher: torch.Tensor, sizes: list[int], of_text) -> torch.Tensor:
    """The sum over texts, each on its own, for each token; one without a learnt token has nothing to compare."""
    _check(student, teacher, widths=False)
    texts = zip(wide(student).split(sizes), wide(teacher).split(sizes), strict=True)
    total = sum((of_text(ours, theirs) for ours, theirs in texts if len(ours)), start=wide(student[:0]).sum())
    return total / max(1, len(student))


def _cosines(states: torch.Tensor) -> torch.Tensor:
    states = F.normalize(states - states.mean(0), dim=-1, eps=SMALLEST)
    return states @ states.T


def _related(values: torch.Tensor, heads: int) -> torch.Tensor:
    """(heads, tokens, tokens), the logarithm of how the values are related; what comes later has next to nothing."""
    cut = values.reshape(len(values), heads, -1).transpose(0, 1)
    scores = cut @ cut.transpose(1, 2) / math.sqrt(cut.shape[-1])
    later = torch.ones_like(scores, dtype=torch.bool).triu(1)
    return scores.masked_fill(later, LATER).log_softmax(-1)


def _check(student: torch.Tensor, teacher: torch.Tensor, widths: bool = True) -> None:
    """Raises ValueError if states do not belong to the same tokens, or cannot be compared for their widths."""
    if len(student) != len(teacher):
        raise ValueError(f"the student has states for {len(student):,} tokens and the teacher for {len(teacher):,}")
    if widths and student.shape[-1] != teacher.shape[-1]:
        raise ValueError(
            f"the student's states are {student.shape[-1]} wide and the teacher's {teacher.shape[-1]}: project them "
            "first, or take a loss that needs no projection: relations or value_relations"
        )
