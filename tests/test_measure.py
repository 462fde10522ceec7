"""tools/measure on shrunken models and a CPU: every phase, the record, what stops it. The counters are a double."""

import inspect
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import measure.__main__ as command
import psutil
import pytest
import terminal
import torch
from measure import phases, planned, record, steps, texts, told, weights, work, writing
from measure.card import Card
from measure.methods import METHODS
from planner import minutes
from planner.cards import LAUNCH
from planner.shapes import FIELDS, SHAPES, shape_of
from test_stand_ins import faked, qwen  # noqa: F401  (fixtures)
from test_unsloth import double  # noqa: F401  (a fixture)

from helpers import models, tiers
from helpers.tiers import TIERS
from helpers.training import method

pytestmark = pytest.mark.tools

FULL = {"tier": "full", "engine": "unsloth", "cap_gb": None}


class Counters:
    """`Card` on a CPU: memory is the process's, which has no peak of its own."""

    name, memory = "NVIDIA H100 80GB HBM3", 85_000_000_000

    def about(self):
        return {"name": self.name, "memory_gb": self.memory / 1e9, "cuda": "13.0", "driver": "580.0"}

    def cap(self, gb):
        self.memory = gb * 1e9

    def capped(self, on):
        pass

    def clear(self):
        pass

    def used(self):
        return psutil.Process().memory_info().rss / 1e9

    def peak(self):
        return {"peak_gb": self.used(), "held_gb": self.used()}

    def now(self):
        return time.perf_counter()


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    short = {"max_length": 320, "max_new_tokens": 40, "answer_tokens": 40}
    return replace(tiny, name="measure/tiny", micro_batch=2, batch_size=4, **short)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """Where the record goes, and no commit or worker of the real ones."""
    monkeypatch.setattr(record, "FILE", tmp_path / "gpu.json")
    monkeypatch.setattr(record.keep, "__defaults__", (tmp_path / "gpu.json",))
    monkeypatch.setattr(record.begun, "__defaults__", (tmp_path / "gpu.json",))
    return tmp_path / "gpu.json"


def test_the_double_has_the_calls_of_the_card_and_no_more():
    def calls(of):
        return {name: inspect.signature(one).parameters.keys() for name, one in vars(of).items() if callable(one)}

    real = {name: one for name, one in calls(Card).items() if name != "__init__"}
    assert {name: set(one) for name, one in calls(Counters).items()} == {name: set(one) for name, one in real.items()}


# --- the phases -----------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", phases.PHASES)
def test_a_phase_gives_its_figures(phase, tier):
    found = work.measured(phase, tier, Counters())
    assert found["state"] == "ran", found.get("error")
    assert found["peak_gb"] > 0 and found["tried"] == [found["wanted_batch"]]
    if phase.startswith("step"):
        assert found["steps"] == phases.STEPS and found["seconds_a_step"] > 0
        assert (found["loss"] > 0) == (phase != "step: without_teacher")  # which is a logarithm of probabilities
        assert found["finite"] and found["reached"] == found["trained"] > 0
        assert found["batch"] == tier.micro_batch and found["tokens"] == tier.max_length
    json.dumps(found)


@pytest.mark.parametrize("phase", ["step: token", "step: logits", "step: features_hint", "traces", "exam"])
def test_a_phase_through_unsloth(phase, tier, double, monkeypatch):  # noqa: F811
    found = work.measured(phase, replace(tier, engine="unsloth"), Counters())
    assert found["state"] == "ran", found.get("error")


@pytest.mark.parametrize("name", ["token", "features_hint"])
def test_a_step_in_four_bits_beside_float32(name, tier):
    found = phases.ALL[f"4 bits: {name}"](tier, Counters(), False)
    assert 0.9 < found["cosine"] < 1 and found["reached"] == found["trained"] > 0


def test_texts_are_as_long_as_they_may_be(tier):
    tokenizer = models.load_tokenizer(tier, "teacher")
    for tokens in (60, 300):
        found = [len(models.prompt_ids(tokenizer, text)) for text in texts.asked(tokenizer, 3, tokens)]
        assert all(tokens - 60 < count <= tokens for count in found) and len(found) == 3
    for role in ("student", "sibling"):
        rows = texts.traces(tier, role, 3)
        assert all(tier.max_length - 60 < count <= tier.max_length for count in rows["tokens"])


