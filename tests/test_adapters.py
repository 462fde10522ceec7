"""Several adapters on one base: each as if alone, what each way of PEFT's to fuse them gives, and answering as one."""

import json
from dataclasses import replace

import pytest
import torch
from tiny_models import QUESTIONS

from helpers import check, generation, models
from helpers.evaluation import benchmark
from helpers.models import adapters
from helpers.models.adapters import WAYS, error_of, fuse, hear, load_adapters, save_adapter, updates

NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def folders(tiny, tmp_path_factory):
    """Three adapters that say something, drawn each by itself."""
    return {name: drawn(tiny, tmp_path_factory.mktemp(name), seed) for seed, name in enumerate(NAMES, 1)}


def drawn(tiny, folder, seed, first=None, **how):
    """first: of the A; as of the B, which is 0 in a fresh adapter, if None."""
    model = models.add_lora(models.load_student(tiny)[0], replace(tiny.lora, r=4, alpha=8), first or seed)
    random = torch.Generator().manual_seed(seed)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            weight.data.copy_(0.1 * torch.randn(weight.shape, generator=random))
    model.peft_config["default"].use_rslora = how.get("rslora", False)
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def model(tiny, folders):
    return load_adapters(tiny, folders)[0]


def logits(model, tokenizer) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([model(torch.tensor([models.prompt_ids(tokenizer, one)])).logits[0] for one in QUESTIONS])


def test_each_is_heard_as_if_it_were_alone_and_none_is_trained(tiny, folders):
    model, tokenizer = load_adapters(tiny, folders)
    for name, folder in folders.items():
        alone, _ = models.load_student(tiny, adapter=folder)
        assert torch.allclose(logits(hear(model, name), tokenizer), logits(alone, tokenizer), atol=1e-4)
    assert not any(weight.requires_grad for weight in model.parameters())


def test_cat_is_the_weighed_sum_and_svd_the_nearest_of_its_rank(model):
    weights = {"a": 0.5, "b": -1.0, "c": 2.0}
    for way, name, rank in (("cat", "cat", None), ("svd", "svd", None), ("svd", "whole", 12)):
        fuse(model, weights, way, name, rank=rank)
    assert error_of(model, "cat", weights) < 1e-6 and error_of(model, "whole", weights) < 1e-5
    far = whole = 0.0
    parts = {name: dict(updates(model, name)) for name in weights}
    for layer in parts["a"]:
        left = torch.linalg.svdvals(sum(weight * parts[name][layer] for name, weight in weights.items())) ** 2
        far, whole = far + left[4:].sum().item(), whole + left.sum().item()
    assert error_of(model, "svd", weights) == pytest.approx((far / whole) ** 0.5, rel=1e-3)


def test_linear_has_cross_terms_by_hand(model):
    """(Σ √wᵢ Bᵢ)(Σ √wᵢ Aᵢ) with the scale under the roots."""
    weights = {"a": 0.5, "b": 2.0}
    fuse(model, weights, "linear", "linear")
    found = dict(updates(model, "linear"))
    for layer, update in found.items():
        module = model.get_submodule(layer)
        a, b = (sum((weights[n] * module.scaling[n]) ** 0.5 * side[n].weight for n in weights)
                for side in (module.lora_A, module.lora_B))  # fmt: skip
        assert torch.allclose(update, b @ a, atol=1e-5)


@pytest.mark.parametrize("count", [2, 3])
def test_linear_errs_by_as_much_as_it_sums_and_by_more_where_the_adapters_began_alike(tiny, folders, tmp_path, count):
    """Of n adapters drawn apart the error is √(n-1); with one A for all, the update is n times the sum: n - 1."""
    apart = dict.fromkeys(NAMES[:count], 1.0)
    model, _ = load_adapters(tiny, {name: folders[name] for name in apart})
    assert error_of(fuse(model, apart, "linear", "f"), "f", apart) == pytest.approx((count - 1) ** 0.5, rel=0.15)
    alike = {name: drawn(tiny, tmp_path / name, seed, first=7) for seed, name in enumerate(apart, 1)}
    model, _ = load_adapters(tiny, alike)
    assert error_of(fuse(model, apart, "linear", "f"), "f", apart) == pytest.approx(count - 1, rel=1e-3)


def test_the_others_err_too_and_what_is_drawn_goes_by_the_seed(model):
    weights = dict.fromkeys(NAMES, 1.0)
    before = torch.random.get_rng_state()
    for way in ("ties", "dare_linear", "dare_ties"):
        assert error_of(fuse(model, weights, way, way), way, weights) > 0.3
    fuse(model, weights, "dare_linear", "again"), fuse(model, weights, "dare_linear", "other", seed=1)
    errors = [error_of(model, name, weights) for name in ("dare_linear", "again", "other")]
    assert errors[0] == errors[1] != errors[2]
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_peft_would_pass_over_is_refused(tiny, model, tmp_path):
    with pytest.raises(ValueError, match="called 'mean' to fuse"):
        fuse(model, {"a": 1.0, "b": 1.0}, "mean", "f")
    with pytest.raises(ValueError, match="'b' already"):
        fuse(model, {"a": 1.0, "b": 1.0}, "cat", "b")
    with pytest.raises(ValueError, match="density is 1"):
        fuse(model, {"a": 1.0, "b": 1.0}, "ties", "f", density=1)
    wide = {name: drawn(tiny, tmp_path / name, seed, rslora=True) for seed, name in enumerate("ab")}
    with pytest.raises(ValueError, match="rsLoRA"):
        fuse(load_adapters(tiny, wide)[0], {"a": 1.0, "b": 1.0}, "cat", "f")
    with pytest.raises(FileNotFoundError, match="no adapter in"):
        load_adapters(tiny, {"a": tmp_path})
    with pytest.raises(ValueError, match="at least one"):
        load_adapters(tiny, {})


