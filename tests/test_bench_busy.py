"""The bench of a busy machine: what it sets, what it stops, and which figures it lets pass."""

import json
import math
import os
import subprocess
import sys
import time
from contextlib import nullcontext

import pytest
from bench import busy as bench_busy

from helpers.openmp import NAME, VALUE

pytestmark = pytest.mark.tools


@pytest.fixture
def tiny(monkeypatch):
    """Work that is done at once and tells how OpenMP's threads would wait in it."""
    seen = []
    monkeypatch.setattr(bench_busy, "WORK", {"little": lambda: lambda: seen.append(os.environ.get(NAME))})
    return seen


@pytest.mark.parametrize(("waiting", "there"), [("ours", VALUE), ("spinning", None)])
def test_the_work_is_done_as_it_is_named(tiny, monkeypatch, capsys, waiting, there):
    monkeypatch.setenv(NAME, VALUE)
    bench_busy.measure(waiting, 3)
    assert tiny == [there] * 3
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [name for name, _ in told] == ["little"] * 3 and all(seconds >= 0 for _, seconds in told)


def test_openmp_is_not_loaded_before_it_is_set():
    code = "import sys; from bench import busy; print('torch' in sys.modules)"
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(bench_busy.ROOT), str(bench_busy.ROOT / "tools")])}
    assert subprocess.check_output([sys.executable, "-c", code], env=env, text=True) == "False\n"


def test_the_shell_changes_nothing(monkeypatch):
    given = []

    def run(command, env, **_):
        given.append(env)
        return subprocess.CompletedProcess(command, 0, '["steps", 1.5]\n["steps", 2.5]\n')

    for name in ("OMP_NUM_THREADS", NAME, "GOMP_SPINCOUNT", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(bench_busy.subprocess, "run", run)
    found = bench_busy.in_a_process("ours", "alone", 2)
    assert found == {"traces": [math.inf], "products": [math.inf], "steps": [1.5, 2.5]}
    assert not [name for name in given[0] if "OMP" in name or "MKL" in name]


def test_what_takes_too_long_is_stopped_and_counts_as_not_done(monkeypatch):
    monkeypatch.setattr(bench_busy, "LIMIT", 0.2)
    begun = time.perf_counter()
    found = bench_busy.in_a_process("ours", "low", 1)
    assert set(map(tuple, found.values())) == {(math.inf,)} and time.perf_counter() - begun < 10
    assert bench_busy.spread([math.inf, 2.0, math.inf]) == "not done (2.0)"


def test_a_failure_is_told():
    with pytest.raises(SystemExit, match=r"ours, alone: (.|\n)*invalid literal"):
        bench_busy.in_a_process("ours", "alone", "many")


def test_the_other_process_is_as_low_as_asked_and_ends(monkeypatch):
    started = []

    class Kept(subprocess.Popen):
        def __init__(self, *words, **more):
            super().__init__(*words, **more)
            started.append(self)

    monkeypatch.setattr(bench_busy.subprocess, "Popen", Kept)
    with bench_busy.beside(3):
        until = time.monotonic() + 10
        while os.getpriority(os.PRIO_PROCESS, started[0].pid) != min(19, os.nice(0) + 3):
            assert time.monotonic() < until
    assert started[0].poll() is not None
    with bench_busy.beside(None):
        assert len(started) == 1


def test_the_rest_of_the_machine_is_counted_without_ourselves(monkeypatch):
    """Of two cores, others took 0.8 of 2 s, and this and its own 0.4."""
    clock = iter([10.0, 12.0])
    every = [bench_busy.psutil.cpu_times()] * 2
    every[1] = every[0]._replace(user=every[0].user + 1.0, system=every[0].system + 0.2, idle=every[0].idle + 2.8)
    used = [(0.0, 0.0), (0.0, 0.0), (0.1, 0.1), (0.1, 0.1)]
    own = iter([type("Usage", (), {"ru_utime": user, "ru_stime": system}) for user, system in used])
    monkeypatch.setattr(bench_busy.time, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(bench_busy.resource, "getrusage", lambda who: next(own))
    times = iter(every)
    monkeypatch.setattr(bench_busy.psutil, "cpu_times", lambda: next(times))
    monkeypatch.setattr(bench_busy.psutil, "cpu_count", lambda: 2)
    with bench_busy.rest() as share:
        pass
    assert share == [pytest.approx(0.2)]


def seconds(**changes) -> dict:
    """Figures that keep both promises, but for what is changed: `ours_low=[...]`."""
    found = {("ours", "alone"): [1.04, 9.0], ("spinning", "alone"): [1.0, 1.0], ("ours", "low"): [12.4, 12.4]}
    found |= {tuple(name.split("_")): values for name, values in changes.items()}
    return {key: dict.fromkeys(bench_busy.WORK, values) for key, values in found.items()}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, None),
        ({"ours_alone": [1.06, 9.0]}, "1.06 times as long as with threads that spin"),
        ({"ours_low": [12.7, 12.7]}, "2.53 times as long beside a process of low priority"),
        ({"ours_low": [math.inf, 12.4]}, "inf times as long beside"),
    ],
)
def test_a_broken_promise_is_told(changes, complaint):
    wrong = bench_busy.broken(seconds(**changes))
    if complaint is None:
        assert wrong == []
    else:
        assert len(wrong) == len(bench_busy.WORK)
        assert all(complaint in line for line in wrong)


@pytest.mark.parametrize(("share", "exits"), [(0.01, False), (0.4, False), (0.01, True)])
def test_the_whole_bench_writes_its_figures(monkeypatch, tmp_path, capsys, share, exits):
    monkeypatch.setattr(bench_busy, "ROOT", tmp_path)
    monkeypatch.setattr(bench_busy, "OUT", tmp_path / "bench" / "busy.json")
    monkeypatch.setattr(bench_busy, "rest", lambda: nullcontext([share]))
    taken = {"alone": 2.0, "low": 5.5 if exits else 4.5, "same": math.inf}
    monkeypatch.setattr(
        bench_busy, "in_a_process", lambda _, other, times: dict.fromkeys(bench_busy.WORK, [taken[other]] * times)
    )
    if exits:
        with pytest.raises(SystemExit, match=r"traces: 2\.75 times as long beside"):
            bench_busy.main([])
    else:
        bench_busy.main([])
    told = json.loads((tmp_path / "bench" / "busy.json").read_text())
    assert told["rest"] == share and told["seconds"]["ours alone"]["steps"] == [2.0] * 4
    assert told["seconds"]["ours same"]["traces"] == [None] * 2
    said = capsys.readouterr().out
    assert "| ours | of the same priority | not done | not done | not done |" in said
    assert ("Run it again" in said) == (share > bench_busy.QUIET)