def test_both_ends_of_a_text_are_written_to_their_last_token(tier):
    """The end token is held back, the last stretch begins where the text would stand, the clock at its first token."""
    seen = []

    class Noting(Counters):
        def clear(self):
            seen.append("clear")

    model, tokenizer = models.load_teacher(tier)
    real = model.generate

    def generate(*given, **more):
        output = real(*given, **more)
        seen.append((more["input_ids"].shape[1], output.shape[1]))
        return output

    model.generate = generate
    found = writing.written(model, tokenizer, 2, 40, Noting())
    (first, behind_first), (last, behind_last) = [one for one in seen if one != "clear"]
    assert behind_first - first == behind_last - last == 20
    assert minutes.PROMPT_TOKENS - 40 < first <= minutes.PROMPT_TOKENS
    assert minutes.PROMPT_TOKENS - 20 < last <= minutes.PROMPT_TOKENS + 20
    assert seen.count("clear") == 3 and found["tokens"] == 40 and not found["every_token"]
    assert found["tokens_a_second"] == pytest.approx(2 / found["seconds_a_token"])
    seen.clear()
    assert writing.written(model, tokenizer, 2, 40, Noting(), whole=True)["every_token"]
    ((begun, ended),) = [one for one in seen if one != "clear"]
    assert ended - begun == 40


# --- what goes wrong ------------------------------------------------------------------------------


def test_where_memory_does_not_do_half_the_batch_is_tried(tier, monkeypatch):
    def hungry(tier, card, whole):
        if tier.generate_batch > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return {"batch": tier.generate_batch}

    monkeypatch.setitem(phases.ALL, "traces", hungry)
    found = work.measured("traces", replace(tier, generate_batch=8), Counters())
    assert found["state"] == "ran" and found["tried"] == [8, 4, 2] and found["wanted_batch"] == 8
    monkeypatch.setitem(phases.ALL, "traces", lambda *_: hungry(replace(tier, generate_batch=3), None, None))
    found = work.measured("traces", replace(tier, generate_batch=8), Counters())
    assert found["state"] == "no memory" and found["tried"] == [8, 4, 2, 1] and "out of memory" in found["error"]


def test_an_error_is_told_with_its_place_and_the_next_phase_runs(tier, monkeypatch, tmp_path):
    def broken(tier, card, whole):
        raise ValueError("head and states differ")

    monkeypatch.setitem(phases.ALL, "exam", broken)
    monkeypatch.setitem(phases.ALL, "traces", lambda tier, card, whole: {"batch": 1})
    out = tmp_path / "out"
    assert work.run(out, tier, Counters(), ["exam", "traces"]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line.get("begins") or line["phase"] for line in lines] == ["exam", "exam", "traces", "traces"]
    assert "ValueError: head and states differ (at " in lines[1]["error"] and "test_measure.py" in lines[1]["error"]
    assert lines[3]["state"] == "ran"


def test_an_error_of_the_card_ends_its_process(tier, monkeypatch, tmp_path):
    def broken(tier, card, whole):
        raise RuntimeError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setitem(phases.ALL, "exam", broken)
    assert work.run(tmp_path / "out", tier, Counters(), ["exam", "traces"]) == work.BROKEN
    assert len((tmp_path / "out").read_text().splitlines()) == 2


WORKER = """
import json, sys, time
out, tier, engine, cap, whole, *wanted = sys.argv[1:]
def write(line):
    with open(out, "a") as file:
        file.write(json.dumps(line) + chr(10))
for phase in wanted:
    write({"begins": phase})
    if phase == "dies":
        print("a segmentation fault")
        sys.exit(11)
    if phase == "hangs":
        time.sleep(60)
    write({"phase": phase, "state": "ran", "tried": [4], "wanted_batch": 4, "batch": 4, "tokens": 64, "peak_gb": 1.0,
           "held_gb": 1.0, "seconds_a_token": 0.1, "cap": cap})
"""


@pytest.fixture
def worker(tmp_path, monkeypatch):
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    monkeypatch.setattr(command, "WORKER", [sys.executable, str(script)])
    monkeypatch.setattr(command, "WEIGHTS", [sys.executable, "-c", ""])
    monkeypatch.setattr(command, "LOGS", tmp_path / "logs")
    return script


def test_each_phase_is_in_the_record_when_it_is_done(worker, kept):
    there = record.begun({"card": Counters().about()})
    command.go(FULL, ["traces", "dies", "exam"], there, time.monotonic() + 60)
    found = {one["phase"]: one for one in json.loads(kept.read_text())["phases"]}
    assert {name: one["state"] for name, one in found.items()} == {"traces": "ran", "dies": "failed", "exam": "ran"}
    assert "a segmentation fault" in found["dies"]["error"] and found["exam"]["tier"] == "full"
    command.go(FULL, ["traces", "dies", "exam"], there, time.monotonic() - 1)  # nothing is left to do


def test_a_process_that_does_not_even_begin_is_asked_once(worker, kept):
    worker.write_text("import sys; sys.exit('no unsloth')")
    there = record.begun({"card": Counters().about()})
    command.go(FULL, ["traces", "exam"], there, time.monotonic() + 60)
    assert [(one["phase"], one["state"]) for one in there["phases"]] == [("traces", "failed"), ("exam", "failed")]
    assert all("no unsloth" in one["error"] for one in there["phases"])


