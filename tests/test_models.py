"""helpers.models on random models of both architectures: loading, adapters, counting, unloading, prompts."""

import math
import shutil
from dataclasses import replace

import pytest
import torch
from tiny_models import QUESTIONS, save, tokenizer_of

from helpers import memory, models
from helpers.models import loading, lora
from helpers.tiers import TIERS, Lora, ModelSpec

LORA = Lora(r=4, alpha=8, learning_rate=1e-2)
LINEAR = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def logits(model, tokenizer, **settings) -> torch.Tensor:
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    return model(input_ids=ids, **settings).logits


def linear_layers(model) -> dict[str, torch.nn.Module]:
    return {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}


def adapted_layers(model) -> list[str]:
    return [name.partition(".lora_A")[0] for name, _ in model.named_parameters() if "lora_A" in name]


# --- loading ------------------------------------------------------------------------------------


def test_each_role_is_its_own_architecture(tiny):
    loaded = [models.load_teacher(tiny), models.load_student(tiny), models.load_sibling(tiny)]
    assert [type(model).__name__[:6] for model, _ in loaded] == ["Qwen3F", "Gemma3", "Qwen3F"]
    for model, tokenizer in loaded:
        assert not model.training
        assert tokenizer.padding_side == "left", "the saved tokenizers pad on the right"
        assert {p.dtype for p in model.parameters()} <= {torch.float32, torch.uint8}, "float16 would overflow"


def test_four_bits_hold_the_linear_layers_and_not_the_output(tiny):
    from bitsandbytes.nn import Linear4bit

    model, tokenizer = models.load_student(tiny)
    packed = {name for name, module in linear_layers(model).items() if isinstance(module, Linear4bit)}
    assert {name.rpartition(".")[2] for name in packed} == LINEAR
    assert model.lm_head.weight.dtype == torch.float32
    assert next(iter(linear_layers(model).values())).weight.quant_state.quant_type == "nf4"
    whole, _ = models.load_student(tiny, four_bit=False)
    assert not any(isinstance(module, Linear4bit) for module in whole.modules())
    with torch.no_grad():
        near, exact = logits(model, tokenizer).log_softmax(-1), logits(whole, tokenizer).log_softmax(-1)
    difference = (exact.exp() * (exact - near)).sum(-1).mean()
    assert 0 < difference < 1, "4 bits change the output, and not beyond recognition"


def test_loading_is_quiet(tiny, capfd):
    """The folders are small and near: a bar would stay in the notebook and tell nothing."""
    models.load_student(tiny)
    assert capfd.readouterr() == ("", "")


def test_the_teacher_is_whole_unless_asked(tiny):
    teacher, _ = models.load_teacher(tiny)
    assert not getattr(teacher, "is_loaded_in_4bit", False)


def test_a_missing_folder_names_the_mend(tiny):
    broken = replace(tiny, teacher=ModelSpec("data/mini/nowhere"))
    with pytest.raises(FileNotFoundError, match=r"data/mini/nowhere.*make mini-models"):
        models.load_teacher(broken)


@pytest.mark.parametrize("there", [(), ("config.json",), ("model.safetensors",)])
def test_a_missing_folder_of_ones_own_is_not_told_to_be_made(tiny, tmp_path, there):
    for name in there:
        (tmp_path / name).write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"there is no model in .*: name a folder that has config") as caught:
        models.load_student(replace(tiny, student=ModelSpec(str(tmp_path))))
    assert "mini-models" not in str(caught.value)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2304960\n"
