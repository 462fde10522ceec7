"""How two models see the next token, without any gradient: how sure one is, which favourites they share, how far."""

from collections.abc import Iterator

import torch

from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.head import Head

K = 16  # likeliest tokens of each side


def entropies(states: torch.Tensor, head: Head, most: int = LOGITS) -> torch.Tensor:
    """(tokens,), the entropy of a model's distribution at each token, in nats.

    Args:
        states: (tokens, width), already shifted (`losses.learnt`).
        head: the model's.
        most: how many logits to hold at a time.
    """
    logs = (logits.log_softmax(-1) for logits in _logits(states, head, most))
    return torch.cat([-(log.exp() * log.clamp_min(-1e4)).sum(-1) for log in logs])  # 0 log 0 is 0


def overlaps(
    ours: torch.Tensor, head: Head, theirs: torch.Tensor, their_head: Head, k: int = K,
    names: torch.Tensor | None = None, most: int = LOGITS,
) -> torch.Tensor:  # fmt: skip
    """(tokens,), which share of one model's k likeliest tokens is among the other's k likeliest.

    Args:
        ours: (tokens, width), of the student.
        head: the student's.
        theirs: (tokens, width), of the teacher, with a width of its own.
        their_head: the teacher's.
        k: how many; all where a vocabulary has fewer.
        names: (the teacher's vocabulary,), what the student calls each of the teacher's tokens, -1 where it has none;
            None where they share a tokenizer.
        most: how many logits of each to hold at a time.

    Source:
        Overlap as in "Rethinking On-Policy Distillation of Large Language Models" (arXiv 2604.13016), whose k is 16.
    """
    k = min(k, len(head.weight), len(their_head.weight))
    mine, other = (
        torch.cat([logits.topk(k).indices for logits in _logits(states, side, most)])
        for states, side in ((ours, head), (theirs, their_head))
    )
    if names is not None:
        other = names[other]
    return (other[:, :, None] == mine[:, None, :]).any(-1).float().mean(-1)


def covered(
    ours: torch.Tensor, head: Head, theirs: torch.Tensor, their_head: Head, k: int = K, most: int = LOGITS
) -> torch.Tensor:
    """(tokens,), how much of the teacher's probability lies on the student's k likeliest tokens.

    As `overlaps`, which counts a token that neither finds likely as much as the first. Both heads are cut to the tokens
    that the two share.
    """
    k = min(k, len(head.weight))
    found = []
    for mine, other in zip(_logits(ours, head, most), _logits(theirs, their_head, most), strict=True):
        found.append(other.softmax(-1).gather(1, mine.topk(k).indices).sum(-1))
    return torch.cat(found)


@torch.no_grad()
def _logits(states: torch.Tensor, head: Head, most: int) -> Iterator[torch.Tensor]:
    for block in states.detach().split(max(1, most // len(head.weight))):
        yield head.logits(block)