def test_peft_s_sum_of_adapters_with_rslora_is_another(tiny, tmp_path, monkeypatch):
    """Why they are refused: once this fails, they need not be."""
    wide = {name: drawn(tiny, tmp_path / name, seed, rslora=True) for seed, name in enumerate("ab")}
    model, _ = load_adapters(tiny, wide)
    model.add_weighted_adapter(["a", "b"], [1.0, 1.0], "f", combination_type="cat")
    assert error_of(model, "f", {"a": 1.0, "b": 1.0}) == pytest.approx(8**0.5 - 1, rel=1e-3)


def test_a_fused_one_is_saved_as_any_other_and_can_be_trained_further(tiny, model, tmp_path):
    fuse(model, dict.fromkeys(NAMES, 1 / 3), "svd", "f")
    tokenizer = models.load_tokenizer(tiny, "student")
    for _ in range(2):
        folder = save_adapter(model, "f", tmp_path / "fused")
    again, _ = models.load_student(tiny, adapter=folder, trainable=True)
    assert torch.allclose(logits(again, tokenizer), logits(model, tokenizer), atol=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fused"]
    layers = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["target_modules"]
    assert layers == sorted(model.peft_config["f"].target_modules), "in every process the same file"
    assert any(weight.requires_grad for weight in again.parameters())


def test_several_answer_as_one_word_for_word(tiny, folders):
    """By hand: one question, token by token, from the mean of the probabilities of each adapter by itself."""
    model, tokenizer = load_adapters(tiny, folders)
    found = generation.generate(model, tokenizer, QUESTIONS, 6, 3, progress=False, voices=NAMES)
    for question, answer in zip(QUESTIONS, found, strict=True):
        prompt = ids = models.prompt_ids(tokenizer, question)
        for _ in range(6):
            with torch.no_grad():
                each = [hear(model, name)(torch.tensor([ids])).logits[0, -1].softmax(-1) for name in NAMES]
            ids = [*ids, sum(each).argmax().item()]
        wanted = generation.with_transformers.answer_of(
            ids[len(prompt) :], generation.with_transformers.end_tokens(model, tokenizer), tokenizer, answer.opened
        )
        assert answer.text == wanted.text


def test_one_voice_alone_is_that_adapter(tiny, folders):
    model, tokenizer = load_adapters(tiny, folders)
    alone = generation.generate(hear(model, "b"), tokenizer, QUESTIONS, 6, progress=False)
    hear(model, "a")
    for voices in (("b",), ("b", "b")):
        assert generation.generate(model, tokenizer, QUESTIONS, 6, progress=False, voices=voices) == alone
    with pytest.raises(ValueError, match="greedily alone"):
        generation.generate(model, tokenizer, QUESTIONS, 6, temperature=0.5, progress=False, voices=("b",))


def test_an_exam_of_several(tiny, folders):
    exam = benchmark.draw_benchmark(tiny, 4, 0, 0)
    found = benchmark.ensemble(exam, tiny, folders)
    assert len(found.asked) == 4 and len(found.seeds) == 3 and found.parameters
    one = benchmark.ensemble(exam, tiny, {"b": folders["b"]})
    assert [a.text for a in one.asked] == [a.text for a in benchmark.student(exam, tiny, folders["b"]).asked]


def test_ways_are_those_of_peft(model):
    """Each can be called; there is none that PEFT would take for another."""
    for way in WAYS:
        fuse(model, {"a": 1.0, "b": 0.5}, way, f"by {way}".replace(" ", "-"))
    assert tuple(way for way in WAYS if way.startswith(("ties", "dare"))) == adapters.SPARSE


def test_the_exercise_s_error_is_that_of_the_table_and_its_known_mistakes_are_told(model, capsys):
    weights = {"a": 1.0, "b": 1.0}
    fuse(model, weights, "linear", "f")
    found, *parts = (torch.cat([one.flatten() for _, one in updates(model, name)]).tolist() for name in "fab")
    wanted = [sum(pair) for pair in zip(*parts, strict=True)]
    assert adapters.relative_error(found, wanted) == pytest.approx(error_of(model, "f", weights), rel=1e-4)
    for slip, said in adapters.ERROR_SLIPS.items():
        check.function(slip, adapters.relative_error, [([1.0, -2.0, 4.0], [3.0, 1.0, 1.0])], adapters.ERROR_SLIPS)
        assert said in capsys.readouterr().out
