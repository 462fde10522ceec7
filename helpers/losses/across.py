"""A divergence between models with different tokenizers, chunk by chunk of one text that both have tokenized."""

import torch

from helpers.alignment import Alignment, SharedVocabulary
from helpers.losses import wide

SMALLEST = 1e-6  # of a probability's distance from 0 and 1: below it a float32 logarithm says nothing


def across(
    student: torch.Tensor, student_ids: torch.Tensor, teacher: torch.Tensor, teacher_ids: torch.Tensor,
    chunks: Alignment, shared: SharedVocabulary, unmatched: float = 1.0,
) -> torch.Tensor:  # fmt: skip
    """How far the student is from the teacher at each chunk, in nats: (chunks,).

    student, teacher: (tokens, vocabulary) logits, row k those that foretell token k of its side (`losses.learnt`).
    student_ids, teacher_ids: (tokens,). chunks: `alignment.align` of the two; shared: `alignment.shared_vocabulary`.
    Before a chunk both models have read the same text. Where it is one token on both sides, their distributions over
    the tokens that they share are compared, with all others together as one more (forward KL); what lies on those
    others is compared by size alone (`sorted_distance`), weighed by `unmatched`. Any other chunk is compared as a
    whole: its probability is the product of those of its tokens (chain rule), and the divergence is that of "this
    chunk" against "anything else".
    Raises ValueError if ids, logits and chunks do not fit together.
    """
    for name, logits, ids, cuts in (
        ("student", student, student_ids, chunks.student), ("teacher", teacher, teacher_ids, chunks.teacher)
    ):  # fmt: skip
        if not len(logits) == len(ids) == cuts[-1]:
            raise ValueError(f"the {name} has {len(logits)} rows of logits, {len(ids)} ids, and chunks of {cuts[-1]}")
    log_q, log_p = wide(student).log_softmax(-1), wide(teacher).log_softmax(-1)
    single = torch.tensor(chunks.one_to_one, dtype=torch.bool, device=student.device)
    first = [torch.tensor(cuts[:-1], device=student.device) for cuts in (chunks.student, chunks.teacher)]
    each = torch.zeros(len(chunks), dtype=log_q.dtype, device=student.device)
    each[single] = _shared_kl(log_q[first[0][single]], log_p[first[1][single]], shared, unmatched)
    spelled = [
        _chunk_sums(log.gather(1, ids[:, None])[:, 0], cuts)
        for log, ids, cuts in ((log_q, student_ids, chunks.student), (log_p, teacher_ids, chunks.teacher))
    ]
    each[~single] = _binary_kl(spelled[0][~single], spelled[1][~single])
    return each


def sorted_distance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The sum of absolute differences of two rows of probabilities, each sorted by size: (rows,).

    The shorter is filled up with zeros. Which token is which plays no part: the Universal Logit Distillation loss
    (Boizard et al. 2024, equation 5).
    """
    width = max(one.shape[-1], other.shape[-1])
    padded = [torch.nn.functional.pad(rows, (0, width - rows.shape[-1])) for rows in (one, other)]
    left, right = (rows.sort(-1, descending=True).values for rows in padded)
    return (left - right).abs().sum(-1)


def _shared_kl(log_q, log_p, shared: SharedVocabulary, unmatched: float) -> torch.Tensor:
    """(rows,), for places where both sides have a single token."""
    ours, theirs = (torch.tensor(ids, device=log_q.device) for ids in (shared.student, shared.teacher))
    q, p = log_q.exp(), log_p.exp()
    found = (p[:, theirs] * (log_p[:, theirs] - log_q[:, ours])).sum(-1)
    others = [_without(rows, ids) for rows, ids in ((q, ours), (p, theirs))]
    rest_q, rest_p = (rows.sum(-1).clamp(SMALLEST, 1) for rows in others)
    found = found + rest_p * (rest_p.log() - rest_q.log())
    return found + unmatched * sorted_distance(*others)


def _without(rows, ids):
    """The columns that `ids` does not name."""
    kept = torch.ones(rows.shape[-1], dtype=torch.bool, device=rows.device)
    kept[ids] = False
    return rows[:, kept]


def _chunk_sums(values, cuts) -> torch.Tensor:
    """The sums of values[cuts[i] : cuts[i + 1]]."""
    sizes = torch.tensor(cuts, device=values.device).diff()
    number = torch.repeat_interleave(torch.arange(len(sizes), device=values.device), sizes)
    return torch.zeros(len(sizes), dtype=values.dtype, device=values.device).index_add(0, number, values)


def _binary_kl(log_q, log_p) -> torch.Tensor:
    """KL of (p, 1 - p) from (q, 1 - q), from logarithms of p and q."""
    q, p = (log.exp().clamp(SMALLEST, 1 - SMALLEST) for log in (log_q, log_p))
    return p * (p.log() - q.log()) + (1 - p) * ((1 - p).log() - (1 - q).log())
