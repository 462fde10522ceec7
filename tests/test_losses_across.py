"""The divergence across tokenizers: equal to brute force on an example made by hand, and sensible at its ends."""

from math import exp, log

import pytest
import torch

from helpers.alignment import align, shared_vocabulary
from helpers.losses.across import across, sorted_distance

# The text is "the cat": teacher "the", " cat"; student "the", " ", "cat". Both know "the" and "cat".
TEACHER = [b"the", b" cat", b"cat", b"dog"]
STUDENT = [b"cat", b"the", b" ", b"!", b"?"]
TEACHER_IDS, STUDENT_IDS = [0, 1], [1, 2, 0]
SHARED = shared_vocabulary(TEACHER, STUDENT)
CHUNKS = align([TEACHER[i] for i in TEACHER_IDS], [STUDENT[i] for i in STUDENT_IDS])


def logits(rows, columns, seed):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def found(student, teacher, unmatched=1.0):
    return across(
        student, torch.tensor(STUDENT_IDS), teacher, torch.tensor(TEACHER_IDS), CHUNKS, SHARED, unmatched=unmatched
    )


def softmax(row):
    powers = [exp(value) for value in row]
    return [power / sum(powers) for power in powers]


def test_the_example_is_what_it_should_be():
    assert CHUNKS.teacher == (0, 1, 2) and CHUNKS.student == (0, 1, 3) and CHUNKS.one_to_one == [True, False]
    assert (SHARED.teacher, SHARED.student) == ((0, 2), (1, 0))


@pytest.mark.parametrize("unmatched", [0.0, 1.0, 0.5])
@pytest.mark.parametrize("seed", range(5))
def test_brute_force(seed, unmatched):
    student, teacher = logits(3, 5, seed), logits(2, 4, seed + 100)
    q, p = [softmax(row) for row in student.tolist()], [softmax(row) for row in teacher.tolist()]
    # Chunk 0, "the": shared are "the" and "cat"; the rest together, and by size.
    the, cat = (p[0][0], q[0][1]), (p[0][2], q[0][0])
    rest = (p[0][1] + p[0][3], q[0][2] + q[0][3] + q[0][4])
    one = sum(a * log(a / b) for a, b in (the, cat, rest))
    ours, theirs = sorted(q[0][2:], reverse=True), [*sorted((p[0][1], p[0][3]), reverse=True), 0.0]
    one += unmatched * sum(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    # Chunk 1, " cat": one token of the teacher, the product of two of the student.
    a, b = p[1][1], q[1][2] * q[2][0]
    two = a * log(a / b) + (1 - a) * log((1 - a) / (1 - b))
    assert found(student, teacher, unmatched).tolist() == pytest.approx([one, two], rel=1e-9)


def test_gradients_reach_the_student_and_are_those_of_the_value():
    student, teacher = logits(3, 5, 0).requires_grad_(), logits(2, 4, 1)
    assert torch.autograd.gradcheck(lambda values: found(values, teacher), student)


def test_one_tokenizer_on_both_sides_is_the_plain_divergence():
    surfaces = [b"a", b"b", b"c"]
    ids = torch.tensor([0, 2, 1])
    chunks = align([surfaces[i] for i in ids], [surfaces[i] for i in ids])
    student, teacher = logits(3, 3, 0), logits(3, 3, 1)
    each = across(student, ids, teacher, ids, chunks, shared_vocabulary(surfaces, surfaces))
    p, q = teacher.log_softmax(-1), student.log_softmax(-1)
    assert each.tolist() == pytest.approx((p.exp() * (p - q)).sum(-1).tolist(), abs=1e-9)


def test_a_student_that_agrees_has_no_loss():
    """The teacher's mass lies on what both have, and the student's lies the same way."""
    teacher = torch.full((2, 4), -40.0, dtype=torch.float64)
    student = torch.full((3, 5), -40.0, dtype=torch.float64)
    teacher[0, 0], teacher[1, 1] = 0.0, 0.0
    student[0, 1], student[1, 2], student[2, 0] = 0.0, 0.0, 0.0
    assert found(student, teacher).max() < 1e-5
    student[2, 0], student[2, 3] = -40.0, 0.0  # now it says " !" where the teacher says " cat"
    assert found(student, teacher)[1] > 10


def test_sorted_distance_by_hand():
    one, other = torch.tensor([[0.1, 0.5, 0.0]]), torch.tensor([[0.3, 0.2]])
    assert sorted_distance(one, other).tolist() == pytest.approx([0.2 + 0.1])
    assert sorted_distance(other, one).tolist() == pytest.approx([0.3])
    assert sorted_distance(one, one.flip(-1)).tolist() == [0.0]


def test_certain_and_impossible_chunks_are_finite():
    student, teacher = logits(3, 5, 0), logits(2, 4, 1)
    student[1:] *= 1000
    teacher[1] *= 1000
    student.requires_grad_()
    each = found(student, teacher)
    each.sum().backward()
    assert each.isfinite().all() and student.grad.isfinite().all()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="the student has 2 rows of logits, 3 ids, and chunks of 3"):
        found(logits(2, 5, 0), logits(2, 4, 1))
    with pytest.raises(ValueError, match="the teacher has 3 rows of logits, 2 ids"):
        found(logits(3, 5, 0), logits(3, 4, 1))
