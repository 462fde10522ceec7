"""Losses between distributions: the one place where the shift, the mask, the mean and the temperature happen.

Every loss here sums over the vocabulary, divides by the number of learnt tokens, takes its softmax in float32 (float64
where it is given float64), and is multiplied by T² (Hinton et al. 2015, section 2.1), so that the size of its gradient
hardly depends on the temperature T.
"""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from helpers.losses.vocabulary import common_vocabulary

__all__ = [
    "IGNORED", "common_vocabulary", "divergence", "each_divergence", "in_blocks", "learnt", "mixed", "per_token",
    "targets",
]

IGNORED = -100  # the label of a token that is read and not learnt
KINDS = ("forward", "reverse", "jsd")


def learnt(values: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """What a model says where the next token is learnt. This is the shift, and there is no other.

    Args:
        values: (batch, length, width), logits or hidden states; what stands at place t speaks of the token at t + 1.
        labels: (batch, length), the tokens, IGNORED where one is not learnt.

    Returns:
        (tokens, width), in the order of `targets`.

    Raises:
        ValueError: if the shapes do not fit.
    """
    if values.shape[:2] != labels.shape:
        raise ValueError(f"values for {tuple(values.shape[:2])} places and labels for {tuple(labels.shape)}")
    return values[:, :-1][labels[:, 1:] != IGNORED]


def targets(labels: torch.Tensor, values: torch.Tensor | None = None) -> torch.Tensor:
    """The learnt tokens, one for each row of `learnt`.

    Args:
        labels: (batch, length), the tokens, IGNORED where one is not learnt.
        values: (batch, length), something else that belongs to each token, to be given instead of its label.

    Returns:
        (tokens,).
    """
    return (labels if values is None else values)[:, 1:][labels[:, 1:] != IGNORED]


def each_divergence(
    student: torch.Tensor, teacher: torch.Tensor, kind: str = "forward", temperature: float = 1.0, beta: float = 0.5
) -> torch.Tensor:
    """The divergence at each place, in nats, times T².

    A token that is ruled out by a logit of -inf counts for nothing where its probability would be multiplied by a
    logarithm (0 log 0 is 0); where only the other side rules it out, the divergence is inf.

    Args:
        student: (tokens, vocabulary), logits, already shifted (`learnt`).
        teacher: (tokens, vocabulary), logits of the same vocabulary.
        kind: "forward", KL(teacher ‖ student); "reverse", KL(student ‖ teacher); "jsd", the generalized Jensen-Shannon
            divergence β KL(p ‖ m) + (1-β) KL(q ‖ m) with m = β p + (1-β) q, where p is the teacher's and q the
            student's distribution.
        temperature: T, above 0.
        beta: β of "jsd", between 0 and 1. At β = 0.5 it is the usual one.

    Returns:
        (tokens,).

    Raises:
        ValueError: for vocabularies of two sizes, another kind, or a temperature or β out of range.

    Source:
        "forward": Hinton et al. 2015; "reverse": Gu et al. 2023; "jsd": Agarwal et al. 2023, equation 1.
    """
    check(student.shape[-1], teacher.shape[-1], kind, temperature, beta)
    log_q = F.log_softmax(wide(student) / temperature, dim=-1)
    log_p = F.log_softmax(wide(teacher) / temperature, dim=-1)
    if kind == "forward":
        found = _weighed(log_p, log_q)
    elif kind == "reverse":
        found = _weighed(log_q, log_p)
    else:
        # What both rule out gets a logarithm that is finite and plays no part: of -inf and -inf there is no gradient.
        nowhere = torch.isneginf(log_p) & torch.isneginf(log_q)
        parts = (log.masked_fill(nowhere, 0.0) for log in (log_p + math.log(beta), log_q + math.log1p(-beta)))
        log_m = torch.logaddexp(*parts)
        found = beta * _weighed(log_p, log_m) + (1 - beta) * _weighed(log_q, log_m)
    return temperature**2 * found.sum(-1)


def _weighed(log_p: torch.Tensor, log_q: torch.Tensor) -> torch.Tensor:
    """p (log p - log q) for each token, which is 0 where p is 0. log_p, log_q: (tokens, vocabulary)."""
    return log_p.exp() * (log_p - log_q).masked_fill(torch.isneginf(log_p), 0.0)


def divergence(
    student: torch.Tensor, teacher: torch.Tensor, kind: str = "forward", temperature: float = 1.0, beta: float = 0.5,
    count: float | torch.Tensor | None = None,
) -> torch.Tensor:  # fmt: skip
    """The mean of `each_divergence` over the learnt tokens, a scalar.

    Args:
        student: as `each_divergence`.
        teacher: as `each_divergence`.
        kind: as `each_divergence`.
        temperature: as `each_divergence`.
        beta: as `each_divergence`.
        count: what to divide by instead: the learnt tokens of all the batches whose gradients are added up, which
            Trainer calls `num_items_in_batch`. Without it a short batch would count as much as a long one.
    """
    found = each_divergence(student, teacher, kind, temperature, beta)
    return per_token(found.sum(), len(found), count)


def per_token(total: torch.Tensor, tokens: int, count: float | torch.Tensor | None = None) -> torch.Tensor:
    """A sum over tokens as a mean over them, or over `count` as `divergence` says; of no tokens it is 0."""
    return total / (max(tokens, 1) if count is None else count)


def in_blocks(of_block: Callable[..., torch.Tensor], blocks: Sequence[tuple]) -> torch.Tensor:
    """The sum of a loss over blocks of tokens, a scalar, without ever holding the logits of all blocks.

    Where there are several, those of a block are made again in the backward pass (gradient checkpointing): the output
    layers and the loss are computed twice.

    Args:
        of_block: the sum over the tokens of a block.
        blocks: what it is given, one after the other; at least one.
    """
    if len(blocks) == 1:
        return of_block(*blocks[0])
    return sum(checkpoint(of_block, *block, use_reentrant=False) for block in blocks)


def mixed(soft: torch.Tensor, hard: torch.Tensor, alpha: float | torch.Tensor) -> torch.Tensor:
    """α of the loss on hard labels and 1-α of the loss on soft ones; α for all, or one for each.

    Raises:
        ValueError: for an α outside 0 to 1.
    """
    check_alpha(alpha)
    return alpha * hard + (1 - alpha) * soft


def wide(logits: torch.Tensor) -> torch.Tensor:
    """The logits in float32, or in float64 where they are so already: half precision ruins a softmax."""
    return logits if logits.dtype == torch.float64 else logits.float()


def check_alpha(alpha: float | torch.Tensor) -> None:
    """Refuses an α outside 0 to 1.

    Raises:
        ValueError: as `mixed` says.
    """
    given = torch.as_tensor(alpha)
    if given.numel() and not (given.min() >= 0 and given.max() <= 1):
        said = f"{given.item():g}" if given.numel() == 1 else f"from {given.min():g} to {given.max():g}"
        raise ValueError(f"alpha is {said}; it is the share of the hard labels, from 0 to 1")


def check(student: int, teacher: int, kind: str, temperature: float, beta: float) -> None:
    """Refuses what `each_divergence` cannot use. student, teacher: sizes of their vocabularies.

    Raises:
        ValueError: as `each_divergence` says.
    """
    if student != teacher:
        raise ValueError(
            f"the student has logits for {student:,} tokens and the teacher for {teacher:,}: slice both to "
            "`common_vocabulary` if they share a tokenizer; if they do not, see notebook 07_across_tokenizers"
        )
    if kind not in KINDS:
        raise ValueError(f"there is no divergence called {kind!r}; choose from {', '.join(KINDS)}")
    if not 0 < temperature < math.inf:
        raise ValueError(f"the temperature is {temperature}; it must be above 0")
    if kind == "jsd" and not 0 < beta < 1:
        raise ValueError(f"beta is {beta}; it must lie between 0 and 1. At its ends take 'forward' or 'reverse'")
