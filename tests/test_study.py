"""tools/study.py: every notebook and seed once, on from where it was stopped, and means with intervals by hand."""

import json
import os
import subprocess
import sys
import time
from math import sqrt
from pathlib import Path

import aggregate
import nbformat
import numpy as np
import pytest
import study
from nbformat.v4 import new_code_cell, new_notebook
from readme.tables import percent

from helpers.evaluation import results, statistics
from helpers.evaluation.statistics import wilson
from helpers.evaluation.tables import said

ROOT = Path(__file__).resolve().parents[1]
STUDIES = sorted((ROOT / "data" / "results" / "mini").glob("[0-9]*.json"))

# Notes that it ran, waits where it is told to, and writes figures as evaluation.results does, without loading PyTorch.
FAKE = """
import json, os, pathlib, time
root = pathlib.Path.cwd().parent
with open(root / "log.txt", "a") as log:
    log.write(f"{NAME} {TIER} {SEED} {os.environ['DISTILL_TIER']}\\n")
while (root / f"wait-{SEED}").exists():
    time.sleep(0.1)
assert not (root / f"fail-{SEED}").exists(), "told to fail"
share = {"value": [0.5, 0.6, 1.0][SEED], "n": 10, "low": 0.1, "high": 1.0}
run = {"machine": "CPU", "versions": {"python": "3.11"}, "seed": SEED}
path = pathlib.Path(os.environ["DISTILL_RESULTS"]) / f"{NAME}.json"
path.write_text(json.dumps({"accuracy": share, "loss": SEED + 1.0, "run": run}))


def unused():
    from helpers import a
"""


