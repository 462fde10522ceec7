"""The mini models as they are shipped: their shapes, their tokenizers, and that they score what their cards say."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from transformers import AutoTokenizer

from data.making.skills import KINDS, draw_skills
from helpers import evaluation, generation, models, problems, tiers

ROOT = tiers.ROOT
MINI = ROOT / "data" / "mini"
ROLES = ("teacher", "student", "sibling")
ARCHITECTURES = {"teacher": "Qwen3ForCausalLM", "student": "Gemma3ForCausalLM", "sibling": "Qwen3ForCausalLM"}
LOADERS = {
    "teacher": models.load_teacher,
    "student": lambda tier: models.load_student(tier, four_bit=False),
    "sibling": lambda tier: models.load_sibling(tier, four_bit=False),
}
# Fresh seeds: neither the cards' problems nor those that settings were chosen on.
SEED = 101


@pytest.fixture(scope="module", params=ROLES)
def shipped(request):
    """A role, its model, its tokenizer and its card's figures."""
    model, tokenizer = LOADERS[request.param](tiers.TIERS["mini"])
    return request.param, model, tokenizer, json.loads((MINI / request.param / "scores.json").read_text())


def test_all_weights_together_are_small():
    size = sum(path.stat().st_size for path in MINI.rglob("*") if path.is_file())
    assert 1e6 < size < 40e6


def test_architecture_and_widths(shipped):
    role, model, tokenizer, scores = shipped
    config = model.config
    assert config.architectures == [ARCHITECTURES[role]]
    widths = [config.hidden_size, config.intermediate_size, config.head_dim, config.vocab_size]
    assert all(width % 64 == 0 for width in widths), widths
    assert 300 <= len(tokenizer) <= 2000 and len(tokenizer) <= config.vocab_size
    assert models.parameter_count(model) == scores["parameters"]
    with safe_open(MINI / role / "model.safetensors", "pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} <= {torch.float32, torch.bfloat16}  # noqa: SIM118


def test_students_are_at_least_five_times_smaller():
    counts = {role: json.loads((MINI / role / "scores.json").read_text())["parameters"] for role in ROLES}
    assert counts["teacher"] >= 5 * counts["student"]
    assert counts["teacher"] >= 5 * counts["sibling"]


def test_sibling_and_teacher_share_a_tokenizer_and_differ_in_padding():
    teacher, sibling = (AutoTokenizer.from_pretrained(MINI / role) for role in ("teacher", "sibling"))
    assert teacher.get_vocab() == sibling.get_vocab()
    sizes = [json.loads((MINI / role / "config.json").read_text())["vocab_size"] for role in ("teacher", "sibling")]
    assert sizes[0] > sizes[1] >= len(teacher)


def test_prompts_open_as_the_real_families_do(shipped):
    role, _, tokenizer, _ = shipped
    prompt = models.chat_prompt(tokenizer, "How many?")
    assert prompt == {
        "teacher": "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n<think>\n",
        "student": "<bos><start_of_turn>user\nHow many?<end_of_turn>\n<start_of_turn>model\n",
        "sibling": "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n",
    }[role]
    pieces = tokenizer("<think>", add_special_tokens=False).input_ids
    assert len(pieces) == (3 if role == "student" else 1)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert [len(tokenizer(digit, add_special_tokens=False).input_ids) for digit in ("7", "42", "105")] == [1, 2, 3]


def test_the_student_adds_a_beginning_of_its_own_accord_and_no_prompt_has_two(shipped):
    """As Gemma's tokenizer does. So a template's text is tokenized without: notebook 03 shows what else comes out."""
    role, _, tokenizer, _ = shipped
    own = [tokenizer.bos_token_id] if role == "student" else []
    assert tokenizer("How many?").input_ids == own + tokenizer("How many?", add_special_tokens=False).input_ids
    asked = [{"role": "user", "content": "How many?"}]
    whole = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=False)
    assert models.prompt_ids(tokenizer, "How many?") == whole and whole.count(tokenizer.bos_token_id) == len(own)


def test_answers_are_as_right_as_the_card_says(shipped):
    """On other problems than the card's: the two intervals overlap."""
    role, model, tokenizer, scores = shipped
    asked = problems.draw("test", 170, SEED)
    said = generation.generate(model, tokenizer, [problem.question for problem in asked], 200, batch_size=170)
    found = evaluation.accuracy(said, asked)
    assert found.low <= scores["accuracy"]["high"] and found.high >= scores["accuracy"]["low"]
    thinks = sum("</think>" in answer.text for answer in said)
    assert thinks > 160 if role == "teacher" else thinks == 0


def test_skills_are_as_good_as_the_card_says(shipped):
    role, model, tokenizer, scores = shipped
    if role == "teacher":
        assert "skills" not in scores and scores["entropy"] > 0
        return
    tasks = draw_skills("test", 50 * len(KINDS), SEED)
    said = generation.generate(model, tokenizer, [task.prompt for task in tasks], 32, batch_size=200)
    for kind in KINDS:
        hits = [task.is_right(answer.text) for task, answer in zip(tasks, said, strict=True) if task.kind == kind]
        found, card = evaluation.wilson(sum(hits), len(hits)), scores["skills"][kind]
        assert found.low <= card["high"] and found.high >= card["low"], kind


def test_cards_tell_their_figures(shipped):
    role, _, _, scores = shipped
    card = (MINI / role / "README.md").read_text()
    value = 100 * scores["accuracy"]["value"]
    assert f"problems answered rightly | {value:.1f} %" in card and f"{scores['parameters']:,}" in card
    log = [json.loads(line) for line in (MINI / "logs" / f"{role}.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == log[-1]["of"] and log[-1]["loss"] < log[0]["loss"]


@pytest.mark.slow
def test_the_making_script_runs_in_its_short_form_and_goes_on_after_a_kill(tmp_path):
    """All three models, a few steps each, then once more: what is done is not done again."""
    command = [sys.executable, "-m", "data.making.make", "--short", "--out", str(tmp_path)]
    environment = os.environ | {"TORCH_COMPILE_DISABLE": "1"}
    for _ in range(2):
        run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-2000:]
    for role in ROLES:
        log = (tmp_path / "logs" / f"{role}.jsonl").read_text().splitlines()
        assert [json.loads(line)["step"] for line in log] == [8]
        files = {path.name for path in (tmp_path / role).iterdir()}
        assert {"model.safetensors", "config.json", "tokenizer.json", "README.md", "scores.json"} <= files


def test_the_short_form_never_writes_over_the_real_models():
    command = [sys.executable, "-m", "data.making.make", "--short"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2 and "--out" in run.stderr


def test_the_cards_say_what_the_series_stands_on():
    """A teacher worth learning from, and students that own every part and do not put them together."""
    teacher, *students = (json.loads((MINI / role / "scores.json").read_text()) for role in ROLES)
    assert teacher["accuracy"]["value"] >= 0.95
    assert {name: share["value"] for name, share in teacher["families"].items() if share["value"] < 0.90} == {}
    assert teacher["impossible"]["detected"]["value"] >= 0.95
    assert teacher["impossible"]["false_alarms"]["value"] <= 0.02
    assert teacher["entropy"] >= 0.3
    for student in students:
        assert student["accuracy"]["value"] <= 0.25 and student["impossible"]["detected"]["value"] <= 0.05
        assert {kind: share["value"] for kind, share in student["skills"].items() if share["value"] < 0.90} == {}
        assert 5 * student["parameters"] <= teacher["parameters"]
    for card in (teacher, *students):
        assert card["accuracy"]["n"] >= 1000 and card["impossible"]["detected"]["n"] >= 200
