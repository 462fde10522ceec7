"""tools/rehearsal: what is shrunk and what is refused, the report, and going on after a stop."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import study
from execution import execute
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from rehearsal import __main__ as rehearse
from rehearsal import shrunken, stand_ins

from helpers.tiers import TIERS


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
    for name, source in (("01_good", "1"), ("02_bad", "boom = 1 / 0")):
        notebook(root, name, source)
    (root / "helpers").mkdir()
    (root / "tools" / "rehearsal").mkdir(parents=True)
    (root / "tools" / "rehearsal" / "late_faults.py").write_text("")
    for module in (rehearse, study):
        monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.setattr(rehearse, "FOLDER", root / "artifacts" / "rehearsal")
    monkeypatch.setattr(rehearse.stand_ins.inside, "__defaults__", (root / "artifacts" / "rehearsal",))
    monkeypatch.setattr(rehearse, "prepare", lambda: None)
    monkeypatch.setattr(rehearse, "check", lambda tier: ran.append((tier, "checks")))

    def run(path, output, variables):
        ran.append((variables["DISTILL_TIER"], path.stem))
        if path.stem == "02_bad":
            raise rehearse.Failed("02_bad stopped in cell [1]")
        return 1.0

    monkeypatch.setattr(rehearse, "execute", run)
    return root, ran


def told(root: Path) -> dict:
    return json.loads((root / "artifacts" / "rehearsal" / "report.json").read_text())


def test_both_tiers_run_and_a_failure_is_told(place, capsys):
    root, ran = place
    assert rehearse.main([]) == 1
    assert ran == [(tier, name) for tier in ("small", "full") for name in ("01_good", "02_bad", "checks")]
    states = {(run["tier"], run["notebook"]): run["state"] for run in told(root)["runs"]}
    assert Counter(states.values()) == {"passed": 4, "failed": 2} and states["full", "02_bad"] == "failed"
    failed = next(run for run in told(root)["runs"] if run["state"] == "failed")
    assert "stopped in cell [1]" in failed["error"] and {"minutes", "peak_gb"} <= set(failed)
    assert "STAND-INS" in told(root)["warning"] and "STAND-INS" in capsys.readouterr().out


def test_what_passed_is_not_run_again_until_it_changes(place):
    root, ran = place
    rehearse.main(["01_good", "--tier", "small"])
    assert rehearse.main(["01_good", "--tier", "small"]) == 0
    assert ran == [("small", "01_good")]
    notebook(root, "01_good", "2")
    rehearse.main(["01_good", "--tier", "small"])
    assert len(ran) == 2
    rehearse.main(["01_good", "--tier", "small", "--fresh"])
    assert len(ran) == 3


def test_what_failed_is_run_again(place):
    ran = place[1]
    for _ in range(2):
        assert rehearse.main(["02_bad", "--tier", "full"]) == 1
    assert ran == [("full", "02_bad")] * 2


def test_other_helpers_clear_what_was_made(place):
    root, _ = place
    rehearse.main(["01_good", "--tier", "small"])
    made = root / "artifacts" / "rehearsal" / "small" / "made" / "trace"
    made.write_text("")
    rehearse.main(["01_good", "--tier", "small"])
    assert made.exists()
    (root / "helpers" / "new.py").write_text("")
    rehearse.main(["01_good", "--tier", "small"])
    assert not made.exists()


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
    every = {(tier, name) for tier in ("small", "full") for name in ("01_good", "03_fine", "late_faults")}
    assert {(run["tier"], run["notebook"]) for run in kept["runs"]} == every and "STAND-INS" in kept["warning"]


def test_too_much_memory_is_a_failure(place, monkeypatch):
    monkeypatch.setattr(rehearse, "MOST_GB", -1.0)
    assert rehearse.main(["01_good", "--tier", "small"]) == 1
    assert "GB, and may take" in told(place[0])["runs"][0]["error"]


def test_an_unknown_notebook_is_named(place, capsys):
    with pytest.raises(SystemExit):
        rehearse.main(["03_none"])
    assert "no notebook called 03_none; choose from 01_good, 02_bad, late_faults" in capsys.readouterr().err


@pytest.mark.slow
def test_a_kernel_begins_shrunken_offline_and_shut_in(tmp_path, monkeypatch):
    """A real kernel: the tiers are small, their folder is the rehearsal's, the network and other folders are closed.

    GSM8K is found without the Hub, by the code that reads it for everybody.
    """
    folder = tmp_path / "rehearsal"
    monkeypatch.setattr(rehearse, "FOLDER", folder)
    monkeypatch.setattr(rehearse.stand_ins, "make", lambda folder: None)
    monkeypatch.setattr(rehearse.stand_ins.inside, "__defaults__", (folder,))
    rehearse.prepare()
    stand_ins.gsm8k(stand_ins.home(folder))
    source = """
import os, socket, urllib.request
from helpers import questions, tiers, traces
from helpers.evaluation import results
tier = tiers.resolve()
assert (tier.name, tier.traces) == ("small", 512) and os.environ["HF_HUB_OFFLINE"] == "1"
results.write("a", {"b": 1}, tier, 0)
for split, n, many in (("train", 512, 512), ("validation", 120, 24), ("test", 500, 24)):
    assert len({one.question for one in questions.draw(tier, split, n, 0)}) == many
for attempt in (lambda: urllib.request.urlopen("https://example.org"),
                lambda: socket.create_connection(("192.0.2.1", 80), 1),
                lambda: open(tiers.ROOT / "artifacts" / "small.txt", "w"),
                lambda: os.makedirs(tiers.ROOT / "data" / "results" / "small")):
    try:
        attempt()
    except OSError as error:
        assert "rehearsal" in str(error), error
    else:
        raise AssertionError("not refused")
