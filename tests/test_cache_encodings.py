"""Every encoding comes back as it was written, and the loss and the angle of each are what autograd says."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import kl_div
from transformers import LlamaConfig, LlamaForCausalLM

from helpers import losses
from helpers.cache import Encoding, top
from helpers.cache.encodings import KINDS, bits
from helpers.losses import gradient_angle
from helpers.losses.gradient_angle import angles, pull
from helpers.losses.head import Head
from helpers.losses.sparse import stored_cross_entropy

VOCABULARY = 50


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def distributions(tokens=6, vocabulary=VOCABULARY, seed=0):
    return (torch.randn(tokens, vocabulary, generator=generator(seed)) * 2).softmax(-1)


def stored(kind, n, shares, seed=0):
    one = Encoding(kind, n)
    return tuple(
        torch.from_numpy(each) for each in one.decode(one.encode(shares, generator(seed)), len(shares), shares.shape[1])
    )


# --- packing ------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 6), st.integers(1, 9), st.integers(1, 18), st.integers(0, 2**32 - 1))
def test_the_top_comes_back(tokens, k, width, seed):
    rng = np.random.default_rng(seed)
    ids, values = rng.integers(0, 2**width, (tokens, k)), rng.random((tokens, k)).astype(np.float16)
    packed = top.pack(ids, values, width)
    assert len(packed) == -(-tokens * k * width // 8) + 2 * tokens * k
    back = top.unpack(packed, tokens, k, width)
    assert np.array_equal(back[0], ids) and np.array_equal(back[1], values)


def test_damage_and_what_cannot_be_packed():
    ids, values = np.array([[3, 1]]), np.array([[0.5, 0.25]])
    packed = top.pack(ids, values, 4)
    with pytest.raises(ValueError, match="damaged"):
        top.unpack(packed[:-1], 1, 2, 4)
    with pytest.raises(ValueError, match="an id is 3, and with 1 bits the highest is 1"):
        top.pack(ids, values, 1)
    with pytest.raises(ValueError, match="ids of shape"):
        top.pack(ids, values[:, :1], 4)
    for k in (0, VOCABULARY + 1):
        with pytest.raises(ValueError, match="keep from 1 to 50 tokens"):
            top.top(distributions(), k)


def test_every_kind_is_read_in_one_form():
    shares = distributions()
    best = shares.topk(3)
    for kind in KINDS:
        ids, weights = stored(kind, 3, shares)
        assert ids.shape == weights.shape == (6, 3) and weights.dtype == torch.float32
        total = best.values.sum(1) if kind in ("top_k", "top_k_tail") else torch.ones(6)
        assert torch.allclose(weights.sum(1), total, atol=1e-3), kind
        if kind.startswith("top_k"):
            assert torch.equal(ids, best.indices)
    assert torch.allclose(stored("top_k", 3, shares)[1], best.values, rtol=1e-3)
    assert [bits(size) for size in (1, 2, 3, 1024, 1025, 49_152)] == [1, 1, 2, 10, 11, 16]


def test_another_kind_is_refused():
    with pytest.raises(ValueError, match=r"no encoding called 'best'; choose from draws, independent"):
        Encoding("best", 3)


def test_independent_draws_are_right_on_average():
    shares = distributions(2, 8)
    found = torch.zeros(2, 8)
    for seed in range(3000):
        ids, weights = stored("independent", 4, shares, seed)
        found.scatter_add_(1, ids, weights)
    assert (found / 3000 - shares).abs().max() < 0.02


# --- the loss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_draws_give_the_mean_loss_of_the_drawn_tokens(temperature):
    student = torch.randn(6, VOCABULARY, generator=generator(1))
    ids, weights = stored("draws", 5, distributions())
    wanted = -(temperature**2) * (student / temperature).log_softmax(-1).gather(1, ids).mean(-1)
    assert torch.allclose(stored_cross_entropy(student, ids, weights, False, temperature), wanted)


def test_the_tail_is_one_more_token():
    """By hand: the kept tokens and the sum of the others are a distribution of four."""
    teacher, student = (distributions(seed=seed).double() for seed in (2, 3))
    best = teacher.topk(3)
    kept = [each.gather(1, best.indices) for each in (teacher, student)]
    p, q = (torch.cat([each, 1 - each.sum(1, keepdim=True)], 1) for each in kept)
    found = stored_cross_entropy(student.log(), best.indices, best.values, tail=True)
    entropy = -(p * p.log()).sum(1)
    assert torch.allclose(found - entropy, kl_div(q.log(), p, reduction="none", log_target=False).sum(1))
    assert (found - entropy <= losses.each_divergence(student.log(), teacher.log())).all()


def test_a_student_that_is_sure_breaks_nothing():
    student = torch.tensor([[200.0, 0, 0, 0]]).requires_grad_()
    for weights in ([[0.999]], [[1.0]], [[1.0005]]):
        loss = stored_cross_entropy(student, torch.tensor([[0]]), torch.tensor(weights), tail=True).sum()
        (slope,) = torch.autograd.grad(loss, student)
        assert loss.isfinite() and slope.isfinite().all()


# --- the angle ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_pull_in_closed_form_is_what_autograd_gives(kind):
    head = Head(torch.randn(VOCABULARY, 7, generator=generator(4)))
    hidden = torch.randn(6, 7, generator=generator(5)).requires_grad_()
    ids, weights = stored(kind, 4, distributions())
    loss = stored_cross_entropy(head.logits(hidden), ids, weights, kind == "top_k_tail").sum()
    (wanted,) = torch.autograd.grad(loss, hidden)
    q = head.logits(hidden.detach()).softmax(-1)
    found = pull(Encoding(kind, 4), ids, weights, q, q @ head.weight, head)
    assert torch.allclose(found, wanted, atol=1e-4)


def models(bias=False):
    """A teacher and a student. bias: whether the student's head has one."""
    for seed in (0, 1):
        torch.manual_seed(seed)
        sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
        model = LlamaForCausalLM(LlamaConfig(vocab_size=VOCABULARY, initializer_range=0.3, **sizes))
        if bias and seed:
            head = torch.nn.Linear(64, VOCABULARY)
            head.weight = model.lm_head.weight
            torch.nn.init.normal_(head.bias)
            model.lm_head = head
        yield model.eval()


