"""The divergence across tokenizers: equal to brute force on an example made by hand, and sensible at its ends."""

from math import exp, log
from typing import get_args, get_type_hints

import pytest
import torch

from helpers import losses
from helpers.alignment import SharedVocabulary, align, joined, shared_vocabulary
from helpers.losses.cross_tokenizer import across, across_hidden, sorted_distance
from helpers.losses.head import Head

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


def test_the_shared_tokens_may_be_tensors():
    """As a trainer holds them; the ids are the same, and so is the loss."""
    held = SharedVocabulary(torch.tensor(SHARED.teacher), torch.tensor(SHARED.student), SHARED.coverage)
    student, teacher = torch.tensor(STUDENT_IDS), torch.tensor(TEACHER_IDS)
    each = across(logits(3, 5, 0), student, logits(2, 4, 1), teacher, CHUNKS, held)
    assert each.tolist() == found(logits(3, 5, 0), logits(2, 4, 1)).tolist()
    kinds = get_type_hints(SharedVocabulary, localns={"Tensor": torch.Tensor})
    assert all(set(get_args(kinds[side])) == {tuple[int, ...], torch.Tensor} for side in ("teacher", "student"))


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


def test_what_a_student_holds_for_impossible_can_still_be_learnt():
    """A clamped probability would have no gradient just where there is most to learn."""
    student, teacher = logits(3, 5, 0), logits(2, 4, 1)
    student[1, 2] -= 60  # the first token of the second chunk
    teacher[1, 1] += 20  # which the teacher is sure of
    student.requires_grad_()
    found(student, teacher)[1].backward()
    assert student.grad[1, 2] < -0.9
    teacher[0, 1] += 20  # sure of a token that the student has not
    with torch.no_grad():
        student[0, 2:] -= 60
    student.grad = None
    found(student, teacher, unmatched=0.0)[0].backward()
    assert student.grad[0, 2:].sum() < -0.9


def test_what_only_one_side_has_counts_by_size():
    """Shared is all of the student's vocabulary: its rest is empty, and the teacher's is compared with nothing."""
    ids = torch.tensor([0])
    teacher, student = [b"a", b"b", b"c"], [b"a", b"b"]
    chunks, shared = align([b"a"], [b"a"]), shared_vocabulary(teacher, student)
    q, p = logits(1, 2, 0), logits(1, 3, 1)
    each = across(q, ids, p, ids, chunks, shared)
    log_q, log_p = q.log_softmax(-1)[0], p.log_softmax(-1)[0]
    wanted = (log_p[:2].exp() * (log_p[:2] - log_q)).sum() + log_p[2].exp()
    assert each.item() == pytest.approx(wanted.item(), rel=1e-9)


# --- from hidden states -------------------------------------------------------------------------

TEXTS = 3
MANY = joined([CHUNKS] * TEXTS)


def hidden(most, alpha, count=None):
    """The loss of three texts, and the gradients that reach the student's hidden states and head."""
    states, weight = logits(3 * TEXTS, 6, 0).requires_grad_(), logits(5, 6, 1).requires_grad_()
    theirs, their_weight = logits(2 * TEXTS, 7, 2), logits(4, 7, 3).requires_grad_()
    ids = torch.tensor(STUDENT_IDS * TEXTS), torch.tensor(TEACHER_IDS * TEXTS)
    loss = across_hidden(
        states, Head(weight, softcap=20.0), ids[0], theirs, Head(their_weight), ids[1], MANY, SHARED, alpha,
        unmatched=0.5, count=count, most=most,
    )  # fmt: skip
    loss.backward()
    each = across(Head(weight, softcap=20.0).logits(states), ids[0], theirs @ their_weight.T, ids[1], MANY, SHARED, 0.5)
    words = torch.nn.functional.cross_entropy(Head(weight, softcap=20.0).logits(states), ids[0], reduction="none")
    return loss.item(), states.grad, weight.grad, each.detach(), words.detach()


def test_blocks_are_the_whole():
    alpha = torch.tensor([1.0, 0.25] * TEXTS)
    loss, *grads, each, words = hidden(2**20, alpha)
    hard = torch.stack([words[a:b].sum() for a, b in zip(MANY.student, MANY.student[1:], strict=False)])
    assert loss == pytest.approx(losses.mixed(each, hard, alpha).sum().item() / (3 * TEXTS), rel=1e-9)
    for most in (1, 10, 23):
        other, *others, _, _ = hidden(most, alpha)
        assert other == pytest.approx(loss, rel=1e-9)
        assert all(torch.allclose(one, two) for one, two in zip(grads, others, strict=True))


def test_a_count_divides_instead():
    assert hidden(10, 0.0, count=36)[0] == pytest.approx(hidden(10, 0.0)[0] / 4)


def test_a_share_out_of_range_is_refused():
    with pytest.raises(ValueError, match="alpha"):
        hidden(10, 1.5)


def test_the_logits_of_a_block_are_all_that_is_made():
    """The memory that is promised: no matrix product makes more logits than `most`, in the backward pass too."""
    made = []

    class Watched(Head):
        def logits(self, states):
            made.append(len(states) * len(self.weight))
            return super().logits(states)

    states = logits(3 * TEXTS, 6, 0).requires_grad_()
    theirs = logits(2 * TEXTS, 7, 2)
    loss = across_hidden(
        states, Watched(logits(5, 6, 1)), torch.tensor(STUDENT_IDS * TEXTS), theirs, Watched(logits(4, 7, 3)),
        torch.tensor(TEACHER_IDS * TEXTS), MANY, SHARED, most=10,
    )  # fmt: skip
    loss.backward()
    # Two chunks at a time, here of three tokens of the student's together, and each block twice.
    assert max(made) == 15 and len(made) == 2 * 2 * TEXTS