def test_a_phase_that_stands_still_is_given_up(worker, kept, monkeypatch):
    monkeypatch.setattr(command, "ONE_PHASE", 2.0)
    there = record.begun({"card": Counters().about()})
    command.go(FULL, ["hangs", "exam"], there, time.monotonic() + 60)
    assert [(one["phase"], one["state"]) for one in there["phases"]] == [("hangs", "failed"), ("exam", "ran")]


def test_when_the_time_is_up_what_was_done_stays_and_the_rest_is_left(worker, kept):
    there = record.begun({"card": Counters().about()})
    with pytest.raises(command.Out):
        command.go(FULL, ["traces", "hangs", "exam"], there, time.monotonic() + 3)
    assert [one["phase"] for one in json.loads(kept.read_text())["phases"]] == ["traces"]
    assert record.missing(there, FULL, ["traces", "hangs", "exam"]) == ["hangs", "exam"]
    assert record.missing(there, {**FULL, "cap_gb": 24}, ["traces"]) == ["traces"]


def test_another_card_or_commit_begins_a_new_record(kept, capsys):
    about = {"card": Counters().about(), "commit": "a"}
    there = record.begun(about)
    record.put(there, FULL, {"phase": "traces", "state": "failed", "error": "x"})
    record.keep(there)
    assert record.begun(about)["phases"] == there["phases"] and "going on with" in capsys.readouterr().out
    assert record.begun({**about, "commit": "b"})["phases"] == []


