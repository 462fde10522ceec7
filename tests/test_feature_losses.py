"""Losses between hidden states, values and attention: by hand, against libraries, and what they must not depend on."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.losses import hidden, layer_maps
from helpers.losses.hidden import attention, chunk_means, cka, cosine, hint, normalised, relations, value_relations


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_hint_by_hand():
    teacher = torch.tensor([[2.0, 0.0], [0.0, 2.0]])  # about its mean (1, 1) each number is 1 away: variance 1
    student = torch.tensor([[2.0, 1.0], [0.0, 0.0]])  # squared errors 0, 1, 0, 4
    assert hint(student, teacher) == pytest.approx(5 / 4)
    assert hint(teacher, teacher) == 0
    assert hint(teacher.mean(0).expand(2, 2), teacher) == pytest.approx(1.0)  # no better than the mean
    assert hint(student, teacher, torch.tensor(2.0)) == pytest.approx(5 / 8)


def test_angles_by_hand_and_by_torch():
    student, teacher = torch.tensor([[1.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 5.0], [3.0, 4.0]])
    assert cosine(student, teacher) == pytest.approx(1 / 2)  # a right angle and none
    ours, theirs = drawn(7, 5), drawn(7, 5, seed=1)
    assert cosine(ours, theirs).item() == pytest.approx(F.cosine_embedding_loss(ours, theirs, torch.ones(7)).item())
    assert normalised(ours, theirs).item() == pytest.approx(2 * cosine(ours, theirs).item())


@pytest.mark.parametrize("loss", [hint, cosine, normalised, lambda a, b: relations(a, b, [4, 3])])
def test_the_size_of_the_teachers_states_is_no_matter(loss):
    ours, theirs = drawn(7, 5), drawn(7, 5, seed=1)
    if loss is hint:  # whose projection follows the size
        assert hint(10 * ours, 10 * theirs).item() == pytest.approx(hint(ours, theirs).item())
    else:
        assert loss(ours, 10 * theirs).item() == pytest.approx(loss(ours, theirs).item())


def test_relations_pair_by_pair():
    ours, theirs, sizes = drawn(5, 3), drawn(5, 8, seed=1), [3, 2]
    total = 0.0
    for begin, size in ((0, 3), (3, 2)):
        a, b = ours[begin : begin + size], theirs[begin : begin + size]
        a, b = a - a.mean(0), b - b.mean(0)
        squares = [
            (F.cosine_similarity(a[i], a[j], dim=0) - F.cosine_similarity(b[i], b[j], dim=0)) ** 2
            for i in range(size) for j in range(size)
        ]  # fmt: skip
        total += sum(squares).item() / size  # the mean over a text's pairs, times its tokens
    assert relations(ours, theirs, sizes).item() == pytest.approx(total / 5)


def test_relations_see_neither_a_turn_nor_another_text():
    ours, turn = drawn(6, 4), torch.linalg.qr(drawn(4, 4, seed=1))[0]
    assert relations(ours, 3 * ours @ turn, [2, 4]).item() == pytest.approx(0, abs=1e-12)
    theirs = drawn(6, 4, seed=2)
    parts = [relations(ours[a:b], theirs[a:b], [b - a]).item() * (b - a) for a, b in ((0, 2), (2, 6))]
    assert relations(ours, theirs, [2, 4]).item() == pytest.approx(sum(parts) / 6)


@pytest.mark.parametrize("heads", [1, 2])
def test_value_relations_place_by_place(heads):
    ours, theirs, sizes = drawn(5, 4), drawn(5, 8, seed=1), [3, 2]
    total, begin = 0.0, 0
    for size in sizes:
        for head in range(heads):
            for place in range(size):
                rows = []
                for values in (ours, theirs):
                    width = values.shape[1] // heads
                    part = values[begin : begin + size, head * width : (head + 1) * width]
                    scores = torch.stack([part[place] @ part[other] / math.sqrt(width) for other in range(place + 1)])
                    rows.append(scores.log_softmax(-1))
                total += F.kl_div(rows[0], rows[1], reduction="sum", log_target=True).item() / heads
        begin += size
    assert value_relations(ours, theirs, sizes, heads).item() == pytest.approx(total / 5)


def test_the_gradient_of_value_relations_is_right_where_places_are_hidden():
    theirs = drawn(4, 6, seed=1)
    torch.autograd.gradcheck(lambda ours: value_relations(ours, theirs, [3, 1]), drawn(4, 2).requires_grad_())


def test_attention_by_hand():
    student = torch.tensor([[[0.5, 0.5], [0.5, 0.5]]])  # one token, two heads, two places
    teacher = torch.tensor([[[0.9, 0.1], [0.7, 0.3], [0.8, 0.2]]])  # its three heads' mean is 0.8, 0.2
    assert attention(student, teacher).item() == pytest.approx(0.8 * math.log(1.6) + 0.2 * math.log(0.4))
    assert attention(teacher, teacher).item() == pytest.approx(0, abs=1e-7)


def test_cka_where_it_is_known():
    states = drawn(200, 6)
    turn = torch.linalg.qr(drawn(6, 6, seed=1))[0]
    assert cka(states, states) == pytest.approx(1)
    assert cka(states, 5 * states @ turn + 3) == pytest.approx(1)  # turned, stretched and moved
    left = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]])
    right = torch.tensor([[1.0], [1.0], [-1.0], [-1.0]])
    assert cka(left, right) == pytest.approx(0)
    assert cka(left, left + right) == pytest.approx(0.5)  # of one number each it is the squared correlation
    assert cka(states, drawn(200, 6, seed=2)) < 0.1


def test_cka_by_its_other_form():
    one, other = drawn(9, 4), drawn(9, 7, seed=1)
    middle = torch.eye(9, dtype=torch.float64) - 1 / 9
    grams = [middle @ (states @ states.T) @ middle for states in (one, other)]
    by_grams = (grams[0] * grams[1]).sum() / (grams[0].norm() * grams[1].norm())
    assert cka(one, other) == pytest.approx(by_grams.item())


def test_chunk_means_by_hand():
    states = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    assert chunk_means(states, (0, 1, 3, 4)).tolist() == [[1, 2], [4, 5], [7, 8]]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="3 tokens and the teacher for 2"):
        cosine(drawn(3, 4), drawn(2, 4))
    with pytest.raises(ValueError, match="4 wide and the teacher's 5: project them"):
        hint(drawn(3, 4), drawn(3, 5))


def test_half_precision_is_compared_in_float32():
    ours, theirs = drawn(6, 4), drawn(6, 4, seed=1)
    found = hint(ours.bfloat16(), theirs.bfloat16())
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(hint(ours.bfloat16().float(), theirs.bfloat16().float()).item())


# --- which layer learns from which --------------------------------------------------------------


def test_maps_by_hand():
    assert layer_maps.last(3, 4) == ((3, 4),)
    assert layer_maps.uniform(3, 4) == ((1, 1), (2, 3), (3, 4))
    assert layer_maps.uniform(4, 12) == ((1, 3), (2, 6), (3, 9), (4, 12))  # TinyBERT
    assert layer_maps.uniform(2, 1) == ((1, 1), (2, 1))


def ways(student, teacher, first=1):
    if not student:
        return [()]
    return [(layer, *rest) for layer in range(first, teacher + 1) for rest in ways(student - 1, teacher, layer)]


@settings(deadline=None)
@given(st.integers(1, 3), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_likest_map_is_the_best_of_all_that_keep_the_order(student, teacher, random):
    likeness = [[random.random() for _ in range(teacher + 1)] for _ in range(student + 1)]

    def worth(way):
        return sum(likeness[i + 1][layer] for i, layer in enumerate(way))

    found = layer_maps.by_likeness(likeness)
    assert [ours for ours, _ in found] == list(range(1, student + 1))
    assert worth([theirs for _, theirs in found]) == pytest.approx(max(map(worth, ways(student, teacher))))


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        (((4, 2),), "names layer 4 of the student, which has the layers 0, 1, 2, 3 "),
        (((1, 5),), "names layer 5 of the teacher, which has the layers 0, 1, 2, 3, 4 "),
        (((1, -1),), "names layer -1 of the teacher"),
        ((), "has no pair"),
        (((1, 2), (1, 2)), "a pair twice"),
    ],
)
def test_a_map_that_cannot_be_is_refused(pairs, words):
    with pytest.raises(ValueError, match=words):
        layer_maps.check(pairs, 3, 4)
    assert layer_maps.check([[1, 2], [3, 4]], 3, 4) == ((1, 2), (3, 4))


def test_every_kind_of_the_trainer_is_a_loss():
    from helpers.training.matching import KINDS

    assert all(callable(getattr(hidden, kind)) for kind in KINDS)


@pytest.mark.parametrize("kind", ["hint", "cosine", "normalised"])
def test_of_no_token_a_loss_is_0(kind):
    student = torch.zeros(0, 4, requires_grad=True)
    found = getattr(hidden, kind)(student, torch.zeros(0, 4))
    found.backward()
    assert found.item() == 0 and student.grad.shape == (0, 4)
    assert hidden.spread(torch.zeros(0, 4)).item() == 0
    assert hidden.attention(torch.zeros(0, 2, 5), torch.zeros(0, 2, 5)).item() == 0


@pytest.mark.parametrize("kind", ["relations", "value_relations"])
def test_a_text_without_a_learnt_token_counts_for_nothing(kind):
    student, teacher = torch.randn(7, 4), torch.randn(7, 6)
    loss = getattr(hidden, kind)
    assert loss(student, teacher, [3, 0, 4, 0]).item() == loss(student, teacher, [3, 4]).item() > 0
    assert loss(student[:0], teacher[:0], [0, 0]).item() == 0


def test_the_variance_of_parts_is_that_of_the_whole():
    states = torch.randn(40, 6) * 3 + 5
    wanted = states.double().var(0, correction=0).mean().item()
    for sizes in ([40], [1, 39], [13, 0, 20, 7], [10] * 4):
        assert hidden.pooled_spread(list(states.split(sizes))).item() == pytest.approx(wanted, rel=1e-6)
    # Two processes, one with a part of no token: what each adds up is shared.
    halves = [states[:25], states[:0]], [states[25:], states[:0]]
    counts, sums = zip(*[(len(a), a.double().sum(0)) for a, _ in halves], strict=True)
    shared = [torch.tensor(float(sum(counts))), sum(sums)]
    mean = shared[1] / 40
    parts = [a.double() for a, _ in halves]
    within = sum(len(a) * (hidden.spread(a) + (a.mean(0) - mean).square().mean()) for a in parts)
    totals = iter([*shared, within])
    assert hidden.pooled_spread(list(halves[0]), lambda _: next(totals)).item() == pytest.approx(wanted, rel=1e-6)
