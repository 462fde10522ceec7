"""tests/fewer.py and its tier: which notebooks run with fewer of everything, and that their kernels do."""

import os
import subprocess
import sys
from pathlib import Path

import fewer
import pytest
from conftest import Fewer

from helpers import tiers

ROOT = Path(__file__).resolve().parents[1]
CODE = """
from helpers import evaluation, problems, questions, tiers
tier = tiers.resolve("auto")
asked = questions.draw(tier, "test", 300, 0, fewer=True)
exam = evaluation.draw_benchmark(tier, evaluation.size(tier), 200, 0)
print(tier.name, tier.traces, tier.epochs, tier.artifacts.name, len(asked), len(exam.asked), len(exam.pairs))
"""


@pytest.mark.parametrize(
    ("tier", "told"), [(str(fewer.TIER), "ci 256 1 ci 24 24 24"), ("mini", "mini 1600 4 mini 300 500 200")]
)
def test_a_kernel_has_fewer_where_it_is_told_to(tier, told):
    env = {**os.environ, "DISTILL_TIER": tier, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == told, done.stderr


def test_a_reader_never_sees_it(monkeypatch):
    monkeypatch.setenv("DISTILL_TIER", "ci")
    with pytest.raises(ValueError, match=r"choose from auto, mini, small, full$"):
        tiers.resolve()


def test_the_main_job_is_run_whole_and_all_is_where_it_is_asked_for(monkeypatch):
    monkeypatch.delenv(fewer.WHOLE, raising=False)
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert {name[:2] for name in names if not fewer.meant(name)} == {"00", "01", "02", "03", "04"}
    monkeypatch.setenv(fewer.WHOLE, "1")
    assert not any(map(fewer.meant, names))


@pytest.mark.parametrize(("name", "few"), [("05_x.ipynb", True), ("03_x.ipynb", False), ("test_05.py", False)])
def test_the_tier_is_another_while_such_a_notebook_runs_and_the_old_one_behind_it(name, few, monkeypatch):
    monkeypatch.delenv(fewer.WHOLE, raising=False)
    monkeypatch.setenv("DISTILL_TIER", "mini")
    run = Fewer().pytest_runtest_protocol(type("Item", (), {"path": Path(name)}))
    next(run)
    assert os.environ["DISTILL_TIER"] == (str(fewer.TIER) if few else "mini")
    with pytest.raises(StopIteration):
        run.send(True)
    assert os.environ["DISTILL_TIER"] == "mini"
