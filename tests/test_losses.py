"""Losses: by hand, beside other implementations, and the chunked form beside the dense one to ten places."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from scipy.special import rel_entr
from torch.utils._python_dispatch import TorchDispatchMode

from helpers import losses
from helpers.losses.chunked import chunked_divergence
from helpers.losses.chunked import soft as in_chunks
from helpers.losses.head import Head, head_of

KINDS = ("forward", "reverse", "jsd")


def logits(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 2


# --- by hand ------------------------------------------------------------------------------------


def test_three_tokens_by_hand():
    teacher = torch.tensor([[0.5, 0.25, 0.25]], dtype=torch.float64).log()
    student = torch.tensor([[0.25, 0.25, 0.5]], dtype=torch.float64).log()
    ln2 = math.log(2)
    assert losses.divergence(student, teacher).item() == pytest.approx(0.5 * ln2 - 0.25 * ln2)
    assert losses.divergence(student, teacher, "reverse").item() == pytest.approx(0.5 * ln2 - 0.25 * ln2)
    # The middle of both is (3/8, 1/4, 3/8).
    half = 0.5 * math.log(4 / 3) + 0.25 * math.log(2 / 3)
    assert losses.divergence(student, teacher, "jsd").item() == pytest.approx(half)


def test_forward_and_reverse_part_by_hand():
    teacher = torch.tensor([[0.9, 0.1]], dtype=torch.float64).log()
    student = torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()
    assert losses.divergence(student, teacher).item() == pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2))
    assert losses.divergence(student, teacher, "reverse").item() == pytest.approx(
        0.5 * math.log(5 / 9) + 0.5 * math.log(5)
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("beta", [0.1, 0.5, 0.8])
def test_every_kind_beside_scipy(temperature, beta):
    q_logits, p_logits = logits(7, 11), logits(7, 11, seed=1)
    q, p = ((values / temperature).softmax(-1).numpy() for values in (q_logits, p_logits))
    m = beta * p + (1 - beta) * q
    wanted = {
        "forward": rel_entr(p, q).sum(1),
        "reverse": rel_entr(q, p).sum(1),
        "jsd": beta * rel_entr(p, m).sum(1) + (1 - beta) * rel_entr(q, m).sum(1),
    }
    for kind, each in wanted.items():
        found = losses.each_divergence(q_logits, p_logits, kind, temperature, beta)
        assert found.numpy() == pytest.approx(temperature**2 * each, rel=1e-12)
        mean = losses.divergence(q_logits, p_logits, kind, temperature, beta).item()
        assert mean == pytest.approx(temperature**2 * each.mean(), rel=1e-12)


@pytest.mark.slow  # TRL takes seconds to import
@pytest.mark.parametrize(("kind", "beta", "theirs"), [("forward", 0.5, 0.0), ("reverse", 0.5, 1.0), ("jsd", 0.3, 0.3)])
def test_every_kind_beside_trl(kind, beta, theirs, monkeypatch):
    monkeypatch.setenv("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.gkd import GKDTrainer

    student, teacher = logits(1, 9, 13), logits(1, 9, 13, seed=1)
    # TRL does not multiply by T².
    wanted = 4 * GKDTrainer.generalized_jsd_loss(student, teacher, beta=theirs, temperature=2.0, reduction="sum") / 9
    assert losses.divergence(student[0], teacher[0], kind, 2.0, beta).item() == pytest.approx(wanted.item(), rel=1e-9)


def test_equal_logits_have_no_divergence_and_no_gradient():
    student = logits(5, 8).requires_grad_()
    for kind in KINDS:
        (gradient,) = torch.autograd.grad(losses.divergence(student, student.detach(), kind, 2.0), student)
        assert gradient.abs().max() < 1e-15


# --- sums, means, shift, temperature ----------------------------------------------------------------


def test_the_vocabulary_is_summed_over_and_the_tokens_are_not():
    student, teacher = logits(6, 50), logits(6, 50, seed=1)
    one = losses.divergence(student[:1], teacher[:1]).item()
    assert losses.divergence(student[:1].repeat(6, 1), teacher[:1].repeat(6, 1)).item() == pytest.approx(one)
    with pytest.warns(UserWarning, match="'mean' divides the total loss by both"):
        averaged = F.kl_div(student.log_softmax(-1), teacher.softmax(-1), reduction="mean").item()
    assert losses.divergence(student, teacher).item() == pytest.approx(50 * averaged)  # what `mean` would have lost


def test_the_shift_happens_once():
    labels = torch.tensor([[-100, -100, 7, 8, -100], [-100, 5, 6, 9, 2]])
    places = torch.arange(10.0).reshape(2, 5, 1)
    # Place 1 of the first row foretells the 7 at place 2, and so on.
    assert losses.learnt(places, labels).flatten().tolist() == [1, 2, 5, 6, 7, 8]
    assert losses.targets(labels).tolist() == [7, 8, 5, 6, 9, 2]


def test_the_first_label_is_no_target():
    assert losses.targets(torch.tensor([[3, -100, 4]])).tolist() == [4]


def test_cross_entropy_of_what_is_learnt_is_transformers_own():
    from transformers.loss.loss_utils import ForCausalLMLoss

    values, labels = torch.randn(2, 6, 12), torch.tensor([[-100, -100, 3, 4, 5, -100], [-100, 1, 2, 3, 4, 5]])
    ours = F.cross_entropy(losses.learnt(values, labels), losses.targets(labels))
    assert ours.item() == pytest.approx(ForCausalLMLoss(values, labels, 12).item(), rel=1e-6)


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 5\) places and labels for \(2, 4\)"):
        losses.learnt(torch.zeros(2, 5, 3), torch.zeros(2, 4))


def test_gradients_of_uneven_batches_add_up_to_those_of_all():
    student, teacher = logits(10, 9).requires_grad_(), logits(10, 9, seed=1)
    (whole,) = torch.autograd.grad(losses.divergence(student, teacher), student)
    parts = [losses.divergence(student[a:b], teacher[a:b], count=10) for a, b in ((0, 3), (3, 10))]
    (added,) = torch.autograd.grad(sum(parts), student)
    assert torch.allclose(added, whole, atol=1e-15)
    means = (losses.divergence(student[:3], teacher[:3]) + losses.divergence(student[3:], teacher[3:])) / 2
    (wrong,) = torch.autograd.grad(means, student)
    assert not torch.allclose(wrong, whole, rtol=0.1)  # a mean of means counts the short batch for too much


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_keeps_its_size_over_temperatures(kind):
    student, teacher = logits(200, 30).requires_grad_(), logits(200, 30, seed=1)
    sizes = []
    for temperature in (4.0, 8.0, 16.0):
        (gradient,) = torch.autograd.grad(losses.divergence(student, teacher, kind, temperature), student)
        sizes.append(gradient.norm().item())
    assert max(sizes) / min(sizes) < 1.3  # without T² it would be 16


def test_half_precision_gets_a_softmax_in_float32():
    student, teacher = torch.randn(4, 4096, dtype=torch.bfloat16), torch.randn(4, 4096, dtype=torch.bfloat16)
    found = losses.divergence(student, teacher)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(losses.divergence(student.double(), teacher.double()).item(), rel=1e-5)


def test_no_learnt_token_is_no_loss():
    assert losses.divergence(torch.zeros(0, 5), torch.zeros(0, 5)).item() == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"kind": "backward"}, "no divergence called 'backward'; choose from forward, reverse, jsd"),
        ({"temperature": 0.0}, "the temperature is 0.0; it must be above 0"),
        ({"kind": "jsd", "beta": 1.0}, "beta is 1.0"),
    ],
)
def test_what_cannot_be_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        losses.divergence(logits(2, 3), logits(2, 3), **arguments)
    with pytest.raises(ValueError, match=complaint):
        chunked_divergence(logits(2, 3), Head(logits(4, 3)), logits(2, 3), Head(logits(4, 3)), **arguments)


def test_two_sizes_of_vocabulary_are_refused_by_both_sizes():
    with pytest.raises(ValueError, match=r"1,000 tokens and the teacher for 1,088.*07_across_tokenizers"):
        losses.divergence(torch.zeros(1, 1000), torch.zeros(1, 1088))


def test_mixed():
    assert losses.mixed(2.0, 10.0, 0.25) == 4.0
    with pytest.raises(ValueError, match=r"alpha is 1\.5"):
        losses.mixed(1.0, 1.0, 1.5)
    each = losses.mixed(torch.tensor([2.0, 2.0]), torch.tensor([10.0, 10.0]), torch.tensor([0.0, 1.0]))
    assert each.tolist() == [2.0, 10.0]


def test_a_graph_is_walked_twice_with_the_same_gradient():
    ours = logits(4, 3).requires_grad_()
    value = chunked_divergence(ours, Head(logits(5, 3)), logits(4, 3, seed=1), Head(logits(5, 3, seed=2)))
    first, second = (torch.autograd.grad(2 * value, ours, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)


# --- in chunks --------------------------------------------------------------------------------------


def both_forms(tokens=23, bias=False, cap=None, trained=False, count=None, alpha=None, chunk=5, **form):
    """Value and gradients of the dense and of the chunked form on the same random float64 tensors."""
    vocabulary, widths, found = 37, (6, 10), []
    for chunked in (False, True):
        ours, theirs = logits(tokens, widths[0]).requires_grad_(), logits(tokens, widths[1], seed=1)
        weight = logits(vocabulary, widths[0], seed=2).requires_grad_(trained)
        shift = logits(vocabulary, seed=4).requires_grad_(trained) if bias else None
        student = Head(weight, shift, cap)
        teacher = Head(logits(vocabulary, widths[1], seed=3), logits(vocabulary, seed=5) if bias else None, cap)
        labels = torch.arange(tokens) * 7 % vocabulary
        hard = {} if alpha is None else {"labels": labels, "alpha": alpha}
        if chunked:
            value = chunked_divergence(ours, student, theirs, teacher, count=count, chunk=chunk, **hard, **form)
        else:
            each = losses.each_divergence(dense(ours, student), dense(theirs, teacher), **form)
            if hard:
                each = losses.mixed(each, F.cross_entropy(dense(ours, student), labels, reduction="none"), alpha)
            value = each.sum() / (count or tokens)
        (3 * value).backward()  # 3: what comes from further up the graph must be passed on
        found.append([value, ours.grad, *(tensor.grad for tensor in (weight, shift) if trained and tensor is not None)])
    return found


def dense(hidden, head):
    out = F.linear(hidden, head.weight, head.bias)
    return out if head.softcap is None else head.softcap * torch.tanh(out / head.softcap)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "case",
    [
        {},
        {"temperature": 2.5},
        {"trained": True, "temperature": 2.0},
        {"bias": True, "trained": True},
        {"cap": 5.0, "temperature": 1.5, "trained": True, "bias": True},
        {"count": 100},
        {"alpha": 0.3, "temperature": 2.0, "cap": 8.0, "trained": True},
        {"alpha": torch.linspace(0, 1, 23, dtype=torch.float64), "temperature": 2.0},
        {"chunk": 1},
        {"chunk": 1000},
        {"tokens": 1},
    ],
    ids=str,
)
def test_chunked_is_dense(kind, case):
    plain, chunked = both_forms(kind=kind, **({"beta": 0.3} if kind == "jsd" else {}), **case)
    for wanted, found in zip(plain, chunked, strict=True):
        assert torch.allclose(found, wanted, rtol=0, atol=1e-10)
    assert plain[1].abs().max() > 1e-4


def test_chunked_in_half_precision_with_hard_labels():
    ours, theirs = (logits(9, 6, seed=seed).bfloat16() for seed in (0, 1))
    head = Head(logits(11, 6, seed=2).bfloat16())
    labels, alpha = torch.arange(9), torch.linspace(0, 1, 9)
    ours.requires_grad_()
    found = chunked_divergence(ours, head, theirs, head, labels=labels, alpha=alpha)
    found.backward()
    soft = losses.each_divergence(head.logits(ours), head.logits(theirs))
    wanted = losses.mixed(soft, F.cross_entropy(head.logits(ours), labels, reduction="none"), alpha).mean()
    assert found.dtype == torch.float32 and found.item() == pytest.approx(wanted.item(), rel=1e-2)
    assert ours.grad.dtype == torch.bfloat16 and ours.grad.isfinite().all() and ours.grad.abs().max() > 0


def test_chunked_gradients_of_uneven_batches_add_up():
    ours, theirs = logits(10, 6).requires_grad_(), logits(10, 6, seed=1)
    student, teacher = Head(logits(9, 6, seed=2)), Head(logits(9, 6, seed=3))
    (whole,) = torch.autograd.grad(chunked_divergence(ours, student, theirs, teacher), ours)
    parts = [chunked_divergence(ours[a:b], student, theirs[a:b], teacher, count=10) for a, b in ((0, 3), (3, 10))]
    (added,) = torch.autograd.grad(sum(parts), ours)
    assert torch.allclose(added, whole, atol=1e-15)


def test_a_frozen_head_gets_no_gradient_and_the_teacher_never_does():
    ours, theirs = logits(4, 3).requires_grad_(), logits(4, 3, seed=1).requires_grad_()
    student, teacher = Head(logits(5, 3)), Head(logits(5, 3, seed=2).requires_grad_())
    chunked_divergence(ours, student, theirs, teacher).backward()
    assert ours.grad is not None and student.weight.grad is None
    assert theirs.grad is None and teacher.weight.grad is None


def test_no_token_in_chunks_is_no_loss():
    ours = torch.zeros(0, 3, requires_grad=True)
    value = chunked_divergence(ours, Head(torch.zeros(5, 3)), torch.zeros(0, 3), Head(torch.zeros(5, 3)))
    value.backward()
    assert value.item() == 0 and ours.grad.shape == (0, 3)


def test_unequal_numbers_of_tokens_are_refused():
    head = Head(logits(7, 3))
    with pytest.raises(ValueError, match="for 4 tokens, the teacher for 5"):
        chunked_divergence(logits(4, 3), head, logits(5, 3), head)
    with pytest.raises(ValueError, match=r"alpha is 1\.5"):
        chunked_divergence(logits(4, 3), head, logits(4, 3), head, labels=torch.zeros(4, dtype=torch.long), alpha=1.5)
    with pytest.raises(ValueError, match="there are 3 labels"):
        chunked_divergence(logits(4, 3), head, logits(4, 3), head, labels=torch.zeros(3, dtype=torch.long))


class Largest(TorchDispatchMode):
    """Notes the size of the largest tensor that any operation makes."""

    entries = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for tensor in out if isinstance(out, (list, tuple)) else [out]:
            if isinstance(tensor, torch.Tensor):
                self.entries = max(self.entries, tensor.numel())
        return out


def test_the_logits_of_all_tokens_are_never_held():
    tokens, vocabulary, width, chunk = 64, 5000, 4, 8
    sizes = {}
    for form in ("dense", "chunked"):
        ours, theirs = torch.randn(tokens, width, requires_grad=True), torch.randn(tokens, width)
        heads = [Head(torch.randn(vocabulary, width)) for _ in range(2)]
        with Largest() as seen:
            if form == "dense":
                value = losses.divergence(dense(ours, heads[0]), dense(theirs, heads[1]))
            else:
                value = chunked_divergence(ours, heads[0], theirs, heads[1], chunk=chunk)
            value.backward()
        sizes[form] = seen.entries
    assert sizes == {"dense": tokens * vocabulary, "chunked": chunk * vocabulary}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dense", [True, False])
def test_a_token_that_both_rule_out_counts_for_nothing(kind, dense):
    student, teacher = logits(6, 11), logits(6, 11, seed=1)
    ruled_out = [2, 7]
    student[:, ruled_out] = teacher[:, ruled_out] = -torch.inf
    kept = [i for i in range(11) if i not in ruled_out]
    given, alone = student.clone().requires_grad_(), student[:, kept].clone().requires_grad_()
    # Of the chunked form what it does with logits: its product with a head makes no -inf.
    each = losses.each_divergence(given, teacher, kind) if dense else in_chunks(given, teacher, kind, 1.0, 0.5)[0]
    found = each.mean()
    wanted = losses.divergence(alone, teacher[:, kept], kind)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-12)
    wanted.backward()
    if dense:
        found.backward()
        gradient = given.grad
    else:
        gradient = in_chunks(student, teacher, kind, 1.0, 0.5)[1] / len(student)
    assert torch.allclose(gradient[:, kept], alone.grad, rtol=1e-9, atol=1e-12)
    assert not gradient[:, ruled_out].any()


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_that_the_teacher_alone_rules_out(kind):
    """Forward, 0 log 0 is 0. In reverse the student holds possible what is not, and is infinitely far."""
    student, teacher = logits(6, 11), logits(6, 11, seed=1)
    teacher[:, 4] = -torch.inf
    q, p = student.softmax(-1).numpy(), teacher.softmax(-1).numpy()
    m = (q + p) / 2
    wanted = {"forward": rel_entr(p, q), "reverse": rel_entr(q, p), "jsd": (rel_entr(p, m) + rel_entr(q, m)) / 2}[kind]
    for found in (losses.each_divergence(student, teacher, kind), in_chunks(student, teacher, kind, 1.0, 0.5)[0]):
        assert found.numpy() == pytest.approx(wanted.sum(1), rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_hidden_states_in_float32_go_into_a_head_in_half_precision(dtype):
    """As accelerate gives them under mixed precision: the product is the one that the model itself takes."""
    hidden, theirs = (logits(9, 8, seed=seed).float() for seed in (4, 5))
    heads = [Head(logits(12, 8, seed=seed).to(dtype) / 4) for seed in (6, 7)]
    given = hidden.clone().requires_grad_()
    found = chunked_divergence(given, heads[0], theirs, heads[1])
    found.backward()
    own = hidden.to(dtype).clone().requires_grad_()
    wanted = losses.divergence(own @ heads[0].weight.T, theirs.to(dtype) @ heads[1].weight.T)
    wanted.backward()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-3)
    assert given.grad.dtype == torch.float32 and torch.allclose(given.grad, own.grad.float(), atol=2e-3)
    assert heads[0].logits(hidden).dtype == torch.float32


def test_an_alpha_that_is_none_is_told_in_one_line():
    for alpha, said in ((2, "alpha is 2;"), (torch.linspace(0, 3, 999), "is from 0 to 3;"), (float("nan"), "nan")):
        with pytest.raises(ValueError, match=said) as error:
            losses.check_alpha(alpha)
        assert len(str(error.value)) < 120


# --- heads and vocabularies -------------------------------------------------------------------------


class model_with(torch.nn.Module):
    """A model that ends in a layer, a softcap and, where it is given, a scale of the logits."""

    def __init__(self, layer, cap=None, scale=1.0):
        super().__init__()
        self.layer, self.cap, self.scale = layer, cap, scale
        text = SimpleNamespace(final_logit_softcapping=cap)
        self.config = SimpleNamespace(get_text_config=lambda: text)

    def get_output_embeddings(self):
        return self.layer

    def forward(self, input_ids, output_hidden_states, use_cache):
        hidden = logits(*input_ids.shape, self.layer.weight.shape[1], seed=3).to(self.layer.weight.dtype)
        said = self.layer(hidden) * self.scale
        said = said if self.cap is None else self.cap * torch.tanh(said / self.cap)
        return SimpleNamespace(hidden_states=[hidden], logits=said)


def test_the_head_of_a_model_is_cut_to_the_common_vocabulary():
    layer = torch.nn.Linear(4, 10, bias=True)
    head = head_of(model_with(layer, cap=30.0), 7)
    assert head.weight.shape == (7, 4) and head.bias.shape == (7,) and head.softcap == 30.0
    assert head.weight.data_ptr() == layer.weight.data_ptr()  # a view: 262,144 rows are not copied


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_that_scales_its_logits_is_refused(dtype):
    for scale in (1 / 8, 0.0625, 2.0):
        with pytest.raises(ValueError, match=rf"gives {1 / scale:.3g} times as large ones.*logits_scaling"):
            head_of(model_with(torch.nn.Linear(4, 10, bias=False, dtype=dtype), scale=scale))
    assert head_of(model_with(torch.nn.Linear(4, 10, dtype=dtype))).weight.dtype == dtype


@pytest.mark.parametrize("family", ["Granite", "Cohere", "Gemma2", "Qwen3", "Llama"])
def test_the_head_of_real_architectures_gives_their_logits_or_is_refused(family):
    import transformers

    sizes = {"vocab_size": 40, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "head_dim": 8,
             "num_attention_heads": 2, "num_key_value_heads": 1, "pad_token_id": 0}  # fmt: skip
    scales = {"Granite": {"logits_scaling": 8.0}, "Cohere": {"logit_scale": 0.0625}}
    config = getattr(transformers, f"{family}Config")(**sizes, **scales.get(family, {}))
    torch.manual_seed(0)
    model = getattr(transformers, f"{family}ForCausalLM")(config).eval()
    if family in scales:
        with pytest.raises(ValueError, match="does more with its logits"):
            head_of(model)
        return
    ids = torch.arange(1, 9)[None]
    given = model(ids, output_hidden_states=True)
    assert torch.allclose(head_of(model).logits(given.hidden_states[-1]), given.logits, atol=1e-5)


def test_a_head_with_an_adapter_is_refused():
    from peft.tuners.lora import LoraConfig
    from peft.tuners.lora.layer import Linear

    layer = Linear(torch.nn.Linear(4, 10), "default", LoraConfig(), r=2)
    with pytest.raises(ValueError, match="leave lm_head out"):
        head_of(model_with(layer))


def test_a_head_in_four_bits_is_refused():
    from bitsandbytes.nn import Linear4bit

    layer = Linear4bit(64, 64, quant_type="nf4").to("cpu")
    with pytest.raises(ValueError, match=r"torch.uint8, so it is quantized"):
        head_of(model_with(layer))


def tokenizer(vocabulary):
    return SimpleNamespace(get_vocab=lambda: dict(vocabulary))


def test_padded_vocabularies_are_cut_to_the_real_one():
    words = {"a": 0, "b": 1, "c": 2}
    assert losses.common_vocabulary(tokenizer(words), tokenizer(words), 5, 64) == 3


def test_zero_filled_padding_would_change_the_loss():
    student, teacher = logits(4, 8), logits(4, 6, seed=1)
    cut = losses.divergence(student[:, :6], teacher)
    filled = losses.divergence(student, F.pad(teacher, (0, 2)))
    assert abs(cut.item() - filled.item()) > 1e-2


def test_other_tokenizers_are_refused_with_both_sizes_and_the_way_out():
    with pytest.raises(ValueError, match=r"3 tokens and the student's 2.*'c' is number 2 for the teacher and unknown"):
        losses.common_vocabulary(tokenizer({"a": 0, "b": 1}), tokenizer({"a": 0, "b": 1, "c": 2}), 4, 4)
    with pytest.raises(ValueError, match=r"'a' is number 0 for the teacher and number 1.*07_across_tokenizers"):
        losses.common_vocabulary(tokenizer({"a": 1, "b": 0}), tokenizer({"a": 0, "b": 1}), 4, 4)


def test_a_tokenizer_larger_than_the_model_is_refused():
    with pytest.raises(ValueError, match="3 tokens, the teacher 64 logits and the student 2"):
        losses.common_vocabulary(*[tokenizer({"a": 0, "b": 1, "c": 2})] * 2, 2, 64)