BROKEN = {
    "a pointer": (lambda content: POINTER, "is a pointer of Git LFS and not the file: get it with `git lfs pull`"),
    "half": (lambda content: content[: len(content) // 2], r"has [\d,]+ bytes of [\d,]+: copy or download it again"),
    "the header": (lambda content: content[:100], r"is no whole file of weights \(100 bytes\)"),
    "nothing": (lambda content: b"", r"is no whole file of weights \(0 bytes\)"),
    "another file": (lambda content: b"<html>Not found</html>", "is no whole file of weights"),
    "too much": (lambda content: content + b"\0", r"has [\d,]+ bytes of [\d,]+"),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_weights_that_are_not_whole_are_named(tiny, tmp_path, how):
    folder = tmp_path / "mine"
    shutil.copytree(tiny.student.source, folder)
    change, told = BROKEN[how]
    (folder / "model.safetensors").write_bytes(change((folder / "model.safetensors").read_bytes()))
    with pytest.raises(OSError, match=rf"mine/model\.safetensors {told}"):
        models.load_student(replace(tiny, student=ModelSpec(str(folder))))


def test_a_tokenizer_that_is_a_pointer_and_a_part_that_is_missing_are_named(tiny, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(tiny.student.source, folder)
    own = replace(tiny, student=ModelSpec(str(folder)))
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "b-2.safetensors"}}')
    with pytest.raises(OSError, match=r"mine has no b-2\.safetensors, which model\.safetensors\.index\.json names"):
        models.load_student(own)
    (folder / "tokenizer.json").write_bytes(POINTER)
    for load in (models.load_student, lambda tier: models.load_tokenizer(tier, "student")):
        with pytest.raises(OSError, match=r"mine/tokenizer\.json is a pointer of Git LFS"):
            load(own)


def test_no_sibling_is_said(tiny):
    with pytest.raises(ValueError, match="mini tier has no sibling"):
        models.load_sibling(replace(tiny, sibling=None))


@pytest.mark.parametrize(
    ("trouble", "mend"),
    [
        ("You are trying to access a gated repo.", "accept the terms on https://huggingface.co/google/gemma-3-1b-it"),
        ("403 Client Error: Forbidden", "hf auth login"),
        ("We couldn't connect to 'https://huggingface.co'", "DISTILL_TIER=mini"),
    ],
)
def test_what_the_hub_refuses_names_the_mend(monkeypatch, trouble, mend):
    import transformers

    def refuse(name, revision):
        assert (name, revision) == (spec.name, spec.revision)
        raise OSError(trouble)

    spec = TIERS["full"].student
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", refuse)
    with pytest.raises(OSError, match=mend) as caught:
        models.load_student(TIERS["full"])
    assert spec.revision in str(caught.value)


def test_padding_with_the_end_token_is_refused(tiny, tmp_path):
    """The loss leaves padding out: a model whose padding is its end token never learns to end."""
    student, tokenizer = models.load_student(tiny, four_bit=False)
    tokenizer.pad_token = tokenizer.eos_token
    student.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"set tokenizer\.pad_token"):
        models.load_student(replace(tiny, student=ModelSpec(str(tmp_path))))


def test_weights_are_not_loaded_from_pickle(tiny, tmp_path):
    student, tokenizer = models.load_student(tiny, four_bit=False)
    student.config.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    torch.save(student.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        models.load_student(replace(tiny, student=ModelSpec(str(tmp_path))))


def test_an_adapter_comes_back(tiny, tmp_path):
    student, tokenizer = models.load_student(tiny)
    adapted = models.add_lora(student, LORA, seed=0)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.1)
    expected = logits(adapted.eval(), tokenizer)
    adapted.save_pretrained(tmp_path)
    again, _ = models.load_student(tiny, adapter=tmp_path)
    assert torch.allclose(logits(again, tokenizer), expected, atol=1e-5)
    assert models.parameter_count(again, trainable=True) == 0
    further, _ = models.load_student(tiny, adapter=tmp_path, trainable=True)
    assert models.parameter_count(further, trainable=True) == models.parameter_count(adapted, trainable=True) > 0


def test_a_missing_adapter_is_named(tiny, tmp_path):
    (tmp_path / "adapter_model.bin").touch()  # a pickle is no adapter
    with pytest.raises(FileNotFoundError, match=r"adapter_model\.safetensors"):
        models.load_student(tiny, adapter=tmp_path)


def test_an_adapter_that_is_not_whole_is_named(tiny, tmp_path):
    models.add_lora(models.load_student(tiny)[0], LORA, seed=0).save_pretrained(tmp_path)
    weights = tmp_path / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(OSError, match=r"adapter_model\.safetensors has [\d,]+ bytes of [\d,]+: copy or download"):
        models.load_student(tiny, adapter=tmp_path)


# --- the tokenizer alone --------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["teacher", "student", "sibling"])
def test_the_tokenizer_alone_is_the_one_beside_the_model(tiny, role):
    alone = models.load_tokenizer(tiny, role)
    _, beside = getattr(models, f"load_{role}")(tiny)
    assert alone.get_vocab() == beside.get_vocab() and alone.chat_template == beside.chat_template
    assert models.prompt_ids(alone, QUESTIONS[1]) == models.prompt_ids(beside, QUESTIONS[1])
    assert alone(QUESTIONS, padding=True).input_ids == beside(QUESTIONS, padding=True).input_ids
    assert alone.padding_side == beside.padding_side == "left"


def test_the_tokenizer_alone_needs_no_weights(tiny, tmp_path):
    models.load_tokenizer(tiny, "teacher").save_pretrained(tmp_path)
    moved = replace(tiny, teacher=ModelSpec(str(tmp_path)))
    assert models.load_tokenizer(moved, "teacher")("Why?").input_ids
    with pytest.raises(FileNotFoundError):
        models.load_teacher(moved)


def test_a_tokenizer_that_cannot_be_had_names_role_and_mend(tiny, tmp_path, monkeypatch):
    from transformers import AutoTokenizer

    missing = replace(tiny, teacher=ModelSpec(str(tmp_path / "nowhere")))
    with pytest.raises(OSError, match=r"tokenizer of .*nowhere, the teacher, could .*: name a folder that has config"):
        models.load_tokenizer(missing, "teacher")
    ours = replace(tiny, teacher=ModelSpec("data/mini/nowhere"))
    with pytest.raises(OSError, match=r"tokenizer of .*nowhere, the teacher, could .*: `make mini-models` makes the"):
        models.load_tokenizer(ours, "teacher")

    def gated(name, revision):
        assert (name, revision) == ("google/gemma", "abc")
        raise OSError("a gated repo")

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", gated)
    mend = r"tokenizer of google/gemma, the student, .* accept the terms on .*google/gemma and log in with `hf auth"
    with pytest.raises(OSError, match=mend):
        models.load_tokenizer(replace(tiny, student=ModelSpec("google/gemma", "abc")), "student")


def test_a_tokenizer_that_pads_with_its_end_is_refused_alone_too(tiny, tmp_path):
    tokenizer = models.load_tokenizer(tiny, "student")
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"set tokenizer\.pad_token"):
        models.load_tokenizer(replace(tiny, student=ModelSpec(str(tmp_path))), "student")


