"""helpers.evaluation.running: code runs behind limits, without the environment, in a folder that goes with it."""

import os
import time
from pathlib import Path

import pytest

from helpers.evaluation.running import PASSED, run

ADD = "def add(a, b):\n    return a + b"
SECRET = "sk-canary-0123456789"


@pytest.mark.parametrize(
    ("code", "test", "said"),
    [
        (ADD, "assert add(1, 2) == 3", PASSED),
        (ADD.replace("+", "-"), "assert add(1, 2) == 3", "AssertionError"),
        ("def add(a, b:", "assert add(1, 2) == 3", "SyntaxError"),
        ("def sub(a, b): pass", "assert add(1, 2) == 3", "NameError"),
        # Who ends before the test has not passed it, nor who writes what the test would.
        ("import sys; sys.exit(0)", "pass", "SystemExit"),
        ("import os; os._exit(0)", "pass", "ended with code 0"),
        (f"open('result', 'w').write({PASSED!r})\nimport os; os._exit(0)", "pass", "failed"),
        ("if __name__ == '__main__':\n    1 / 0", "pass", PASSED),
        ("print('x' * 10**6)\nimport sys; sys.stderr.write('y' * 10**6)", "pass", PASSED),
        ("x = input()", "pass", "EOFError"),
    ],
)
def test_a_test_says_whether_it_passed_and_if_not_why(code, test, said):
    found = run(code, test)
    assert said in found and (found == PASSED) == (said == PASSED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "limits"),
    [
        ("while True:\n    pass", {"seconds": 1}), ("import time\ntime.sleep(60)", {"clock": 3}),
        ("x = [0] * 10**9", {"megabytes": 512}), ("x = 'a'\nwhile True:\n    x += x", {"megabytes": 512}),
        ("open('big', 'wb').write(b'0' * 10**8)", {}),
    ],
)  # fmt: skip
def test_nothing_runs_without_end(code, limits):
    assert run(code, "pass", **limits) != PASSED


@pytest.mark.slow
def test_what_it_started_ends_with_it(tmp_path):
    sign = tmp_path / "sign"
    child = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {_later(sign)!r}])"
    assert run(child, "pass") == PASSED
    time.sleep(3)
    assert not sign.exists()


def _later(sign: Path) -> str:
    return f"import time; time.sleep(2); open({str(sign)!r}, 'w').close()"


def test_it_has_no_secret_of_the_environment_and_its_folder_is_gone(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = tmp_path / "told"
    code = f"import os\nopen({str(told)!r}, 'w').write(repr(dict(os.environ)) + '|' + os.getcwd())"
    assert run(code, "pass") == PASSED
    seen, _, folder = told.read_text().rpartition("|")
    assert SECRET not in seen and str(tmp_path) not in seen and "HOME" in seen
    assert folder != os.getcwd() and not Path(folder).exists()