"""
    execute(notebook(tmp_path, "a", source), tmp_path / "out.ipynb", variables=rehearse.variables("small"))
    assert (folder / "small" / "made" / "results" / "a.json").is_file()


@pytest.mark.slow
def test_a_kernel_without_its_beginning_does_not_run(tmp_path, monkeypatch):
    """Otherwise it would go on with the real tiers."""
    monkeypatch.setattr(rehearse, "FOLDER", tmp_path / "rehearsal")
    monkeypatch.setattr(rehearse.stand_ins, "make", lambda folder: None)
    monkeypatch.setattr(rehearse.stand_ins.inside, "__defaults__", (tmp_path / "rehearsal",))
    monkeypatch.setattr(rehearse, "STARTUP", rehearse.STARTUP.replace("module.begin()", "module.none()"))
    rehearse.prepare()
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "-c", "print('went on')"], capture_output=True, text=True,
        env={**os.environ, **rehearse.variables("small")},
    )  # fmt: skip
    assert done.returncode == 1 and "went on" not in done.stdout
    assert "has no attribute 'none'" in done.stderr


def test_less_of_everything_and_the_same_recipe():
    for name in ("small", "full"):
        real, small = TIERS[name], shrunken.shrunken(TIERS[name])
        changed = {key for key in vars(real) if getattr(real, key) != getattr(small, key)}
        assert changed <= {*shrunken.FEWER[name], "sampling"} and small.lora == real.lora
        assert (small.sampling.temperature, small.sampling.top_k) == (real.sampling.temperature, real.sampling.top_k)
        assert small.traces < real.traces and small.traces * 3 // 64 >= 24
        assert small.batch_size % small.micro_batch == 0


def test_few_questions_but_no_more_than_gsm8k_has():
    asked = []
    few = shrunken.fewer(lambda *about, **how: asked.append((*about, how)))
    few("tier", "test", 500, 1)
    few("tier", "validation", 3, 1, fewer=True)
    few("tier", "train", 512, 1)
    assert asked == [
        ("tier", "test", 24, 1, {}), ("tier", "validation", 3, 1, {"fewer": True}), ("tier", "train", 512, 1, {}),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="1,319 test questions, and 1,320"):
        few("tier", "test", 1_320, 1)


def test_few_traces_are_collected():
    asked = []
    few = shrunken.collected(lambda *about, **more: asked.append((about, more)))
    few("tier", 512, 0, teacher="both")
    few("tier", n=36, seed=0)
    assert asked == [(("tier", 128, 0), {"teacher": "both"}), (("tier", 36), {"seed": 0})]


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("192.0.2.1", 443))), ("socket.getaddrinfo", ("huggingface.co", 443)),
        ("open", ("artifacts/small/x", "w", 0)), ("open", ("data/results/x", None, os.O_WRONLY | os.O_CREAT)),
        ("os.mkdir", ("artifacts/full", 0o777, -1)), ("os.rename", ("artifacts/rehearsal/a", "artifacts/full/a")),
    ],
)  # fmt: skip
def test_what_leads_out_is_refused(event, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="rehearsal"):
        shrunken.watch(tmp_path / "artifacts" / "rehearsal", tmp_path)(event, arguments)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        ("socket.connect", (None, ("127.0.0.1", 443))), ("socket.connect", (None, "a-unix-socket")),
        ("open", ("artifacts/rehearsal/x", "w", 0)), ("open", ("data/results/x", "r", 0)), ("open", (3, "w", 0)),
        ("open", ("../elsewhere", "w", 0)), ("os.mkdir", ("artifacts/rehearsal/small", 0o777, -1)),
        ("open", ("helpers/__pycache__/a.pyc", "w", 0)),
    ],
)  # fmt: skip
def test_what_stays_inside_is_allowed(event, arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shrunken.watch(tmp_path / "artifacts" / "rehearsal", tmp_path)(event, arguments)


def test_make_rehearse_is_what_runs_it():
    assert "\t$(TOOLS) rehearsal\n" in (stand_ins.ROOT / "Makefile").read_text(encoding="utf-8")


HOLDS = """
import os, sys, time
held = os.urandom(300_000_000)
until = time.monotonic() + 3
while time.monotonic() < until:
    copy = os.fork()  # the copy shares every page
    if not copy:
        time.sleep(float(sys.argv[1]))
        os._exit(0)
    os.waitpid(copy, 0)
"""
# In a process of its own: what other tests left running plays no part.
WATCHES = """
import json, subprocess, sys
from rehearsal import watching
if sys.argv.pop() == "untold":  # a system that does not say what is shared
    watching.memory_of = lambda process: process.memory_info().rss
with watching.watched() as memory:
    subprocess.run([sys.executable, "-c", *sys.argv[1:]], check=True)
print(json.dumps(memory))
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="only Linux says what processes share")
@pytest.mark.parametrize(("lives", "sharing"), [(0.05, "untold"), (2, "told")])
def test_memory_that_processes_share_counts_once(lives, sharing):
    """A copy that is gone in a moment, as when a program is started, and one that stays."""
    command = [sys.executable, "-c", WATCHES, HOLDS, str(lives), sharing]
    run = subprocess.run(command, cwd=rehearse.ROOT / "tools", capture_output=True, text=True, check=True)
    memory = json.loads(run.stdout)
    assert memory["peak_gb"] == pytest.approx(0.31, abs=0.05)
    held = sum(float(line.split()[0]) for line in memory["held_by"])
    assert held == pytest.approx(memory["peak_gb"], abs=0.02)
