"""A loss without a teacher: tokens that a student wrote although it held them for unlikely are pushed further down."""

import torch

from helpers import losses
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.head import Head


def unlikely(
    states: torch.Tensor, head: Head, words: torch.Tensor, below: float, count: float | torch.Tensor | None = None,
    most: int = LOGITS,
) -> torch.Tensor:  # fmt: skip
    """The mean over tokens of log q(token) where q(token) is below a threshold, and of 0 elsewhere: a scalar.

    Its gradient is that of REINFORCE with an advantage of -1 for each such token, and 0 for the others. It has no
    smallest value; it stops pulling because a token that has become impossible is no longer written.

    Args:
        states: (tokens, width), already shifted (`losses.learnt`), of a text that the same student has just written.
        head: the student's.
        words: (tokens,), the tokens that it wrote.
        below: the threshold, a probability.
        count: as `losses.divergence`.
        most: how many logits to hold at a time (`losses.in_blocks`).

    Source:
        The abstract of "Does On-Policy Distillation Really Distill?" (arXiv 2608.31046): learning concentrates on
        tokens of low log-probability, and "a single fixed negative advantage" does as well as the teacher's. It gives
        no threshold; a fixed one, the same for all tokens, and no clipping of a ratio are choices made here.
    """

    def of_block(states, words):
        log_q = head.logits(states).log_softmax(-1).gather(1, words[:, None])[:, 0]
        return torch.where(log_q.detach().exp() < below, log_q, 0.0).sum()

    size = max(1, most // len(head.weight))
    blocks = list(zip(states.split(size), words.split(size), strict=True))
    return losses.per_token(losses.in_blocks(of_block, blocks), len(words), count)