@pytest.mark.parametrize(("bias", "temperature"), [(False, 1.0), (True, 1.0), (False, 2.0)])
def test_the_angle_is_that_between_two_gradients(bias, temperature):
    teacher, student = models(bias)
    rows = [{"input_ids": [1, 5, 9, 3, 8, 2], "labels": [-100, -100, 9, 3, 8, 2]}]
    weight = student.model.layers[-1].self_attn.v_proj.weight
    one = Encoding("top_k_tail", 3)
    before = [each.requires_grad for each in student.parameters()]
    found = angles(student, teacher, rows, [one], [weight], temperature=temperature)[one]
    assert [each.requires_grad for each in student.parameters()] == before and weight.grad is None

    ids, labels = (torch.tensor([rows[0][key]]) for key in ("input_ids", "labels"))
    with torch.no_grad():
        theirs = losses.learnt(teacher(ids).logits, labels)
    ours = losses.learnt(student(ids).logits, labels)
    full, part = (
        torch.autograd.grad(loss, weight, retain_graph=True)[0].flatten().double()
        for loss in (
            losses.divergence(ours, theirs, temperature=temperature),
            stored_cross_entropy(
                ours, *stored(one.kind, 3, (theirs / temperature).softmax(-1)), tail=True, temperature=temperature
            ).mean(),
        )
    )
    cosine = torch.nn.functional.cosine_similarity(full, part, dim=0)
    assert found.degrees == pytest.approx(torch.rad2deg(cosine.acos()).item(), rel=1e-3)
    assert found.bytes == (3 * 4 * 6 / 8) / 4 + 3 * 2


def test_the_angle_is_taken_in_an_adapter_whose_model_is_frozen():
    teacher, student = models()
    rows = [{"input_ids": [1, 5, 9, 3, 8, 2], "labels": [-100, -100, 9, 3, 8, 2]}]
    one = Encoding("draws", 4)
    weight = student.model.layers[-1].self_attn.v_proj.weight
    wanted = angles(student, teacher, rows, [one], [weight])
    student.requires_grad_(False)
    assert angles(student, teacher, rows, [one], [weight]) == wanted
    assert not any(each.requires_grad for each in student.parameters())


def test_many_draws_turn_the_gradient_less_than_few():
    teacher, student = models()
    torch.manual_seed(3)
    rows = [{"input_ids": ids, "labels": ids} for ids in torch.randint(0, VOCABULARY, (20, 30)).tolist()]
    ways = [Encoding("draws", 64), Encoding("draws", 4), Encoding("top_k", 4), Encoding("top_k", VOCABULARY)]
    weight = student.model.layers[0].mlp.down_proj.weight
    many, few, bare, whole = angles(student, teacher, rows, ways, [weight]).values()
    assert many.degrees < few.degrees and many.degrees < bare.degrees and whole.degrees < 0.1
    assert few.bytes < many.bytes


def test_a_head_with_a_softcap_is_refused(monkeypatch):
    teacher, student = models()
    capped = Head(student.lm_head.weight, softcap=30.0)
    monkeypatch.setattr(gradient_angle, "head_of", lambda model, vocabulary: capped)
    with pytest.raises(ValueError, match="without a softcap"):
        angles(student, teacher, [], [Encoding()], [])
