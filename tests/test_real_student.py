"""The real student's folder: loads in 4 bits, pads with a token of its own, and learns where an answer ends."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from real import student as real_student
from real import traces as real_traces
from tiny_models import QUESTIONS, sizes, tokenizer_of
from transformers import LlamaConfig, LlamaForCausalLM

from helpers import methods, models, tiers
from helpers.tiers import ModelSpec

pytestmark = pytest.mark.tools

# As SmolLM2's: a system turn that nobody asked for, and a beginning that is in fact every turn's.
TEMPLATE = (
    "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\nBe helpful.<|im_end|>\n"
    "{% endif %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    """The tiny tier with a random model of SmolLM2's kind and faults, saved as the real one is."""
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    tokenizer = tokenizer_of(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], [], TEMPLATE,
        bos_token="<|im_start|>", eos_token="<|im_start|>", pad_token="<|im_end|>",
    )  # fmt: skip
    named = {key: value for key, value in sizes(tokenizer).items() if key != "head_dim"}
    named["eos_token_id"] = tokenizer.convert_tokens_to_ids("<|im_end|>")
    torch.manual_seed(0)
    real_student.save(LlamaForCausalLM(LlamaConfig(**named)), tokenizer, tmp_path / "student")
    return replace(tiny, student=ModelSpec("student"), batch_size=4, micro_batch=2)


def test_it_loads_in_four_bits_and_is_asked_in_its_own_template(tier):
    model, tokenizer = models.load_student(tier)
    assert model.is_loaded_in_4bit and not hasattr(model.get_output_embeddings().weight, "quant_state")
    prompt = tokenizer.decode(models.prompt_ids(tokenizer, QUESTIONS[0]))
    assert prompt == models.chat_prompt(tokenizer, QUESTIONS[0]) and prompt.count("<|im_start|>") == 3


def test_what_is_padded_with_never_ends_an_answer(tier):
    model, tokenizer = models.load_student(tier)
    assert tokenizer.pad_token == real_student.PAD != tokenizer.eos_token
    assert model.generation_config.pad_token_id == model.config.pad_token_id == tokenizer.pad_token_id


def test_the_end_of_the_answer_is_learnt_and_the_prompt_is_not(tier, tmp_path):
    rows = real_traces.read(real_traces.SHIPPED).select(range(2)).to_list()
    rows = [row | {"teacher_answer": f"<think>\nIt is {i}.\n</think>\n\n{i}"} for i, row in enumerate(rows)]
    student, tokenizer = models.load_student(tier)
    dataset = real_traces.store.as_dataset(rows, "{}")
    trainer = methods.Token(tier, 0, dataset).trainer((student, tokenizer))
    (batch,) = trainer.get_train_dataloader()
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        learnt = tokenizer.decode(ids[labels != -100])
        assert learnt.startswith("<think>\nIt is ") and learnt.endswith("<|im_end|>\n")
        assert tokenizer.eos_token_id in labels and tokenizer.pad_token_id not in labels


def test_the_folder_is_made_once_and_never_half(tmp_path, monkeypatch):
    made = []

    def load():
        made.append(1)
        quantizer = SimpleNamespace(remove_quantization_config=lambda model: None)
        return SimpleNamespace(hf_quantizer=quantizer), None

    def save(model, tokenizer, folder):
        folder.mkdir()
        if len(made) == 1:
            raise KeyboardInterrupt
        (folder / "config.json").touch()

    monkeypatch.setattr(real_student.smollm2, "load", load)
    monkeypatch.setattr(real_student, "save", save)
    with pytest.raises(KeyboardInterrupt):
        real_student.make(tmp_path / "student")
    assert not (tmp_path / "student").exists()
    assert real_student.make(tmp_path / "student") == real_student.make(tmp_path / "student") == tmp_path / "student"
    assert len(made) == 2 and [path.name for path in tmp_path.iterdir()] == ["student"]
