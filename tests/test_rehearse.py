"""tools/rehearsal: what is run and what is not run again, the record, and what a kernel begins with."""

import json
import sys
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
import study
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from rehearsal import __main__ as rehearse
from rehearsal import stand_ins

from helpers.tiers import TIERS, from_file

pytestmark = pytest.mark.tools


def notebook(root: Path, name: str, source: str) -> Path:
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    made = new_notebook(cells=[new_code_cell(source, id="one")])
    made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    write(made, path)
    return path


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project with two notebooks, one of which fails, whose kernels are replaced by a list of what was run."""
    root, ran = tmp_path / "project", []
    notebook(root, "01_good", "1")
    notebook(root, "02_bad", "boom = 1 / 0")
    (root / "helpers").mkdir()
    for module in (rehearse, study):
        monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(rehearse, "FOLDER", root / "artifacts" / "rehearsal")
    monkeypatch.setattr(stand_ins, "make", lambda tier, hub: None)

    def alone(name, tier):
        ran.append((tier, name))
        if name == "02_bad":
            raise rehearse.Failed("02_bad stopped in cell [1]")
        return 1.0

    monkeypatch.setattr(rehearse, "alone", alone)
    return root, ran


def test_both_tiers_run_and_a_failure_is_told(place, capsys):
    _, ran = place
    assert rehearse.main([]) == 1
    assert ran == [(tier, name) for tier in ("small", "full") for name in ("01_good", "02_bad")]
    said = capsys.readouterr().out
    assert said.count("failed") == said.count("stopped in cell [1]") == said.count("passed") == 2
    assert "STAND-INS" in said


def test_what_passed_is_not_run_again_until_it_changes(place):
    root, ran = place
    asked = ["01_good", "--tier", "small"]
    rehearse.main(asked)
    assert rehearse.main(asked) == 0
    assert ran == [("small", "01_good")]
    notebook(root, "01_good", "2")
    for number, more in enumerate(([], ["--fresh"]), 2):
        rehearse.main([*asked, *more])
        assert len(ran) == number
    for number in (4, 5):
        assert rehearse.main(["02_bad", "--tier", "small"]) == 1
        assert len(ran) == number, "what failed is run again"


def test_with_other_helpers_everything_is_made_anew(place):
    root, ran = place
    rehearse.main(["01_good", "--tier", "small"])
    old = rehearse.place_of("small")
    (root / "helpers" / "new.py").write_text("")
    (root / "helpers" / "newer.py").write_text("1")
    rehearse.main(["01_good", "--tier", "small"])
    assert len(ran) == 2 and not old.exists() and rehearse.place_of("small").is_dir()


def test_only_a_rehearsal_of_everything_is_recorded(place):
    root, _ = place
    record = root / rehearse.RECORD
    rehearse.main([])
    assert not record.exists(), "02_bad failed"
    (root / "notebooks" / "02_bad.ipynb").unlink()
    notebook(root, "03_fine", "3")
    rehearse.main(["--tier", "small"])
    assert not record.exists(), "03_fine was not run on full"
    rehearse.main([])
    kept = json.loads(record.read_text())
    every = [(tier, name) for tier in ("small", "full") for name in ("01_good", "03_fine")]
    assert [(run["tier"], run["notebook"]) for run in kept["runs"]] == every and "STAND-INS" in kept["warning"]


def test_a_new_notebook_joins_the_record_and_an_old_one_does_not_change_it(place):
    root, _ = place
    record = root / rehearse.RECORD
    (root / "notebooks" / "02_bad.ipynb").unlink()
    rehearse.main([])
    first = json.loads(record.read_text())
    notebook(root, "01_good", "changed")
    notebook(root, "03_fine", "3")
    rehearse.main(["03_fine", "--tier", "small"])
    assert json.loads(record.read_text()) == first, "03_fine was not run on full"
    for _ in range(2):
        rehearse.main(["03_fine"])
        kept = json.loads(record.read_text())
        later = kept.pop("later")
        assert [(run["tier"], run["notebook"]) for run in later] == [("small", "03_fine"), ("full", "03_fine")]
        assert all(run["commit"] == rehearse.study.commit() and run["peak_gb"] == 1.0 for run in later)
        assert kept == first
    rehearse.main([])
    assert "later" not in json.loads(record.read_text()), "everything was rehearsed as it is"


def test_too_much_memory_is_a_failure(place, monkeypatch, capsys):
    monkeypatch.setattr(rehearse, "MOST_GB", 0.5)
    assert rehearse.main(["01_good", "--tier", "small"]) == 1
    assert "it took 1.0 GB, and may take 0.5" in capsys.readouterr().out


def test_an_unknown_notebook_is_named(place, capsys):
    with pytest.raises(SystemExit):
        rehearse.main(["03_none"])
    assert "no notebook called 03_none; choose from 01_good, 02_bad" in capsys.readouterr().err


@pytest.mark.slow
def run_there(folder: Path, root: Path) -> float:
    """In another process, where nothing is patched yet."""
    rehearse.FOLDER, study.ROOT = folder, root
    return rehearse.run("a", "small")


def test_a_kernel_begins_with_less_and_offline_and_its_memory_is_seen(tmp_path, monkeypatch):
    """A real kernel: the tier has less of everything, its folder is the rehearsal's, its questions are found."""
    monkeypatch.setattr(rehearse, "FOLDER", rehearse.ROOT / "artifacts" / "rehearsal" / "tried")
    monkeypatch.setattr(study, "ROOT", tmp_path)
    monkeypatch.setattr(stand_ins, "make", lambda tier, hub: None)
    place = rehearse.prepare("small")
    notebook(tmp_path, "a", """
import os
from helpers import questions, tiers
from helpers.evaluation import results
tier = tiers.resolve()
assert tier.traces == 128 and tier.teacher == tiers.TIERS["small"].teacher and os.environ["HF_HUB_OFFLINE"] == "1"
results.write("a", {"b": 1}, tier, 0)
for split, n, many in (("train", 128, 128), ("validation", 120, None), ("test", 500, 24)):
    found = {one.question for one in questions.draw(tier, split, n, 0, fewer=True)}
    assert len(found) == many or many is None and 10 < len(found) < 40
held = b"1" * 700_000_000""")  # fmt: skip
    try:
        # What children of a process took before stays its most, and a child is as large as it until its own program
        # begins: as in a rehearsal, the notebook has a process of its own.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            assert 0.8 < pool.submit(run_there, rehearse.FOLDER, tmp_path).result() <= 2.0
        assert (place / "results" / "a.json").is_file()
    finally:
        rehearse.shutil.rmtree(rehearse.FOLDER)