def test_roles_that_there_are_not_are_refused(tiny):
    with pytest.raises(ValueError, match="mini tier has no sibling"):
        models.load_tokenizer(replace(tiny, sibling=None), "sibling")
    with pytest.raises(ValueError, match="no role called 'data'; choose from teacher, student, sibling"):
        models.load_tokenizer(tiny, "data")


# --- adapters -----------------------------------------------------------------------------------


@pytest.mark.parametrize("four_bit", [True, False])
@pytest.mark.parametrize("load", [models.load_student, models.load_sibling])
def test_only_the_adapter_learns(tiny, load, four_bit):
    base, tokenizer = load(tiny, four_bit=four_bit)
    frozen = {name: weight.clone() for name, weight in base.named_parameters()}
    model = models.add_lora(base, LORA, seed=0).train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    for _ in range(2):  # the adapter's A gets a gradient once B is no longer zero
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    with_gradient = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert with_gradient == {name for name, _ in model.named_parameters() if "lora_" in name}
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters() if weight.grad is not None)
    after = dict(base.named_parameters())
    assert all(torch.equal(after[name.replace("_proj.", "_proj.base_layer.")], old) for name, old in frozen.items())


def test_a_model_in_four_bits_still_learns_after_it_was_scored(tiny):
    """bitsandbytes packs layers at the first evaluation on some processors; packed layers passed no gradient on."""
    student, tokenizer = models.load_student(tiny)
    model = models.add_lora(student, LORA, seed=0)

    def gradients() -> dict[str, torch.Tensor]:
        model.zero_grad()
        logits(model.train(), tokenizer).sum().backward()
        return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}

    before = gradients()
    with torch.no_grad():
        trained = logits(model.train(), tokenizer)
        assert torch.equal(logits(model.eval(), tokenizer), trained), "evaluation must not round differently"
    after = gradients()
    assert before.keys() == after.keys() and all(torch.equal(after[name], grad) for name, grad in before.items())


