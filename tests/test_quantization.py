"""Weights in few bits: levels held to other libraries', bytes, the gradient through rounding, errors layer by layer."""

import random

import gguf
import numpy as np
import pytest
import torch
from torch.nn.utils import parametrize
from transformers import Qwen3Config, Qwen3ForCausalLM

from helpers import models, quantization
from helpers.models.lora import add_lora
from helpers.quantization import Codes, Format, exercises, pack, unpack

INTEGERS = [Format(bits, 32, kind) for bits in (2, 3, 4, 8) for kind in ("asymmetric", "symmetric")]
each_format = pytest.mark.parametrize("form", [*INTEGERS, Format(4, 64, "nf4")], ids=str)
each_integer = pytest.mark.parametrize("form", INTEGERS, ids=str)


def weights(rows=6, columns=128, seed=0):
    return 0.1 * torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))


def exact(most: int, low: float, step: float):
    """Rows of one group of 32 whose scale and low end float16 holds exactly, and no weight halfway of two levels."""
    codes = torch.randint(0, most + 1, (6, 32), generator=torch.Generator().manual_seed(1)).float()
    codes[:, 0], codes[:, 1] = 0, most
    off = 0.3 * (torch.rand(6, 32, generator=torch.Generator().manual_seed(2)) - 0.5)
    off[(codes == 0) | (codes == most)] = 0
    return low + step * (codes + off), codes


def model():
    torch.manual_seed(0)
    config = Qwen3Config(
        vocab_size=96, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=32, initializer_range=0.2, tie_word_embeddings=True, pad_token_id=0,
    )  # fmt: skip
    return Qwen3ForCausalLM(config).eval()


BATCH = {"input_ids": torch.tensor([[5, 9, 40, 7], [8, 3, 0, 0]]),
         "attention_mask": torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])}  # fmt: skip


def said(one):
    with torch.no_grad():
        return one(**BATCH).logits


@pytest.mark.parametrize(
    ("kind", "of_gguf", "low"), [("asymmetric", "Q4_1", -0.875), ("symmetric", "Q4_0", -1.0)]
)
def test_four_bits_in_groups_of_32_are_those_of_gguf(kind, of_gguf, low):
    given, codes = exact(15, low, 0.125)
    form, theirs = Format(4, 32, kind), getattr(gguf.GGMLQuantizationType, of_gguf)
    stored = gguf.quants.quantize(given.numpy(), theirs)
    wanted = gguf.quants.dequantize(stored, theirs)
    assert torch.equal(form.quantized(given).codes.float(), codes)
    assert np.array_equal(form.rounded(given).numpy(), wanted)


def test_nf4_is_what_a_student_is_loaded_in(tiny):
    whole, _ = models.load_student(tiny, four_bit=False)
    four, _ = models.load_student(tiny)
    quantization.rounded(whole, Format(4, 64, "nf4"))
    theirs = dict(four.dequantize(torch.float32).named_parameters())
    for name, layer in quantization.linears(whole).items():
        assert torch.equal(layer.weight, theirs[f"{name}.weight"]), name


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_hqq_comes_nearer_than_the_least_and_the_largest_weight(bits):
    given, form = weights(), Format(bits, 64, "hqq")
    off, found = ((one.rounded(given) - given).abs().mean() for one in (Format(bits, 64), form))
    assert found < off and len(form.quantized(given).codes.unique()) <= 2**bits


@each_integer
def test_each_weight_has_the_nearest_of_its_levels(form):
    given = weights()
    stored = form.quantized(given)
    levels = (torch.arange(max(8, 2**form.bits)) % 2**form.bits).to(torch.uint8)
    all_of_them = Format(form.bits, len(levels), form.kind)
    for place in range(4):
        part, one = slice(32 * place, 32 * place + 32), slice(place, place + 1)
        lows = None if stored.lows is None else stored.lows[:, one]
        table = all_of_them.values(Codes(levels.repeat(6, 1), stored.scales[:, one], lows))
        far = (given[:, part, None] - table[:, None]).abs()
        found = (form.rounded(given)[:, part] - given[:, part]).abs()
        assert torch.allclose(found, far.min(-1).values, atol=1e-6)


@each_format
def test_zero_stays_and_what_is_rounded_already_stays(form):
    given = weights()
    given[0, :64] = 0.0
    once = form.rounded(given)
    assert not once[0, :64].any() and once.isfinite().all()
    assert form.kind == "nf4" or torch.equal(form.rounded(once), once)


