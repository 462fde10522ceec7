"""helpers.models.loading on random models of both architectures: whole, in 4 bits, with an adapter, or refused."""

import shutil
from dataclasses import replace

import pytest
import torch
from tiny_models import QUESTIONS

from helpers import models
from helpers.models import loading, threads
from helpers.tiers import TIERS, Lora, ModelSpec

LORA = Lora(r=4, alpha=8, learning_rate=1e-2)
LINEAR = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def logits(model, tokenizer, **settings) -> torch.Tensor:
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    return model(input_ids=ids, **settings).logits


def linear_layers(model) -> dict[str, torch.nn.Module]:
    return {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}


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
LFS = "is a pointer of Git LFS and not the file: get it with `git lfs pull`"
HALF = r"is no whole file of weights \([\d,]+ bytes\): copy or download it again\. .*header: {}"
BROKEN = {
    "a pointer": (lambda content: POINTER, LFS),
    "half": (lambda content: content[: len(content) // 2], HALF.format("incomplete metadata, file not fully covered")),
    "the header": (lambda content: content[:100], HALF.format("invalid header length")),
    "nothing": (lambda content: b"", HALF.format("header too small")),
    "another file": (lambda content: b"<html>Not found</html>", HALF.format("header too large")),
    "too much": (lambda content: content + b"\0", HALF.format("incomplete metadata")),
}


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
    with pytest.raises(OSError, match=r"adapter_model\.safetensors is no whole file of weights .*: copy or download"):
        models.load_student(tiny, adapter=tmp_path)


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


def test_a_tokenizer_that_cannot_be_had_names_role_and_mend(tiny, tmp_path):
    missing = replace(tiny, teacher=ModelSpec(str(tmp_path / "nowhere")))
    with pytest.raises(OSError, match=r"tokenizer of .*nowhere, the teacher, could .*: name a folder that has config"):
        models.load_tokenizer(missing, "teacher")
    ours = replace(tiny, teacher=ModelSpec("data/mini/nowhere"))
    with pytest.raises(OSError, match=r"tokenizer of .*nowhere, the teacher, could .*: `make mini-models` makes the"):
        models.load_tokenizer(ours, "teacher")


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


@pytest.fixture
def own_threads(monkeypatch):
    """The number of threads is the test's own."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_by_itself", lambda: 2)
    yield
    torch.set_num_threads(before)


def test_a_small_model_has_one_thread_and_a_large_one_all(tiny, own_threads, monkeypatch):
    torch.set_num_threads(2)
    models.load_student(tiny)
    assert torch.get_num_threads() == 1
    monkeypatch.setattr(threads, "FEW", 10)
    models.load_student(tiny)
    assert torch.get_num_threads() == 2


def test_the_threads_that_someone_has_set_stay(tiny, own_threads, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    torch.set_num_threads(2)
    models.load_student(tiny)
    assert torch.get_num_threads() == 2
