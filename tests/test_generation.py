"""helpers.generation: which engine writes, and vLLM's answers read as transformers' are, against a double of vLLM."""

import sys
from dataclasses import replace
from importlib.util import find_spec
from types import SimpleNamespace

import pytest
import torch
from tiny_models import QUESTIONS
from vllm_double import Made, greedy, install

from helpers import evaluation, generation, memory, models, questions, traces
from helpers.evaluation import Benchmark
from helpers.generation import with_vllm
from helpers.tiers import TIERS, Sampling
from helpers.traces import store

ROOM = 12


def computer(monkeypatch, gpu: bool, bfloat16: bool = True, vllm: bool = True):
    """A computer with or without a card, bfloat16 and vLLM."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: bfloat16)
    monkeypatch.setattr(generation, "find_spec", lambda name: "there" if vllm and name == "vllm" else None)


# --- the choice ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def free_choice(monkeypatch):
    monkeypatch.delenv(generation.FORCED, raising=False)


@pytest.mark.parametrize(
    ("name", "gpu", "bfloat16", "vllm", "engine"),
    [
        ("mini", False, False, False, "transformers"),
        ("mini", True, True, True, "transformers"),
        ("full", False, False, True, "transformers"),
        ("full", True, True, False, "unsloth"),
        ("full", True, True, True, "vllm"),
        ("small", True, False, True, "unsloth"),
        ("small", True, True, True, "vllm"),
    ],
)
def test_the_fastest_engine_that_there_is(monkeypatch, name, gpu, bfloat16, vllm, engine):
    computer(monkeypatch, gpu, bfloat16, vllm)
    assert generation.engine(TIERS[name]) == engine


def test_vllm_can_be_done_without(monkeypatch):
    computer(monkeypatch, gpu=True)
    monkeypatch.setenv(generation.FORCED, "transformers")
    assert generation.engine(TIERS["full"]) == "unsloth", "the model is Unsloth's own where there is a card"
    monkeypatch.setenv(generation.FORCED, "vllm")
    assert generation.engine(TIERS["full"]) == "vllm"


@pytest.mark.parametrize(
    ("wanted", "name", "vllm", "complaint"),
    [
        ("sglang", "full", True, r"DISTILL_ENGINE is 'sglang'.*choose from vllm, unsloth, transformers"),
        ("vllm", "full", False, r"the full tier cannot have it here: .*`pip install vllm`"),
        ("vllm", "mini", True, r"the mini tier cannot have it here"),
    ],
)
def test_an_engine_that_is_not_there_is_named(monkeypatch, wanted, name, vllm, complaint):
    computer(monkeypatch, gpu=True, vllm=vllm)
    monkeypatch.setenv(generation.FORCED, wanted)
    with pytest.raises(ValueError, match=complaint):
        generation.engine(TIERS[name])


def test_without_a_gpu_nothing_of_vllm_is_looked_at(monkeypatch, tiny):
    monkeypatch.setitem(sys.modules, "vllm", None)  # an import of it fails
    model, tokenizer = generation.load_teacher(tiny)
    assert generation.writer(model).name is None
    alone = generation.generate(model, tokenizer, QUESTIONS, ROOM)
    assert generation.generate(model, tokenizer, QUESTIONS, ROOM) == alone
    tasks = [(QUESTIONS[:1], {"max_new_tokens": ROOM}), (QUESTIONS[1:], {"max_new_tokens": ROOM})]
    assert [answer for part in generation.writer(model).answers(tokenizer, tasks) for answer in part] == alone
    generation.unload(model)
    assert all(weight.numel() == 0 for weight in model.parameters())


def test_vllm_is_in_no_list_of_requirements():
    assert find_spec("vllm") is None, "these tests stand on a double"


# --- vLLM ---------------------------------------------------------------------------------------


@pytest.fixture
def gpu_tier(tiny, monkeypatch):
    """The tiny tier as on a card with vLLM: its teacher is loaded by the double, its tokenizer as everywhere."""
    computer(monkeypatch, gpu=True)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (12_000, 16_000))
    monkeypatch.setattr(models.unsloth, "used", lambda tier: False)
    monkeypatch.setattr(memory, "give_back", lambda: None)
    monkeypatch.setattr(store.results, "machine", lambda: "a card")
    return replace(tiny, engine="unsloth")


@pytest.fixture
def teacher(tiny):
    return models.load_teacher(tiny)  # before the computer has a card


@pytest.fixture
def served(request, teacher, gpu_tier, monkeypatch):
    """(tier, what the double was asked, the same teacher in transformers)."""
    made = Made()
    install(monkeypatch, greedy(teacher[0]), made, cuts_the_end=getattr(request, "param", False))
    return gpu_tier, made, teacher


def test_vllm_is_asked_for_the_very_model(served):
    tier, made, _ = served
    teacher, tokenizer = generation.load_teacher(tier)
    assert generation.writer(teacher).name == "vllm" and tokenizer.padding_side == "left"
    assert made.settings == {
        "model": tier.teacher.source, "revision": tier.teacher.revision, "tokenizer_revision": tier.teacher.revision,
        "dtype": "bfloat16", "max_model_len": with_vllm.PROMPT + tier.max_new_tokens, "generation_config": "vllm",
        "gpu_memory_utilization": pytest.approx(0.9 * 12 / 16, abs=0.01),
    }  # fmt: skip
    generation.unload(teacher)
    assert teacher.llm is None


@pytest.mark.parametrize("served", [False, True], indirect=True, ids=["end in the row", "end left out"])
def test_its_answers_are_those_of_transformers(served, monkeypatch):
    """Where an answer ends by itself too: one token is made an end for both."""
    tier, _, (model, tokenizer) = served
    without_end = SimpleNamespace(max_tokens=3, stop_token_ids=[])
    (*_, common), _, _ = greedy(model)(models.prompt_ids(tokenizer, QUESTIONS[0]), without_end)
    monkeypatch.setattr(model.generation_config, "eos_token_id", [tokenizer.eos_token_id, common])
    wanted = generation.generate(model, tokenizer, QUESTIONS, ROOM)
    assert {answer.ended for answer in wanted} == {True, False} and all(answer.opened for answer in wanted)
    teacher, _ = generation.load_teacher(tier)
    teacher.generation_config.eos_token_id = model.generation_config.eos_token_id
    assert generation.generate(teacher, tokenizer, QUESTIONS, ROOM) == wanted
    tasks = [(QUESTIONS[:1], {"max_new_tokens": ROOM}), (QUESTIONS[1:], {"max_new_tokens": ROOM})]
    assert [list(part) for part in generation.writer(teacher).answers(tokenizer, tasks)] == [wanted[:1], wanted[1:]]


def test_the_sampling_is_the_tiers_and_each_answer_has_its_seed(served):
    tier, made, (_, tokenizer) = served
    teacher, _ = generation.load_teacher(tier)
    how = {"max_new_tokens": 3, "temperature": 0.6, "top_p": 0.95, "top_k": 20, "batch_size": 8, "progress": False}
    same = ["How many?"] * 3
    list(teacher.answers(tokenizer, [(same, {**how, "seed": 5}), (same, {**how, "seed": 6})]))
    ((prompts, settings, shown),) = made.calls
    assert not shown and {tuple(prompt) for prompt in prompts} == {("prompt_token_ids",)}
    assert [prompt["prompt_token_ids"] for prompt in prompts] == [models.prompt_ids(tokenizer, "How many?")] * 6
    assert {(one.temperature, one.top_p, one.top_k, one.max_tokens) for one in settings} == {(0.6, 0.95, 20, 3)}
    assert all(one.stop_token_ids == [tokenizer.eos_token_id] for one in settings)
    seeds = [one.seed for one in settings]
    assert len(set(seeds)) == 6 and all(0 <= seed < 2**63 for seed in seeds)
    list(teacher.answers(tokenizer, [(same, {**how, "seed": 6})]))
    assert [one.seed for one in made.calls[1][1]] == seeds[3:], "whatever else is asked beside it"
    generation.generate(teacher, tokenizer, same, 3)
    assert {(one.temperature, one.top_p, one.top_k) for one in made.calls[2][1]} == {(0.0, 1.0, -1)}


def test_many_questions_are_asked_at_once_and_come_back_in_order(served, monkeypatch):
    tier, made, (model, tokenizer) = served
    monkeypatch.setattr(with_vllm, "AHEAD", 3)
    teacher, _ = generation.load_teacher(tier)
    tasks = [([question], {"max_new_tokens": 4}) for question in QUESTIONS]
    found = [answer for part in teacher.answers(tokenizer, iter(tasks)) for answer in part]
    assert found == generation.generate(model, tokenizer, QUESTIONS, 4)
    assert [len(prompts) for prompts, _, _ in made.calls] == [3, 1]
    assert generation.generate(teacher, tokenizer, QUESTIONS, 4) == found
    seeds = [one.seed for _, settings, _ in made.calls[2:] for one in settings]
    assert [len(prompts) for prompts, _, _ in made.calls[2:]] == [4] and len(set(seeds)) == 4
    assert generation.generate(teacher, tokenizer, [], 4) == []
    with pytest.raises(ValueError, match="max_new_tokens is 0"):
        generation.generate(teacher, tokenizer, QUESTIONS, 0)


def test_a_broken_vllm_names_the_ways_out(gpu_tier, monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ImportError, match=r"pip uninstall vllm.*DISTILL_ENGINE=transformers"):
        generation.load_teacher(gpu_tier)


def test_the_weights_are_counted_though_vllm_keeps_them(served):
    tier, _, (model, _) = served
    teacher, _ = generation.load_teacher(tier)
    assert models.parameter_count(teacher) == models.parameter_count(model)
    assert {weight.device.type for weight in teacher.parameters()} == {"meta"}


# --- who uses it --------------------------------------------------------------------------------


def test_traces_say_which_engine_wrote_them_and_are_not_mixed_with_others(served, tiny, tmp_path, monkeypatch):
    tier, made, teacher = served
    tier = replace(tier, sampling=Sampling(temperature=0.0))  # the double knows the likeliest token alone
    written = traces.collect(tier, 6, 0, tmp_path / "vllm")
    assert traces.record(written)["engine"] == "vllm"
    assert sum(len(prompts) for prompts, _, _ in made.calls) == 6 and made.calls
    plain = traces.collect(tier, 6, 0, tmp_path / "plain", teacher)
    assert "engine" not in traces.record(plain)
    assert plain.to_list() == written.to_list()
    # Finished, they are read on any computer. Half done, they go on with their own engine alone.
    monkeypatch.setenv(generation.FORCED, "transformers")
    assert traces.collect(tier, 6, 0, tmp_path / "vllm").to_list() == written.to_list()
    (tmp_path / "vllm" / "dataset").rename(tmp_path / "away")
    rows = store.stored(tmp_path / "vllm")
    (tmp_path / "vllm" / "batches.jsonl").write_bytes(b"")
    store.append(tmp_path / "vllm", rows[:4])
    with pytest.raises(ValueError, match="engine was 'vllm' and now is None"):
        traces.collect(tier, 6, 0, tmp_path / "vllm", teacher)


def test_a_model_that_unsloth_loaded_is_said():
    assert generation.writer(SimpleNamespace(loaded_by_unsloth=True)).name == "unsloth"


def test_the_teacher_sits_the_exam_through_vllm(served):
    tier, made, (model, tokenizer) = served
    exam = Benchmark([questions.Question(question, (1,)) for question in QUESTIONS])
    sheet = evaluation.teacher(exam, replace(tier, sampling=Sampling(temperature=1.0)))
    assert sheet.asked == generation.generate(model, tokenizer, QUESTIONS, tier.max_new_tokens)
    assert sheet.parameters == models.parameter_count(model) and len(made.calls) == 1
