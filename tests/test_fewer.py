"""tests/fewer.py: which notebooks run with fewer of everything, and that their kernels do."""

import os
import subprocess
import sys
from pathlib import Path

import fewer
import pytest
from conftest import Fewer

ROOT = Path(__file__).resolve().parents[1]
CODE = """
from helpers import problems, questions, tiers
tier = tiers.resolve("auto")
asked, pairs = questions.draw(tier, "test", 300, 0), problems.draw_twins("test", 200, 0)
print(tier.name, tier.traces, tier.epochs, tier.artifacts.name, len(asked), len(pairs), dir())
"""


@pytest.mark.parametrize(("value", "told"), [("1", "ci 512 1 ci 24 24"), ("", "mini 1600 4 mini 300 200")])
def test_a_kernel_begins_with_fewer_where_it_is_told_to(value, told):
    env = {**os.environ, fewer.VARIABLE: value, "DISTILL_TIER": "mini", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", fewer.startup() + CODE], env=env, capture_output=True, text=True)
    assert done.stdout.startswith(told), done.stderr
    names = done.stdout[done.stdout.index("[") :]
    assert "'fewer'" not in names and "'os'" not in names and "'sys'" not in names


def test_the_main_job_is_run_whole_and_all_is_where_it_is_asked_for(monkeypatch):
    monkeypatch.delenv(fewer.WHOLE, raising=False)
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert {name[:2] for name in names if not fewer.meant(name)} == {"00", "01", "02", "03", "04"}
    monkeypatch.setenv(fewer.WHOLE, "1")
    assert not any(map(fewer.meant, names))


@pytest.mark.parametrize(("name", "few"), [("05_x.ipynb", True), ("03_x.ipynb", False), ("test_05.py", False)])
def test_the_variable_is_there_while_such_a_notebook_runs_and_gone_behind_it(name, few, monkeypatch):
    for variable in (fewer.WHOLE, fewer.VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    run = Fewer().pytest_runtest_protocol(type("Item", (), {"path": Path(name)}))
    next(run)
    assert (fewer.VARIABLE in os.environ) is few
    with pytest.raises(StopIteration):
        run.send(True)
    assert fewer.VARIABLE not in os.environ