def test_without_a_card_it_says_in_a_sentence_what_it_needs(capsys, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("PYTHONPATH", f"{command.ROOT}{os.pathsep}{command.ROOT / 'tools'}")
    assert command.main([]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("this needs an NVIDIA GPU") and said.endswith("nothing was measured") and "\n" not in said


@pytest.mark.parametrize("above", [{}, {"MAKELEVEL": "1", "MAKEFLAGS": "w", "MFLAGS": "-w"}])
def test_make_says_where_there_is_no_environment_for_it(above, monkeypatch):
    for name, value in above.items():
        monkeypatch.setenv(name, value)
    done = terminal.make("measure", "PYTHON=no-such-python", "PY=no-such-python", "GPU_PY=no-such-python")
    assert done.returncode and done.stdout == "Make the GPU environment first: README, Three sizes, says how\n"


def test_what_is_done_in_which_order_can_be_listed(capsys):
    assert command.main(["--list", "--only", "24 GB"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("full/unsloth, 24 GB: step: token, traces, exam, cache, step: logits")
    assert "halved" not in line


# --- the models -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_the_shapes_are_the_published_ones(name, faked, monkeypatch, tmp_path):  # noqa: F811
    from rehearsal import settings as real_settings
    from transformers import AutoConfig

    for family, vocabulary in ((real_settings.QWEN3, 151_936), (real_settings.GEMMA3, 262_144)):
        monkeypatch.setitem(family, "vocab_size", vocabulary)
    config = real_settings.whole_files_of(name)["config.json"]
    (tmp_path / "config.json").write_text(json.dumps(config))
    found, shape = AutoConfig.from_pretrained(tmp_path), shape_of(name)
    for field in (*FIELDS, "layer_types", "sliding_window", "tie_word_embeddings"):
        assert getattr(found, field) == getattr(shape, field), field


def test_random_weights_are_found_as_the_hub_s(faked, tmp_path, monkeypatch):  # noqa: F811
    from huggingface_hub import try_to_load_from_cache
    from rehearsal import settings as real_settings
    from transformers import AutoModelForCausalLM

    hub = tmp_path / "hub"
    weights.make("full", hub, "cpu", real_settings.files_of)
    made = {path.name for path in hub.iterdir()}
    assert made == {f"models--{spec.name.replace('/', '--')}" for spec in weights.specs("full")} and len(made) == 3
    student = TIERS["full"].student
    place = try_to_load_from_cache(student.name, "config.json", cache_dir=hub, revision=student.revision)
    model = AutoModelForCausalLM.from_pretrained(Path(place).parent)
    ids = torch.tensor([[2, 3, 4]])
    assert model(ids, labels=ids).loss.isfinite() and model.get_input_embeddings().weight.std() > 0.005
    monkeypatch.setattr(weights, "draw", lambda *_: pytest.fail("they were there"))
    weights.make("full", hub, "cpu", real_settings.files_of)


# --- what is said ---------------------------------------------------------------------------------


def ran(phase: str, tier: str = "full", **more) -> dict:
    given = {"state": "ran", "tried": [2], "wanted_batch": 2, "batch": 2, "tokens": 4_096, "peak_gb": 12.0,
             "held_gb": 13.0, "seconds_a_token": 0.02, "tokens_a_second": 100.0, "head_dtype": "bfloat16",
             "adapters_dtype": "float32"}  # fmt: skip
    return {**FULL, "tier": tier, "phase": phase, **given, **more}


@pytest.fixture
def whole_record():
    step = {"seconds_a_step": 16.0, "seconds_a_micro_batch": 1.0, "loss": 12.0, "reached": 4, "trained": 4}
    return {
        "card": Counters().about(), "versions": {"torch": "2.11.0"}, "commit": "c",
        "unlike_pins": {"torch": "2.13.0"},
        "phases": [ran("traces", tokens=8_192, batch=8), ran("step: token", **step), ran("step: logits", **step),
                   ran("exam", tokens=2_048, batch=16, seconds_a_token=0.03), ran("step: halved", **step),
                   ran("step: across", state="failed", error="ValueError: no (at x.py:1)")],
    }  # fmt: skip


def test_measured_stands_beside_planned(whole_record):
    said = told.tables(whole_record)
    for words in ("| traces | 8 | 12.0 |", "quality is not", "What did not run", "ValueError: no", "4 of 4",
                  "torch 2.11.0 instead of 2.13.0", "## Planned: full", "24 GB (L4)", "48 GB"):  # fmt: skip
        assert words in said
    row = next(line for line in said.splitlines() if line.startswith("| traces"))
    plan = planned.gigabytes(whole_record["phases"][0])
    assert f"| {plan:.1f} |" in row and 12 < plan < 25
    assert planned.gigabytes(ran("step: halved")) is None
    smaller = told.tables({**whole_record, "phases": [ran("traces", tried=[8, 4], wanted_batch=8, batch=4)]})
    assert "| traces | 4 (not 8) |" in smaller


def test_the_planner_s_assumptions_are_worked_out(whole_record):
    found = planned.shares(whole_record)
    assert found["launch"] == pytest.approx((0.02 / 36, 0.03 / 26 / 2))
    work = 3 * minutes.flops(shape_of("google/gemma-3-1b-it"), 8_192, 4_096)
    assert max(found["compute"]) > min(found["compute"]) == pytest.approx(work / 989e12)
    off = planned.off(whole_record)
    assert off.keys() == {"memory", "seconds, launch", "seconds, compute"}
    plans = [planned.gigabytes(one) for one in whole_record["phases"][:4]]
    assert off["memory"] == pytest.approx((min(plans) / 12 - 1, max(plans) / 12 - 1))
    assert planned.shares({**whole_record, "card": {"name": "Card of tomorrow"}}) == {}


def test_the_planner_goes_by_what_was_measured(whole_record, kept, monkeypatch):
    before = minutes.speeds()
    record.keep(whole_record)
    monkeypatch.setattr(minutes.summary, "__defaults__", (kept,))
    (fast, slow), _, (high, low) = minutes.speeds()
    assert [low, high] == minutes.summary()["compute"] and [fast, slow] == minutes.summary()["launch"]
    assert (before != minutes.speeds()).any()
    assert "H100" in minutes.told() and "Planned over measured" in minutes.told()
    tier, cost = TIERS["full"], minutes.budget(TIERS["full"])
    assert cost.state.startswith("memory and speed measured on one NVIDIA H100")
    assert cost.memory_gb == round(12 * 1.05 + 0.6)
    assert minutes.budget(TIERS["small"]) == TIERS["small"].budget
    writes = 2_000 / 8 * minutes.TRACE_TOKENS * minutes.LONGEST_OF[8] * 0.02
    asks = -(-1_319 // 16) * min(2_048, minutes.TRACE_TOKENS * minutes.LONGEST_OF[16]) * 0.03
    learns = -(-2_000 // 32) * tier.epochs * 16.0 * (120 + 1_354) / 4_096
    assert cost.minutes == pytest.approx((writes + asks + learns) / 60, abs=1)


def test_nothing_changes_where_nothing_was_measured(tmp_path):
    assert minutes.summary(tmp_path / "none.json") == {}
    if not minutes.FILE.is_file():
        assert minutes.budget(TIERS["full"]).state == "planned, not yet run"
        assert "no GPU was used" in minutes.told() and tuple(minutes.speeds()[0]) == LAUNCH


def test_other_versions_than_the_pinned_are_named():
    there = {"python": "3.12.3", "torch": "2.13.0+cu130", "trl": "1.0.0", "unsloth": "2026.10.7"}
    assert command.unlike_pins(there) == {"trl": "1.14.2"}


def test_every_method_of_the_tests_is_measured():
    assert set(METHODS) == {name.removeprefix("step: ") for name in phases.PHASES if name.startswith("step: ")}
    assert steps.METHODS is METHODS and method.VALIDATION
