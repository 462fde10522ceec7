"""The bench of the losses: all forms do the same job, and the ratios are what they are called."""

import json

import pytest
from bench import losses as bench_losses

pytestmark = pytest.mark.tools

SMALL = {"vocabulary": 500, "width": 16}


@pytest.mark.parametrize("trained", [False, True])
def test_every_form_does_the_same_job(trained):
    runs = {form: bench_losses.measure(form, 300, trained, **SMALL) for form in bench_losses.FORMS}
    for run in runs.values():
        assert run["seconds"] > 0 and run["peak_mb"] >= 0
    for form in ("dense", "trl"):
        assert runs["ours"]["loss"] == pytest.approx(runs[form]["loss"], rel=1e-5)
        assert runs["ours"]["gradient"] == pytest.approx(runs[form]["gradient"], rel=1e-5)
    assert "loss" not in runs["limit"]  # it is no loss, only the products that every one needs


def made_up(seconds: list[float], peak: float) -> list[dict]:
    return [{"seconds": each, "peak_mb": peak} for each in seconds]


def test_ratios_are_of_medians():
    runs = {
        "limit": made_up([5, 4, 90], 50), "ours": made_up([6, 8, 7], 100), "dense": made_up([14, 10, 20], 2000),
        "trl": made_up([28, 21, 40], 500),
    }  # fmt: skip
    found = bench_losses.summary(runs)
    assert found["ours"]["seconds"] == {"median": 7, "least": 6, "most": 8}
    assert found["ratio"] == {
        "peak_ours_over_dense": 0.05, "seconds_ours_over_dense": 0.5, "peak_ours_over_trl": 0.2,
        "seconds_ours_over_trl": 0.25, "seconds_ours_over_limit": 1.4,
    }  # fmt: skip
    assert "| x | ours | 3 | 7.0 (6.0–8.0) | 100 |" in bench_losses.table({"x": found})


def test_the_whole_bench_writes_its_figures(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bench_losses, "ROOT", tmp_path)
    monkeypatch.setattr(bench_losses, "OUT", tmp_path / "bench" / "losses.json")
    monkeypatch.setattr(bench_losses, "CASES", ((64, False), (64, True)))
    monkeypatch.setattr(bench_losses, "RUNS", 3)
    # So small a run may find room in what the process has freed before: a peak of 0.
    small = {"peak_mb": 1.0}
    monkeypatch.setattr(bench_losses, "in_a_process", lambda *words: bench_losses.measure(*words, **SMALL) | small)
    bench_losses.main([])
    told = json.loads((tmp_path / "bench" / "losses.json").read_text())
    assert set(told["ratio"]) == set(next(iter(told["cases"].values()))["ratio"])
    assert {name: case["runs"] for name, case in told["cases"].items()} == {
        "64 tokens, heads frozen": 3, "64 tokens, head trained too": 3,
    }  # fmt: skip
    assert "seconds_ours_over_limit" in capsys.readouterr().out


def test_no_round_begins_that_would_end_too_late(tmp_path, monkeypatch):
    clock, ran = [0.0], []

    def run(form, tokens, trained):
        clock[0] += tokens / 64 * 10
        ran.append(tokens)
        return {"seconds": 1.0, "peak_mb": 1.0}

    monkeypatch.setattr(bench_losses, "ROOT", tmp_path)
    monkeypatch.setattr(bench_losses, "OUT", tmp_path / "losses.json")
    monkeypatch.setattr(bench_losses, "CASES", ((64, False), (640, False)))
    monkeypatch.setattr(bench_losses, "in_a_process", run)
    monkeypatch.setattr(bench_losses.time, "monotonic", lambda: clock[0])
    bench_losses.main(["--minutes", "3"])
    assert ran == [64] * 16  # 4 rounds of 40 s; a round of the longer case takes 400 s


@pytest.mark.slow
def test_a_run_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(bench_losses, "VOCABULARY", 100)
    found = bench_losses.in_a_process("limit", 8, False)
    assert set(found) == {"seconds", "peak_mb"} and found["seconds"] > 0


def test_a_run_that_fails_says_why():
    with pytest.raises(SystemExit, match=r"nothing at 8 tokens failed:[\s\S]*KeyError"):
        bench_losses.in_a_process("nothing", 8, False)