def test_a_fresh_adapter_changes_nothing_yet(tiny):
    student, tokenizer = models.load_student(tiny)
    before = logits(student, tokenizer)
    assert torch.equal(logits(models.add_lora(student, LORA, seed=0).eval(), tokenizer), before)


def test_the_seed_makes_the_adapter_and_nothing_else(tiny):
    def weights(seed):
        model = models.add_lora(models.load_student(tiny)[0], LORA, seed)
        return torch.cat([p.flatten() for name, p in model.named_parameters() if "lora_A" in name])

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = weights(0)
    assert torch.equal(torch.rand(3), expected), "the caller's random numbers were disturbed"
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))


def test_all_linear_layers_are_all_but_the_output(tiny):
    model = models.add_lora(models.load_student(tiny)[0], LORA, seed=0)
    assert {name.rpartition(".")[2] for name in adapted_layers(model)} == LINEAR


def test_named_targets_get_an_adapter_each(tiny):
    lora = replace(LORA, targets=("q_proj", "layers.1.mlp.up_proj"))
    model = models.add_lora(models.load_student(tiny)[0], lora, seed=0)
    names = [name.partition("layers.")[2] for name in adapted_layers(model)]
    assert sorted(names) == ["0.self_attn.q_proj", "1.mlp.up_proj", "1.self_attn.q_proj"]


def test_a_target_that_is_not_there_is_refused_by_name(tiny):
    """Gemma 3 has gate_proj and up_proj. PEFT takes gate_up_proj beside names that match and leaves both out."""
    student, _ = models.load_student(tiny)
    with pytest.raises(ValueError, match=r"'gate_up_proj'.*down_proj, gate_proj, k_proj"):
        models.add_lora(student, replace(LORA, targets=("q_proj", "gate_up_proj")), seed=0)


@pytest.mark.parametrize("target", ["lm_head", "model.lm_head"])
def test_the_output_layer_gets_no_adapter(tiny, target):
    with pytest.raises(ValueError, match="lm_head takes no adapter"):
        models.add_lora(models.load_student(tiny)[0], replace(LORA, targets=("q_proj", target)), seed=0)


# --- counting, unloading ------------------------------------------------------------------------


def expected_parameters(vocabulary: int, gemma: bool) -> int:
    width, inner, heads = 64, 128, 32
    attention = width * 2 * heads * 2 + width * heads * 2 + 2 * heads  # q and o, k and v, the norms of q and k
    block = attention + 3 * width * inner + width * (4 if gemma else 2)
    return vocabulary * width + 2 * block + width  # the output layer is the embedding


@pytest.mark.parametrize("four_bit", [True, False])
def test_parameters_are_counted_and_not_bytes(tiny, four_bit):
    student, tokenizer = models.load_student(tiny, four_bit=four_bit)
    assert models.parameter_count(student) == expected_parameters(len(tokenizer), gemma=True)
    sibling, tokenizer = models.load_sibling(tiny, four_bit=four_bit)
    assert models.parameter_count(sibling) == expected_parameters(len(tokenizer), gemma=False)


def test_an_adapter_counts_on_top(tiny):
    student, _ = models.load_student(tiny)
    base = models.parameter_count(student)
    shapes = [math.prod(layer.weight.quant_state.shape) and layer.weight.quant_state.shape
              for name, layer in linear_layers(student).items() if name != "lm_head"]  # fmt: skip
    model = models.add_lora(student, LORA, seed=0)
    added = sum(LORA.r * (rows + columns) for rows, columns in shapes)
    assert models.parameter_count(model, trainable=True) == added
    assert models.parameter_count(model) == base + added


@pytest.fixture(scope="module")
def large(tiny, tmp_path_factory):
    """A student of 25 million weights, so that its memory stands out."""
    from transformers import Gemma3ForCausalLM

    small, tokenizer = models.load_student(tiny, four_bit=False)
    small.config.hidden_size, small.config.intermediate_size = 256, 16_384
    return replace(tiny, student=save(tmp_path_factory.mktemp("large"), Gemma3ForCausalLM(small.config), tokenizer))