def test_more_bits_are_nearer():
    given = weights()
    far = {(form.kind, form.bits): float((form.rounded(given) - given).norm()) for form in INTEGERS}
    for kind in ("asymmetric", "symmetric"):
        assert far[kind, 2] > 1.5 * far[kind, 3] > 2.5 * far[kind, 4] > 10 * far[kind, 8]


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 8])
def test_codes_fill_their_bytes_and_come_back(bits):
    codes = torch.randint(0, 2**bits, (3, 7), generator=torch.Generator().manual_seed(bits)).to(torch.uint8)
    stored = pack(codes, bits)
    assert stored.dtype == torch.uint8 and len(stored) == -(-21 * bits // 8)
    assert torch.equal(unpack(stored, bits, (3, 7)), codes)
    assert stored.tolist() == exercises.bytes_of(codes.flatten().tolist(), bits)
    with pytest.raises(ValueError, match="are not 99 codes"):
        unpack(stored, bits, (99,))
    if bits < 8:
        with pytest.raises(ValueError, match=f"does not fit into {bits} bits"):
            pack(codes + 2**bits, bits)


@each_integer
def test_a_packed_model_says_what_the_rounded_one_says_also_from_its_file(form, tmp_path):
    wanted = said(quantization.rounded(model(), form))
    small = quantization.packed(model(), form)
    assert torch.equal(said(small), wanted)
    size = quantization.save(small, tmp_path / "small.safetensors", torch.float32)
    again = quantization.read(tmp_path / "small.safetensors", model(), form)
    assert torch.equal(said(again), wanted) and size == (tmp_path / "small.safetensors").stat().st_size
    many = sum(layer.weight.numel() for layer in quantization.linears(model()).values())
    rest = sum(one.numel() for one in model().parameters()) - many
    assert size - 4 * rest - many * form.bits_a_weight / 8 < 12_000  # the names and shapes in the head


def test_a_file_of_another_model_or_format_is_refused(tmp_path):
    path = tmp_path / "small.safetensors"
    quantization.save(quantization.packed(model(), Format(3, 32)), path)
    for form in (Format(4, 32), Format(3, 64), Format(3, 32, "symmetric")):
        with pytest.raises(ValueError, match="does not hold"):
            quantization.read(path, model(), form)


@each_format
def test_the_gradient_goes_straight_through_and_is_that_of_the_rounded_weights(form):
    """By hand: dL/dW is Gᵀ X of the layer with its rounded weight, as if nothing had been rounded on the way back."""
    layer = torch.nn.Linear(64, 64, bias=False)
    given, upstream = weights(5, 64, seed=3), weights(5, 64, seed=4)
    with torch.no_grad():
        layer.weight.copy_(weights(64, 64))
    kept = layer.weight.detach().clone()
    fake = torch.nn.ModuleDict({"one": layer})
    fake.get_output_embeddings = lambda: None
    quantization.fake(fake, form)
    out = layer(given)
    assert torch.equal(out, torch.nn.functional.linear(given, form.rounded(kept)))
    out.backward(upstream)
    (original,) = fake.parameters()
    assert torch.equal(original, kept) and torch.allclose(original.grad, upstream.T @ given)


@pytest.mark.parametrize("form", [Format(3, 32), Format(4, 32)], ids=str)
def test_values_and_gradient_are_those_of_torch_s_own_fake_quantization(form):
    given, _ = exact(2**form.bits - 1, -(2 ** (form.bits - 2)), 0.5)
    ours, theirs = (given.clone().requires_grad_() for _ in range(2))
    zero = torch.full((6,), 2 ** (form.bits - 1), dtype=torch.int32)
    wanted = torch.fake_quantize_per_channel_affine(theirs, torch.full((6,), 0.5), zero, 0, 0, 2**form.bits - 1)
    found = parametrized(ours, form)
    assert torch.equal(found, wanted)
    upstream = weights(6, 32, seed=5)
    found.backward(upstream), wanted.backward(upstream)
    assert torch.equal(ours.grad, theirs.grad)


def parametrized(weight, form):
    from helpers.quantization.fake import Rounding

    return Rounding(form)(weight)


def test_a_fake_model_learns_its_whole_weights_and_settles_at_its_levels():
    form, one = Format(2, 32), model()
    names = set(quantization.linears(one))
    assert "lm_head" not in names and len(names) == 14
    quantization.fake(one, form)
    trained = dict(one.named_parameters())
    assert len(trained) == len(dict(model().named_parameters()))
    wanted = said(one)
    assert torch.equal(wanted, said(quantization.rounded(model(), form)))
    one(**BATCH).logits.square().mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in trained.values())
    with torch.no_grad():
        for weight in trained.values():
            weight -= 0.05 * weight.grad.sign()
    moved = said(one)
    assert not torch.equal(moved, wanted)
    quantization.settled(one)
    assert torch.equal(said(one), moved) and set(dict(one.named_parameters())) == set(dict(model().named_parameters()))
    for layer in quantization.linears(one).values():
        assert torch.equal(layer.weight, form.rounded(layer.weight))
        assert all(len(group.unique()) <= 4 for group in layer.weight.detach().unflatten(1, (-1, 32)).flatten(0, 1))


