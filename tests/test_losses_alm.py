"""Approximate Likelihood Matching: what its authors' code computes, on chunks and borders made by hand."""

from math import exp, expm1, log, log1p

import pytest
import torch

from helpers.alignment import align, shared_vocabulary
from helpers.losses.alm import alm, binarised, chunk_logs, opening
from helpers.losses.cross_tokenizer import across
from helpers.losses.of_chunks import chunk_kl

# "a bc d": the teacher has " bc", the student " b", "c". No token is shared but "a" and " d".
TEACHER, STUDENT = [b"a", b" bc", b" d", b"x"], [b"c", b" b", b"a", b" d", b"y"]
TEACHER_IDS, STUDENT_IDS = [0, 1, 2], [2, 1, 0, 3]
CHUNKS = align([TEACHER[i] for i in TEACHER_IDS], [STUDENT[i] for i in STUDENT_IDS])


def logits(rows, columns, seed):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def sides(seed=0):
    return logits(4, 5, seed), torch.tensor(STUDENT_IDS), logits(3, 4, seed + 1), torch.tensor(TEACHER_IDS), CHUNKS


def theirs(log_p, log_q, temp=100.0, epsilon=1e-6):
    """The guide of tokenkit, docs/pytorch_alm_from_scratch.ipynb: the cross-entropy of two coins."""
    log_p, log_q = log_p / temp - epsilon, log_q / temp - epsilon
    return -(exp(log_p) * log_q + -expm1(log_p) * log(-expm1(log_q)))


@pytest.mark.parametrize(("p", "q"), [(0.6, 0.2), (0.0006, 0.9), (1 - 1e-9, 1e-5), (1.0, 1.0), (0.3, 0.3)])
@pytest.mark.parametrize("temperature", [1.0, 100.0])
def test_the_coins_are_the_authors_but_for_the_entropy_and_a_factor(p, q, temperature):
    expected = theirs(log(p), log(q), temperature) - theirs(log(p), log(p), temperature)
    found = binarised(torch.tensor([log(p)]).double(), torch.tensor([log(q)]).double(), temperature)
    assert found.item() == pytest.approx(temperature * expected, rel=1e-6, abs=1e-6)


def test_at_temperature_1_it_is_the_coin_of_across_and_at_a_high_one_it_compares_logarithms():
    for p, q in ((0.6, 0.2), (0.006, 0.002)):
        logs = [torch.tensor([log(value)]).double() for value in (p, q)]
        assert binarised(*logs, 1.0).item() == pytest.approx(chunk_kl([log(p)], [log(q)]), abs=1e-5)
        u, v = -log(p), -log(q)
        assert binarised(*logs, 1000.0).item() == pytest.approx(u * log(u / v) - u + v, rel=0.01)
    chunk = across(*sides(), shared_vocabulary(TEACHER, STUDENT))[1]
    assert binarised(*(each[1:2] for each in chunk_logs(*sides())), 1.0).item() == pytest.approx(chunk.item(), abs=1e-5)


def test_gradients_reach_the_student():
    student, *rest = sides()
    assert torch.autograd.gradcheck(
        lambda values: alm(values, *rest, ([1, 2], [1, 3])), student.requires_grad_(), rtol=1e-4
    )


def test_what_opens_something_new():
    assert opening([b"a", b" b", b"\n", b"", b"\tc", b"<end>", b"<x>"], [5]) == [1, 2, 4, 5]


@pytest.mark.parametrize(("threshold", "groups"), [(-1.0, [[0], [1], [2]]), (1.0, [[0, 1, 2]]), (None, None)])
def test_chunks_are_taken_with_their_borders_and_merged_where_the_teacher_sees_none(threshold, groups):
    student, student_ids, teacher, teacher_ids, chunks = sides(3)
    openings = opening(TEACHER, []), opening(STUDENT, [])
    p, q = teacher.softmax(-1), student.softmax(-1)
    chunk = [(p[0, 0], q[0, 2]), (p[1, 1], q[1, 1] * q[2, 0]), (p[2, 2], q[3, 3])]
    # Behind the first chunk the teacher predicts with row 1, the student with row 1 too, then with rows 2 and 3.
    border = [(p[1, [1, 2]].sum(), q[1, [1, 3]].sum()), (p[2, [1, 2]].sum(), q[3, [1, 3]].sum()), (1.0, 1.0)]
    if threshold is None:  # between the two
        threshold = float(border[0][0] + border[1][0]) / 2
        groups = [[0, 1], [2]] if border[0][0] < border[1][0] else [[0], [1, 2]]
    expected = []
    for group in groups:
        a, b = (
            log(torch.tensor([chunk[i][side] for i in group]).prod() * border[group[-1]][side]) for side in (0, 1)
        )
        expected.append(100 * (theirs(a, b) - theirs(a, a)))
    found = alm(student, student_ids, teacher, teacher_ids, chunks, openings, threshold)
    assert found.tolist() == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_a_chunk_from_logarithms_is_the_one_of_across():
    p, q = [0.6, 0.5], [0.2, 0.9, 0.4]
    a, b = 0.6 * 0.5, 0.2 * 0.9 * 0.4
    plain = a * log(a / b) + (1 - a) * (log1p(-a) - log1p(-b))
    assert chunk_kl([log(one) for one in p], [log(one) for one in q]) == pytest.approx(plain)
    assert chunk_kl([log(0.5)], [-900.0]) == pytest.approx(0.5 * (log(0.5) + 900) + 0.5 * log(0.5))


def test_a_token_that_a_model_has_no_logit_for_opens_nothing():
    openings = opening(TEACHER, []), opening(STUDENT, [])
    more = [*openings[0], 4], [*openings[1], 5, 9]
    assert torch.equal(alm(*sides(), more), alm(*sides(), openings))