def test_a_rehearsal_runs_in_a_process_of_its_own(monkeypatch):
    """The most that a process's children have taken never falls: the next notebook would be charged with it."""
    made = []

    class Pool:
        def __init__(self, many, mp_context):
            made.append((many, mp_context.get_start_method()))

        __enter__, __exit__ = lambda self: self, lambda self, *_: None

        def submit(self, work, *given):
            future = Future()
            future.set_result((work, *given))
            return future

    monkeypatch.setattr(rehearse, "ProcessPoolExecutor", Pool)
    assert rehearse.alone("a", "small") == (rehearse.run, "a", "small") and made == [(1, "spawn")]


def test_less_of_everything_and_the_same_recipe(tmp_path):
    for name, less in rehearse.FEWER.items():
        (tmp_path / "tier.json").write_text(json.dumps({"like": name, **less}))
        real, small = TIERS[name], from_file.of_file(tmp_path / "tier.json", TIERS)
        assert {key for key in vars(real) if getattr(real, key) != getattr(small, key)} == {*less}
        assert all(getattr(small, key) < getattr(real, key) for key in ("traces", "max_new_tokens", "answer_tokens"))
        assert small.sampling == replace(real.sampling, top_p=1.0) and small.batch_size % small.micro_batch == 0


def test_make_rehearse_is_what_runs_it():
    assert "\t$(TOOLS) rehearsal\n" in (Path(sys.modules["rehearsal"].__file__).parents[2] / "Makefile").read_text()