@pytest.mark.parametrize(("four_bit", "megabytes"), [(True, 13), (False, 100)])
def test_unload_returns_memory_though_the_model_is_still_named(large, four_bit, megabytes):
    memory.give_back()
    before = memory.current()
    model, tokenizer = models.load_student(large, four_bit=four_bit)
    logits(model, tokenizer)  # on a CPU a weight takes memory from its first use on
    memory.give_back()
    held = memory.current() - before
    assert held > 0.8 * megabytes
    models.unload(model)
    assert memory.current() - before < 0.3 * held
    with pytest.raises(RuntimeError, match="load it again"):
        logits(model, tokenizer)


def test_unload_takes_adapted_models(tiny):
    student, tokenizer = models.load_student(tiny)
    adapted = models.add_lora(student, LORA, seed=0)
    models.unload(adapted)
    for model in (adapted, student):
        with pytest.raises(RuntimeError, match="load it again"):
            logits(model, tokenizer)


# --- prompts ------------------------------------------------------------------------------------


def test_the_prompt_ends_where_the_answer_begins(tiny):
    _, qwen = models.load_teacher(tiny)
    _, gemma = models.load_student(tiny)
    assert models.chat_prompt(qwen, "Why?") == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n<think>\n"
    assert models.chat_prompt(gemma, "Why?") == (
        "<bos><start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n"
    )


def test_the_ids_are_the_prompt_and_have_one_bos(tiny):
    for load in (models.load_teacher, models.load_student):
        _, tokenizer = load(tiny)
        ids = models.prompt_ids(tokenizer, QUESTIONS[1])
        assert tokenizer.decode(ids) == models.chat_prompt(tokenizer, QUESTIONS[1])
        assert tokenizer.bos_token_id is None or ids.count(tokenizer.bos_token_id) == 1


@pytest.mark.parametrize(("template", "count"), [("<bos><bos>{{ messages[0].content }}", 2), ("no bos", 0)])
def test_a_template_with_two_bos_or_none_is_refused(template, count):
    tokenizer = tokenizer_of(["<pad>", "<bos>", "<eos>"], [], template, bos_token="<bos>", eos_token="<eos>")
    with pytest.raises(ValueError, match=f"{count} BOS"):
        models.prompt_ids(tokenizer, "Why?")


# --- CUDA, as far as it can be seen from here ---------------------------------------------------


def test_a_gpu_without_unsloth_names_the_mend(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(__import__("sys").modules, "unsloth", None)
    for load in (models.load_student, lambda tier: models.load_tokenizer(tier, "student")):
        with pytest.raises(ImportError, match=r"requirements-gpu\.txt"):
            load(TIERS["full"])


@pytest.mark.parametrize(("native", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_bfloat16_only_where_the_gpu_has_it(monkeypatch, native, dtype):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    assert loading._dtype() == dtype


@pytest.mark.parametrize(("rank", "device"), [(None, "cuda:0"), ("0", "cuda:0"), ("3", "cuda:3")])
def test_each_process_has_its_own_card(monkeypatch, rank, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("LOCAL_RANK", rank)
    assert loading._device() == device


def test_without_a_card_there_is_none_to_choose(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert loading._device() == "cpu"


def test_an_adapter_has_as_many_weights_as_are_counted(tiny):
    student, _ = models.load_student(tiny, four_bit=False)
    layers = [module for name, module in student.named_modules()
              if isinstance(module, torch.nn.Linear) and name != "lm_head"]  # fmt: skip
    wanted = sum(lora.lora_weights(layer.in_features, layer.out_features, tiny.lora.r) for layer in layers)
    assert models.parameter_count(models.add_lora(student, tiny.lora, 0), trainable=True) == wanted


def test_one_target_may_be_a_word_and_none_is_refused(tiny):
    student, _ = models.load_student(tiny)
    assert lora.lora_targets(student, "q_proj") == ["q_proj"]
    with pytest.raises(ValueError, match="no layer is to get an adapter"):
        lora.lora_targets(student, ())
    with pytest.raises(ValueError, match="is called 'qproj'"):
        lora.lora_targets(student, "qproj")