def test_within_cached_a_weight_is_rounded_once(monkeypatch):
    one, calls = quantization.fake(model(), Format(3, 32)), []
    real = Format.rounded
    monkeypatch.setattr(Format, "rounded", lambda self, weight: calls.append(1) or real(self, weight))
    with parametrize.cached():
        said(one), said(one)
    assert len(calls) == 14


def test_errors_are_those_of_the_layer_alone_and_padding_plays_no_part():
    form, one = Format(3, 32), model()
    found = quantization.errors(one, form, BATCH)
    assert list(found) == list(quantization.linears(one))
    caught = {}
    layer = one.model.layers[1].mlp.down_proj
    with torch.no_grad():
        handle = layer.register_forward_hook(lambda module, inputs, output: caught.update(x=inputs[0], y=output))
        one(**BATCH)
        handle.remove()
        rounded = form.rounded(layer.weight)
        rows = [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)]
        x, y = (torch.stack([caught[name][place] for place in rows]) for name in "xy")
        name = "model.layers.1.mlp.down_proj"
        assert found[name].output == pytest.approx(float((x @ rounded.T - y).norm() / y.norm()), rel=1e-4)
        off = float((rounded - layer.weight).norm() / layer.weight.norm())
        assert found[name].weight == pytest.approx(off, rel=1e-5)
    assert torch.equal(said(one), said(model())) and not one.training


@pytest.mark.parametrize(
    ("how", "said"),
    [({"bits": 5}, "bits is 5"), ({"kind": "fp4"}, "no format called 'fp4'"), ({"group": 12}, "group is 12"),
     ({"bits": 3, "kind": "nf4"}, "nf4 has 4 bits, and not 3")],
)  # fmt: skip
def test_formats_that_are_none_are_refused(how, said):
    with pytest.raises(ValueError, match=said):
        Format(**how)


def test_models_that_cannot_be_rounded_are_refused_whole(tiny):
    one = model()
    with pytest.raises(ValueError, match="q_proj has rows of 64 weights, which are no groups of 48"):
        quantization.rounded(one, Format(4, 48))
    with pytest.raises(ValueError, match="hqq searches for its levels"):
        quantization.fake(one, Format(4, 64, "hqq"))
    assert torch.equal(said(one), said(model()))
    with pytest.raises(ValueError, match="at each use already"):
        quantization.fake(quantization.fake(model(), Format(4, 32)), Format(4, 32))
    with pytest.raises(ValueError, match="has an adapter"):
        quantization.fake(add_lora(model(), tiny.lora, 0), Format(4, 32))
    with pytest.raises(ValueError, match="quantized already"):
        quantization.fake(models.load_student(tiny)[0], Format(4, 32))


def test_the_exercises_are_the_format_s_own_rule():
    random.seed(0)
    for _ in range(20):
        group, bits = exercises.a_group()
        found = exercises.rounded_group(group, bits)
        step = (max(group) - min(group)) / (2**bits - 1)
        assert len(set(found)) <= 2**bits
        assert all(abs(a - b) <= step / 2 + 1e-9 for a, b in zip(group, found, strict=True))
    for right, slips, draw in (
        (exercises.rounded_group, exercises.GROUP_SLIPS, exercises.a_group),
        (exercises.bytes_of, exercises.BYTES_SLIPS, exercises.some_codes),
    ):
        cases = [draw() for _ in range(6)]
        for slip in slips:
            assert any(slip(*case) != right(*case) for case in cases)
