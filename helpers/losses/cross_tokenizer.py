"""A divergence between models with different tokenizers, chunk by chunk of one text that both have tokenized."""

from collections.abc import Sequence

import torch

from helpers import losses
from helpers.alignment import Alignment, SharedVocabulary
from helpers.losses import wide
from helpers.losses.head import Head

SMALLEST = 1e-6  # of a probability's distance from 1: below it a float32 logarithm of the rest says nothing
LOGITS = 2**25  # of the student that are held at a time, 128 MB of them; the loss keeps some copies


def across(
    student: torch.Tensor, student_ids: torch.Tensor, teacher: torch.Tensor, teacher_ids: torch.Tensor,
    chunks: Alignment, shared: SharedVocabulary, unmatched: float = 1.0,
) -> torch.Tensor:  # fmt: skip
    """How far the student is from the teacher at each chunk, in nats.

    Before a chunk both models have read the same text. Where it is one token on both sides, their distributions over
    the tokens that they share are compared, with all others together as one more (forward KL); what lies on those
    others is compared by size alone (`sorted_distance`), weighed by `unmatched`. Any other chunk is compared as a
    whole: its probability is the product of those of its tokens (chain rule), and the divergence is that of "this
    chunk" against "anything else".

    Args:
        student: (tokens, vocabulary), logits, row k those that foretell token k of its side (`losses.learnt`).
        student_ids: (tokens,).
        teacher: as student, with its own tokens and vocabulary.
        teacher_ids: (tokens,).
        chunks: `alignment.align` of the two.
        shared: `alignment.shared_vocabulary`.
        unmatched: the weight of `sorted_distance`.

    Returns:
        (chunks,).

    Raises:
        ValueError: if ids, logits and chunks do not fit together.
    """
    for name, logits, ids, cuts in (
        ("student", student, student_ids, chunks.student), ("teacher", teacher, teacher_ids, chunks.teacher)
    ):  # fmt: skip
        if not len(logits) == len(ids) == cuts[-1]:
            raise ValueError(f"the {name} has {len(logits)} rows of logits, {len(ids)} ids, and chunks of {cuts[-1]}")
    log_q, log_p = wide(student).log_softmax(-1), wide(teacher).log_softmax(-1)
    single = torch.tensor(chunks.one_to_one, dtype=torch.bool, device=student.device)
    begins = (cuts[:-1] for cuts in (chunks.student, chunks.teacher))
    first = [torch.tensor(each, dtype=torch.long, device=student.device) for each in begins]
    each = torch.zeros(len(chunks), dtype=log_q.dtype, device=student.device)
    each[single] = _shared_kl(log_q[first[0][single]], log_p[first[1][single]], shared, unmatched)
    spelled = [
        chunk_sums(log.gather(1, ids[:, None])[:, 0], cuts)
        for log, ids, cuts in ((log_q, student_ids, chunks.student), (log_p, teacher_ids, chunks.teacher))
    ]
    each[~single] = _binary_kl(spelled[0][~single], spelled[1][~single])
    return each


