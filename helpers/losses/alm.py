"""Approximate Likelihood Matching: chunks compared as its authors compare them, beside `cross_tokenizer.across`.

Source:
    Minixhofer, Vulić and Ponti 2025, arXiv 2503.20083; the form is that of the authors' code, tokenkit
    (https://github.com/bminixhofer/tokenkit, commit bcacdef, tokenkit/training/losses.py, `compute_alm_loss` with its
    defaults), which its guide says differs from the paper's first version.
"""

from collections.abc import Sequence

import torch

from helpers.alignment import Alignment
from helpers.losses import wide
from helpers.losses.cross_tokenizer import chunk_sums

TEMPERATURE = 100.0
THRESHOLD = 0.1
AWAY = 1e-6  # that the authors take off each logarithm: of a probability of 1, nothing is left for the rest


def binarised(log_p: torch.Tensor, log_q: torch.Tensor, temperature: float = TEMPERATURE) -> torch.Tensor:
    """KL of the coin p^(1/T) from the coin q^(1/T), times T, in nats.

    The authors have the cross-entropy of the coins and do not multiply by T: the same gradient but for that factor.

    Args:
        log_p: (chunks,), logarithms of the teacher's probabilities.
        log_q: (chunks,), of the student's.
        temperature: T. At 1 it is the coin of `across`; as it grows, it goes to u log(u / v) - u + v, where u and v
            are minus the logarithms of p and q.

    Returns:
        (chunks,).
    """
    a, b = (log.double() / temperature - AWAY for log in (log_p, log_q))
    other_a, other_b = (torch.log(-torch.expm1(log)) for log in (a, b))
    return temperature * (a.exp() * (a - b) - torch.expm1(a) * (other_a - other_b))


def opening(surfaces: Sequence[bytes], special: Sequence[int]) -> list[int]:
    """The tokens that begin where no token can go on: with a space, a tab or a line end; and the special tokens.

    Args:
        surfaces: of a vocabulary's tokens.
        special: the special tokens.
    """
    found = {i for i, surface in enumerate(surfaces) if surface[:1] in (b" ", b"\t", b"\n")}
    return sorted(found | set(special))


def chunk_logs(
    student: torch.Tensor, student_ids: torch.Tensor, teacher: torch.Tensor, teacher_ids: torch.Tensor,
    chunks: Alignment,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """The logarithm of each chunk's probability.

    Args:
        student: (tokens, vocabulary), logits, as `across` takes them.
        student_ids: (tokens,).
        teacher: as student, with its own tokens and vocabulary.
        teacher_ids: (tokens,).
        chunks: `alignment.align` of the two.

    Returns:
        (chunks,) of the teacher's, (chunks,) of the student's: as `binarised` takes them.
    """
    return tuple(
        chunk_sums(wide(logits).log_softmax(-1).gather(1, ids[:, None])[:, 0], cuts)
        for logits, ids, cuts in ((teacher, teacher_ids, chunks.teacher), (student, student_ids, chunks.student))
    )


def alm(
    student: torch.Tensor, student_ids: torch.Tensor, teacher: torch.Tensor, teacher_ids: torch.Tensor,
    chunks: Alignment, openings: Sequence[Sequence[int]], threshold: float = THRESHOLD,
    temperature: float = TEMPERATURE,
) -> torch.Tensor:  # fmt: skip
    """How far the student is from the teacher by ALM, chunk by chunk.

    Each chunk is taken together with the border behind it: its probability times that of a token that opens something
    new. Where the teacher finds such a border less likely than the threshold, the chunk is merged with the next.

    Args:
        student: as `chunk_logs`.
        student_ids: (tokens,).
        teacher: as `chunk_logs`.
        teacher_ids: (tokens,).
        chunks: as `chunk_logs`; behind the last one the text is over.
        openings: what `opening` gives, the teacher's and the student's.
        threshold: see above; below 0 nothing is merged.
        temperature: as `binarised`.

    Returns:
        (chunks that are left,), in nats.
    """
    logs = chunk_logs(student, student_ids, teacher, teacher_ids, chunks)
    borders = [
        _border_logs(logits, cuts, new)
        for logits, cuts, new in zip((teacher, student), (chunks.teacher, chunks.student), openings, strict=True)
    ]
    ends = borders[0].exp() > threshold
    ends[-1] = True
    cuts = [0, *(ends.nonzero()[:, 0] + 1).tolist()]
    merged = (chunk_sums(each, cuts) + border[ends] for each, border in zip(logs, borders, strict=True))
    return binarised(*merged, temperature)


def _border_logs(logits, cuts, new):
    """(chunks,), how likely a token that opens something new is behind each; behind the last it is certain."""
    known = [one for one in new if one < logits.shape[-1]]  # Gemma's tokenizer has one more than its text models
    behind = wide(logits[list(cuts[1:-1])]).log_softmax(-1)[:, known].logsumexp(-1)
    return torch.cat([behind.clamp(max=0), behind.new_zeros(1)])
