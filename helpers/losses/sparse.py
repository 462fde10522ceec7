"""The loss against what a cache holds: a few tokens of each distribution, with or without a bucket for the rest."""

import torch
import torch.nn.functional as F

from helpers import losses


def stored_cross_entropy(
    student: torch.Tensor, ids: torch.Tensor, weights: torch.Tensor, tail: bool = False, temperature: float = 1.0
) -> torch.Tensor:
    """The cross-entropy of stored targets at each place, in nats, times T².

    With ids drawn from the teacher's distribution at the same temperature (`helpers.cache.draws`), its mean over draws
    is the forward KL plus the teacher's own entropy, so the gradient is on average that of the forward KL (random
    sampling KD). With the likeliest ids and no tail, what they leave counts for nothing: this is bare top-k, whose
    gradient is not that of the whole distribution (section 3).

    Args:
        student: (tokens, vocabulary), logits.
        ids: (tokens, n), as `helpers.cache.Encoding.decode` gives them.
        weights: (tokens, n), likewise.
        tail: the rest of the weight falls on one more bucket, "any other token", whose probability for the student is
            the sum over these tokens: then the loss is, up to the teacher's own entropy, the forward KL of the two
            distributions over the n + 1 buckets, which is never above that over all tokens.
        temperature: T, that of the stored distributions.

    Returns:
        (tokens,).

    Source:
        Anshumann et al. 2025.
    """
    log_q = F.log_softmax(losses.wide(student) / temperature, dim=-1)
    found = (weights * log_q.gather(1, ids)).sum(-1)
    if tail:
        # Added up over the others and not taken from 1: where the student is sure, 1 minus the kept is rounding alone.
        others = log_q.scatter(1, ids, -torch.inf).logsumexp(-1)
        rest = (1 - weights.sum(-1)).clamp_min(0)  # rounded to float16 they may add up to a little more than 1
        found = found + torch.where(rest > 0, rest * others, 0)
    return -(temperature**2) * found