def across_hidden(
    student_hidden: torch.Tensor, student: Head, student_ids: torch.Tensor, teacher_hidden: torch.Tensor,
    teacher: Head, teacher_ids: torch.Tensor, chunks: Alignment, shared: SharedVocabulary,
    alpha: float | torch.Tensor = 0.0, unmatched: float = 1.0, count: float | torch.Tensor | None = None,
    most: int = LOGITS,
) -> torch.Tensor:  # fmt: skip
    """`across` from hidden states, mixed with the hard labels, without ever holding the logits of all tokens: a scalar.

    Gradients reach student_hidden, and the student's weight and bias where they are trained; the teacher gets none.

    Args:
        student_hidden: (tokens, width), already shifted (`losses.learnt`).
        student: the head that makes logits of them.
        student_ids: (tokens,).
        teacher_hidden: as student_hidden, with its own tokens and width.
        teacher: its head.
        teacher_ids: (tokens,).
        chunks: as `across`.
        shared: as `across`; it may hold tensors, which saves copying.
        alpha: for all chunks or (chunks,): the share of the cross-entropy of the chunk's student tokens, the rest is
            `across` (`losses.mixed`).
        unmatched: as `across`.
        count: what to divide the sum by, the student's tokens if None.
        most: how many logits of the student to hold at a time (`losses.in_blocks`).
    """
    alpha = torch.as_tensor(alpha, dtype=wide(student_hidden[:0]).dtype, device=student_hidden.device)
    losses.check_alpha(alpha)
    alpha, size = alpha.expand(len(chunks)), max(1, most // len(student.weight))

    def block(begin: int) -> tuple:
        end = min(begin + size, len(chunks))
        ours, theirs = (slice(cuts[begin], cuts[end]) for cuts in (chunks.student, chunks.teacher))
        return (
            student_hidden[ours], student_ids[ours], teacher_hidden[theirs], teacher_ids[theirs],
            chunks.part(begin, end), alpha[begin:end],
        )  # fmt: skip

    def of_block(states, ids, their_states, their_ids, chunks, alpha):
        logits = wide(student.logits(states))
        with torch.no_grad():  # else the teacher's output layer would gather gradients that nobody wants
            theirs = teacher.logits(their_states)
        soft = across(logits, ids, theirs, their_ids, chunks, shared, unmatched)
        words = torch.nn.functional.cross_entropy(logits, ids, reduction="none")
        return losses.mixed(soft, chunk_sums(words, chunks.student), alpha).sum()

    blocks = [block(begin) for begin in range(0, max(1, len(chunks)), size)]
    return losses.per_token(losses.in_blocks(of_block, blocks), len(student_hidden), count)


def sorted_distance(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """The sum of absolute differences of two rows of probabilities, each sorted by size.

    The shorter is filled up with zeros. Which token is which plays no part: the Universal Logit Distillation loss.

    Returns:
        (rows,).

    Source:
        Boizard et al. 2024, equation 5.
    """
    width = max(one.shape[-1], other.shape[-1])
    padded = [torch.nn.functional.pad(rows, (0, width - rows.shape[-1])) for rows in (one, other)]
    left, right = (rows.sort(-1, descending=True).values for rows in padded)
    return (left - right).abs().sum(-1)


def _shared_kl(log_q, log_p, shared: SharedVocabulary, unmatched: float) -> torch.Tensor:
    """(rows,), for places where both sides have a single token."""
    ours, theirs = (torch.as_tensor(ids, device=log_q.device) for ids in (shared.student, shared.teacher))
    p = log_p.exp()
    found = (p[:, theirs] * (log_p[:, theirs] - log_q[:, ours])).sum(-1)
    other_q, other_p = _without(log_q, ours), _without(log_p, theirs)
    if other_q.shape[-1] and other_p.shape[-1]:
        rest_q, rest_p = other_q.logsumexp(-1), other_p.logsumexp(-1)
        found = found + rest_p.exp() * (rest_p - rest_q)
    if unmatched:
        found = found + unmatched * sorted_distance(other_q.exp(), other_p.exp())
    return found


def _without(rows, ids):
    """The columns that `ids` does not name."""
    kept = torch.ones(rows.shape[-1], dtype=torch.bool, device=rows.device)
    kept[ids] = False
    return rows[:, kept]


def chunk_sums(values: torch.Tensor, cuts: Sequence[int]) -> torch.Tensor:
    """The sums of (tokens, ...) values[cuts[i] : cuts[i + 1]]: (chunks, ...)."""
    sizes = torch.tensor(cuts, device=values.device).diff()
    number = torch.repeat_interleave(torch.arange(len(sizes), device=values.device), sizes)
    empty = torch.zeros(len(sizes), *values.shape[1:], dtype=values.dtype, device=values.device)
    return empty.index_add(0, number, values)


def _binary_kl(log_q, log_p) -> torch.Tensor:
    """KL of (p, 1 - p) from (q, 1 - q), from logarithms of p and q.

    The logarithm of q itself is used where it is known: of a clamped q the gradient would be 0 just where the student
    holds a chunk for impossible, and it could never learn it.
    """
    p = log_p.exp()
    not_q, not_p = (-log.exp().clamp(max=1 - SMALLEST) for log in (log_q, log_p))
    return p * (log_p - log_q) + (1 - p) * (not_p.log1p() - not_q.log1p())