def fake(root: Path, name: str, source: str = FAKE) -> None:
    cells = [
        new_code_cell('TIER, SEED = "auto", 0', metadata={"tags": ["parameters"]}),
        new_code_cell(f"NAME = {name!r}"),
        new_code_cell(source),
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with two notebooks, helpers, and models of the mini tier."""
    for name in ("notebooks", "helpers", "data/mini/teacher", "data/mini/student", "data/mini/sibling"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "helpers" / "a.py").write_text("one = 1\n")
    (tmp_path / "data" / "mini" / "student" / "model.safetensors").write_bytes(b"weights")
    fake(tmp_path, "01_one")
    fake(tmp_path, "02_two")
    monkeypatch.setattr(study, "ROOT", tmp_path)
    return tmp_path


def log(project: Path) -> list[str]:
    path = project / "log.txt"
    return path.read_text().splitlines() if path.exists() else []


def aggregated(project: Path, notebook: str) -> dict:
    return json.loads((project / "data" / "results" / "mini" / f"{notebook}.json").read_text())


# --- running ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_was(project, capsys):
    """Killed in the second seed and started again: what was finished is not run again, the rest is, from its start."""
    (project / "wait-1").touch()
    command = f"import study, pathlib; study.ROOT = pathlib.Path({str(project)!r}); study.main(['--seeds', '0', '1'])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    begun = subprocess.Popen([sys.executable, "-c", command], env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            if len(log(project)) == 3:
                break
            assert begun.poll() is None, "the study ended before it was killed"
            time.sleep(0.1)
        assert [line.split()[0::2] for line in log(project)] == [["01_one", "0"], ["02_two", "0"], ["01_one", "1"]]
    finally:
        begun.kill()
        begun.wait()
    (project / "wait-1").unlink()
    assert not (project / "data" / "results").exists(), "nothing is aggregated before every seed is there"

    assert study.main(["--list", "--seeds", "0", "1"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1].split(",")[0] for line in listed] == ["finished", "to do", "finished", "to do"]

    assert study.main(["--seeds", "0", "1"]) == 0
    assert [line.split()[0::2] for line in log(project)[3:]] == [["01_one", "1"], ["02_two", "1"]]
    assert log(project)[-1] == "02_two mini 1 mini", "tier and seed go through the parameters, and the tier is forced"
    assert aggregated(project, "01_one")["loss"]["per_seed"] == [1.0, 2.0]
    run = aggregated(project, "02_two")["run"]
    assert (run["seeds"], run["machine"], run["versions"]) == ([0, 1], "CPU", {"python": "3.11"})
    assert len(run["seconds"]) == 2 and all(seconds > 0 for seconds in run["seconds"])

    # A third time nothing runs; the same file comes out.
    before = (project / "data" / "results" / "mini" / "01_one.json").read_bytes()
    assert study.main(["--seeds", "0", "1"]) == 0
    assert len(log(project)) == 5
    assert (project / "data" / "results" / "mini" / "01_one.json").read_bytes() == before

    # The results of the series itself were not touched.
    assert not (project / "artifacts" / "mini" / "results").exists()


@pytest.mark.slow
def test_a_failing_run_is_named_and_the_others_go_on(project, capsys):
    (project / "notebooks" / "02_two.ipynb").unlink()
    (project / "fail-0").touch()
    assert study.main(["--notebooks", "01_one", "--seeds", "0", "1"]) == 1
    said = capsys.readouterr().out
    assert "01_one stopped in cell [4]" in said and "AssertionError: told to fail" in said
    assert [line.split()[2] for line in log(project)] == ["0", "1"]
    assert not (project / "data" / "results").exists()
    (project / "fail-0").unlink()
    assert study.main(["--notebooks", "01_one", "--seeds", "0", "1"]) == 0
    assert [line.split()[2] for line in log(project)] == ["0", "1", "0"], "only the one that failed"


def pretend(project: Path, notebook: str, seed: int) -> None:
    """A finished run, without running anything."""
    mini = study.TIERS["mini"]
    mark = {"digest": study.digest(notebook, mini), "commit": None, "seconds": 1.0}
    study.write(study.mark(notebook, mini, seed), mark)
    figures = {"loss": float(seed), "run": {"machine": "CPU", "versions": {}}}
    study.write(study.folder(mini, seed) / f"{notebook}.json", figures)


@pytest.fixture
def started(project, monkeypatch) -> list:
    """The runs that the study starts, none of them for real."""
    ran = []

    def run(notebook, tier, seed):
        ran.append((notebook, seed))
        pretend(project, notebook, seed)

    monkeypatch.setattr(study, "run", run)
    return ran


def change_cell(project):
    fake(project, "01_one", FAKE + "\n1")


def change_helper(project):
    (project / "helpers" / "a.py").write_text("one = 2\n")


def add_helper(project):
    (project / "helpers" / "a.py").write_text("import helpers.b")
    (project / "helpers" / "b.py").write_text("")


def add_helper_that_nobody_imports(project):
    (project / "helpers" / "b.py").write_text("")


def change_model(project):
    (project / "data" / "mini" / "student" / "model.safetensors").write_bytes(b"other weights")


def change_outputs(project):
    path = project / "notebooks" / "01_one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="x")]
    notebook.cells[1].execution_count = 7
    nbformat.write(notebook, path)


def add_text(project):
    path = project / "notebooks" / "01_one.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell("What this says."))
    nbformat.write(notebook, path)


def change_card(project):
    (project / "data" / "mini" / "student" / "scores.json").write_text("{}")


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (change_cell, ["01_one"]),
        (change_helper, ["01_one", "02_two"]),
        (add_helper, ["01_one", "02_two"]),
        (add_helper_that_nobody_imports, []),
        (change_model, ["01_one", "02_two"]),
        (change_outputs, []),
        (add_text, []),
        (change_card, []),
    ],
)
def test_what_a_run_depends_on_makes_it_run_again(project, started, change, again, capsys):
    study.main(["--seeds", "0"])
    assert started == [("01_one", 0), ("02_two", 0)]
    started.clear()
    change(project)
    study.main(["--list", "--seeds", "0"])
    listed = capsys.readouterr().out
    assert listed.count("have changed") == len(again)
    study.main(["--seeds", "0"])
    assert [notebook for notebook, _ in started] == again


def test_a_seed_more_runs_that_seed_alone(project, started):
    study.main(["--seeds", "0", "1"])
    started.clear()
    study.main(["--seeds", "0", "1", "2", "--notebooks", "02_two"])
    assert started == [("02_two", 2)]
    assert aggregated(project, "02_two")["run"]["seeds"] == [0, 1, 2]
    assert aggregated(project, "01_one")["run"]["seeds"] == [0, 1], "the other notebook's file is left alone"


def test_a_notebook_changed_while_it_runs_is_not_finished(project, monkeypatch, capsys):
    monkeypatch.setattr(study, "execute", lambda *words, **more: change_cell(project) or 1.0)
    assert study.main(["--seeds", "0", "--notebooks", "01_one"]) == 1
    assert "was changed while it ran" in capsys.readouterr().out
    assert study.finished("01_one", study.TIERS["mini"], 0) is None


def test_a_notebook_without_results_is_run_and_not_aggregated(project, monkeypatch, capsys):
    monkeypatch.setattr(study, "execute", lambda *words, **more: 1.0)
    assert study.main(["--seeds", "0", "--notebooks", "01_one"]) == 0
    assert "01_one writes no results" in capsys.readouterr().out
    assert not (project / "data" / "results").exists()


def test_the_commit_is_named_and_what_is_not_in_it(project):
    assert study.commit() is None
    for words in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    clean = study.commit()
    assert clean and len(clean) == 40
    (project / "elsewhere.txt").write_text("no figure depends on this")
    assert study.commit() == clean
    change_helper(project)
    assert study.commit() == clean + " dirty"


# --- putting together ---------------------------------------------------------------------------


def test_the_interval_is_that_of_the_tables():
    """By hand: mean 0.7, s² = (0.04 + 0.01 + 0.09) / 2, and t₀.₉₇₅ with 2 degrees of freedom is 4.3027."""
    low, high = aggregate.t_interval([0.5, 0.6, 1.0])
    half = 4.302653 * sqrt(0.07) / sqrt(3)
    assert low == pytest.approx(0.7 - half, abs=1e-6) and high == pytest.approx(0.7 + half, abs=1e-6)


def test_two_values_have_a_wide_interval_and_one_has_none():
    low, high = aggregate.t_interval([1.0, 3.0])  # s = √2, so s / √n = 1; t₀.₉₇₅ with 1 degree of freedom is 12.7062
    assert (low, high) == (pytest.approx(2 - 12.7062, abs=1e-4), pytest.approx(2 + 12.7062, abs=1e-4))
    assert aggregate.t_interval([1.0]) == (None, None)
    assert aggregate.t_interval([0.1, 0.1, 0.1]) == (0.1, 0.1)


def test_students_interval_is_worked_out_in_one_place(monkeypatch):
    monkeypatch.setattr(aggregate, "repeated", lambda *_: statistics.Estimate(10.0, 9.0, 11.0, 2))
    assert aggregate.t_interval([1.0, 3.0]) == (9.0, 11.0)


def result(**figures) -> tuple[dict, dict]:
    machine, commit, seconds = figures.pop("machine", "CPU"), figures.pop("commit", "abc"), figures.pop("seconds", 1.0)
    run = {"machine": machine, "versions": {"torch": "2"}, "seed": 0}
    return {**figures, "run": run}, {"digest": "d", "commit": commit, "seconds": seconds}


def share(value: float, n: int = 10) -> dict:
    return {"value": value, "n": n, "low": value - 0.01, "high": value + 0.01}


def test_shares_stay_within_their_ends_and_numbers_do_not():
    runs = {seed: result(a={"b": share(value)}, loss=value) for seed, value in enumerate([0.5, 0.6, 1.0])}
    found = aggregate.aggregate("x", "mini", runs)
    half = 4.302653 * sqrt(0.07 / 3)
    assert found["a"]["b"] == {
        "mean": pytest.approx(0.7), "low": pytest.approx(0.7 - half, abs=1e-6), "high": 1.0,
        "per_seed": [0.5, 0.6, 1.0], "n": 10,
    }  # fmt: skip
    assert found["loss"]["high"] == pytest.approx(0.7 + half, abs=1e-6) and found["loss"]["high"] > 1
    low = aggregate.aggregate("x", "mini", {seed: result(a=share(value)) for seed, value in enumerate([0.0, 0.2])})
    assert low["a"]["low"] == 0.0


def test_one_seed_has_a_mean_and_no_interval():
    found = aggregate.aggregate("x", "mini", {7: result(a=share(0.5), b=2.0)})
    assert found["a"] == {"mean": 0.5, "low": None, "high": None, "per_seed": [0.5], "n": 10}
    assert found["b"] == {"mean": 2, "low": None, "high": None, "per_seed": [2]}
    assert found["run"]["seeds"] == [7]


def test_what_is_no_number_is_kept_where_it_is_equal():
    one = result(name="x", ok=True, none=None, words=["a", "b"], only=1, line=[1.0, 2.0], long=[1], deep={"kept": None})
    two = result(name="x", ok=True, none=None, words=["a", "c"], line=[3.0, 2.0], long=[1, 2], deep={"kept": 0.5})
    found = aggregate.aggregate("x", "mini", {0: one, 1: two})
    assert (found["name"], found["ok"], found["none"]) == ("x", True, None)
    assert [point["mean"] for point in found["line"]] == [2, 2] and found["line"][1]["low"] == 2
    assert found["deep"] == {}
    assert found["words"] == ["a", {"per_seed": ["b", "c"]}]
    assert sorted(found["run"]["left_out"]) == ["deep.kept", "long", "only"]


def over(**figures) -> dict:
    """Figures of three seeds, a list of three for each name, put together."""
    runs = {seed: result(**{name: each[seed] for name, each in figures.items()}) for seed in range(3)}
    return aggregate.aggregate("x", "mini", runs)


def test_p_values_have_no_mean():
    found = over(mcnemar=[{"after": p} for p in (4e-5, 0.012, 0.0005)], gain=[{"p": p} for p in (0.2, 0.9, 1.0)])
    assert found["mcnemar"]["after"] == {"per_seed": [4e-5, 0.012, 0.0005]}
    assert found["gain"]["p"] == {"per_seed": [0.2, 0.9, 1.0]}


def test_counts_stand_seed_by_seed_and_have_no_interval():
    """Of one event in three seeds Student's interval would say: from -1.1 to 1.8 events."""
    found = over(reasons=[{"cut off": n} for n in (1, 0, 0)], parameters=[7, 7, 7], lengths=[[1, 2], [3, 2], [5, 2]])
    assert found["reasons"]["cut off"] == {"mean": pytest.approx(1 / 3), "per_seed": [1, 0, 0]}
    assert found["parameters"] == {"mean": 7, "per_seed": [7, 7, 7]}
    assert found["lengths"][1] == {"mean": 2, "per_seed": [2, 2, 2]}


def test_an_amount_is_not_below_zero_and_a_difference_may_be():
    values = [68.3, 178.0, 24.6]
    found = over(step_seconds=[{"live": value} for value in values], gain=values, retained=[0.97, 0.95, 1.0])
    assert found["step_seconds"]["live"]["low"] == 0.0 > found["gain"]["low"]
    assert found["step_seconds"]["live"]["high"] == found["gain"]["high"]
    assert found["retained"]["high"] > 1, "a student may be better than its teacher"


def test_the_committed_figures_are_of_their_kinds():
    """What no p-value, count, share or amount can be stands in no file; what goes below zero is a difference."""
    below = set()

    def look(figure, key):
        if not isinstance(figure, dict):
            return
        if "per_seed" not in figure:
            for name, part in figure.items():
                look(part, [*key, name])
            return
        numbers = [value for value in figure["per_seed"] if isinstance(value, int | float)]
        if set(key) & aggregate.P_VALUES:
            assert figure.keys() == {"per_seed"}, key
        elif numbers and all(isinstance(value, int) for value in numbers):
            assert figure.keys() == {"mean", "per_seed"}, key
        elif numbers and "n" in figure:
            assert 0 <= figure["low"] <= figure["mean"] <= figure["high"] <= 1, key
        elif numbers and figure["low"] < 0 <= min(numbers):
            inner = ("start", "end", "quarter", "half", "whole")  # of 08: by time, and by how many traces
            below.add(key[-1] if key[0] in inner else key[0])

    for path in STUDIES:
        look(json.loads(path.read_text(encoding="utf-8")), [])
    assert below <= {"gain", "hint_gain", "images", "direction"}


def of_problems(*hits: int, n: int = 500, name: str = "accuracy") -> dict:
    """A share of n problems with each of some seeds, put together."""
    runs = {seed: result(**{name: {"x": results.share(wilson(each, n))}}) for seed, each in enumerate(hits)}
    return aggregate.aggregate("x", "mini", runs)[name]["x"]


def test_seeds_that_agree_have_the_interval_of_all_their_problems():
    """0 of 600: Wilson's upper end is z² / (600 + z²) = 3.8415 / 603.8415."""
    none, all_of_them = of_problems(0, 0, 0, n=200), of_problems(200, 200, 200, n=200)
    assert (none["mean"], none["low"], none["high"]) == (0.0, 0.0, pytest.approx(3.8415 / 603.8415, abs=1e-6))
    assert (all_of_them["low"], all_of_them["high"]) == (pytest.approx(1 - none["high"]), 1.0)
    assert none["hits"] == [0, 0, 0] and none["n"] == 200
    assert percent(none) == "0.0 % (0.0–0.6)" and percent(all_of_them) == "100.0 % (99.4–100.0)"
    assert said(none) == "0.0% (0.0% to 0.6%)" and said(all_of_them) == "100.0% (99.4% to 100.0%)"


@pytest.mark.parametrize("hits", [(481, 490, 488), (215, 216, 216), (499, 499, 500), (55, 61, 55), (120, 300, 480)])
def test_of_two_intervals_the_outer_ends_are_taken(hits):
    found, pooled = of_problems(*hits), wilson(sum(hits), 1500)
    low, high = aggregate.t_interval([each / 500 for each in hits])
    assert found["low"] == max(0, min(low, pooled.low)) and found["high"] == min(1, max(high, pooled.high))


def test_near_one_the_interval_covers_the_truth_as_often_as_it_says():
    """A teacher that is right on 99.85 %, asked 500 questions with each of 3 seeds: Student's alone is too short."""
    rng = np.random.default_rng(0)
    covered = {"Student's": 0, "taken together": 0}
    for hits in rng.binomial(500, 0.9985, (1_000, 3)).tolist():
        low, high = aggregate.t_interval([each / 500 for each in hits])
        covered["Student's"] += low <= 0.9985 <= high
        found = of_problems(*hits)
        covered["taken together"] += found["low"] <= 0.9985 <= found["high"]
    assert covered["Student's"] < 900 and covered["taken together"] > 940, covered


def test_of_runs_there_is_students_interval_alone():
    """n of a mean over runs counts runs, not problems; its interval is not Wilson's."""
    runs = {seed: result(a={"value": 0.5, "n": 20, "low": 0.49, "high": 0.51}) for seed in range(3)}
    assert aggregate.aggregate("x", "mini", runs)["a"] == {
        "mean": 0.5, "low": 0.5, "high": 0.5, "per_seed": [0.5] * 3, "n": 20,
    }  # fmt: skip


def test_validation_problems_are_the_same_with_each_seed_and_count_once():
    found, once = of_problems(17, 17, 17, n=120, name="validation"), wilson(17, 120)
    assert (found["low"], found["high"]) == (once.low, once.high)
    assert of_problems(17, 17, 17, n=120)["high"] < once.high


def test_one_seed_has_the_interval_of_its_problems():
    found, alone = of_problems(30, n=50), wilson(30, 50)
    assert (found["mean"], found["low"], found["high"]) == (0.6, alone.low, alone.high)


def of_seed(figure: object, i: int) -> object:
    """What the run with the i-th seed must have held, from what is committed of all seeds."""
    if isinstance(figure, list):
        return [of_seed(part, i) for part in figure]
    if not isinstance(figure, dict):
        return figure
    if "per_seed" not in figure:
        return {name: of_seed(part, i) for name, part in figure.items() if name != "run"}
    if "n" not in figure:
        return figure["per_seed"][i]
    n = figure["n"][i] if isinstance(figure["n"], list) else figure["n"]  # a list where it differs from seed to seed
    if "hits" in figure:
        return results.share(wilson(figure["hits"][i], n))
    return {"value": figure["per_seed"][i], "n": n, "low": 0.0, "high": 1.0}  # of runs: any but Wilson's


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_what_is_committed_comes_from_its_seeds(path):
    study = json.loads(path.read_text(encoding="utf-8"))
    run = study["run"]
    runs = {}
    for i, seed in enumerate(run["seeds"]):
        note = {"commit": run["commit"], "seconds": run["seconds"][i]}
        runs[seed] = {**of_seed(study, i), "run": run}, note
    # What not every seed had cannot come from here: it is named, and stands nowhere else.
    assert not any(present(study, key) for key in run.get("left_out", ()))
    whole = {**study, "run": {key: value for key, value in run.items() if key != "left_out"}}
    assert aggregate.aggregate(path.stem, run["tier"], runs) == whole


def present(figures: dict, key: str) -> bool:
    """Whether a dotted key is there."""
    for name in key.split("."):
        if name not in figures:
            return False
        figures = figures[name]
    return True


def test_shares_of_different_sizes_name_each():
    found = aggregate.aggregate("x", "mini", {0: result(a=share(0.5, 10)), 1: result(a=share(0.7, 20))})
    assert found["a"]["n"] == [10, 20]


def test_it_says_how_it_was_made():
    runs = {0: result(a=1, seconds=3.0), 2: result(a=1, commit="abc dirty", machine="GPU", seconds=4.0)}
    run = aggregate.aggregate("04_x", "mini", runs)["run"]
    assert run == {
        "notebook": "04_x", "tier": "mini", "seeds": [0, 2], "machine": ["CPU", "GPU"], "versions": {"torch": "2"},
        "commit": ["abc", "abc dirty"], "seconds": [3.0, 4.0],
    }  # fmt: skip


def test_a_study_takes_the_long_way_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    for name, source in (("long", 'TIER = "auto"\nSEED = 0\nLONG = False'), ("short", 'TIER = "auto"\nSEED = 0')):
        cells = [new_code_cell(source, metadata={"tags": ["parameters"]}), new_code_cell("LONG = 3")]
        nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")
    given = {}

    def note(path, *_, parameters, **__):
        given[path.stem] = parameters
        return 1.0

    monkeypatch.setattr(study, "execute", note)
    monkeypatch.setattr(study, "digest", lambda *_: "same")
    for name in ("long", "short"):
        study.run(name, study.TIERS["mini"], 7)
    assert given == {"long": {"TIER": "mini", "SEED": 7, "LONG": True}, "short": {"TIER": "mini", "SEED": 7}}


def test_data_that_a_notebook_names_makes_it_run_again(project, started):
    sample = project / "data" / "sample.jsonl"
    sample.write_text("{}\n")
    fake(project, "01_one", FAKE + '\n"sample.jsonl"')
    study.main(["--seeds", "0"])
    started.clear()
    sample.write_text('{"a": 1}\n')
    study.main(["--seeds", "0"])
    assert started == [("01_one", 0)]
