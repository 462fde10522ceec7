"""What the executed notebooks left behind, and that every check of it can fail.

`make test` copies the notebooks to artifacts/executed and has nbmake run the copies before these tests.
"""

import json
from pathlib import Path

import nbformat
import pytest
from executed_checks import CHECKS
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from notebook_checks import text

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXECUTED = ROOT / "artifacts" / "executed"


def sources(path: Path) -> list:
    return [text(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


def stale(notebook: Path, copy: Path) -> str:
    """Why the copy says nothing about the notebook, or nothing."""
    if not copy.exists():
        return f"{notebook.name} was not run: `make test` runs it"
    if sources(notebook) != sources(copy):
        return f"{notebook.name} was changed since it was run: `make test` runs it again"
    return ""


@pytest.mark.parametrize(
    ("path", "check"),
    [pytest.param(path, check, id=f"{path.stem}-{check.__name__}") for path in NOTEBOOKS for check in CHECKS],
)
def test_notebook(path, check, request):
    copy = EXECUTED / path.name
    why = stale(path, copy)
    if why:
        ran = {item.path for item in request.session.items}
        (pytest.fail if copy in ran else pytest.skip)(why)
    assert not check(json.loads(copy.read_text(encoding="utf-8")))


def test_a_copy_that_says_nothing_is_known(tmp_path):
    one, two = tmp_path / "one.ipynb", tmp_path / "two.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), one)
    assert "was not run" in stale(one, two)
    nbformat.write(new_notebook(cells=[new_code_cell("2")]), two)
    assert "was changed" in stale(one, two)
    nbformat.write(new_notebook(cells=[new_code_cell("1", execution_count=1)]), two)
    assert stale(one, two) == ""


# --- the checks themselves, on notebooks that really ran ----------------------------------------


def execute(*cells: str, allow_errors: bool = False) -> dict:
    """The cells after a run as nbmake's, as JSON."""
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=120, allow_errors=allow_errors).execute()
    return json.loads(nbformat.writes(notebook))


GOOD = (
    "import ipywidgets\nimport threading\nimport warnings",
    "ipywidgets.interact(lambda x: print('moved to', x), x=(0, 3))",
    "def work():\n    print('in a thread')\n\n\nthread = threading.Thread(target=work)\nthread.start()\nthread.join()",
    "%time\nprint('Wow!')\nassert 1 != 2",
    "warnings.warn_explicit('soon', PendingDeprecationWarning, 'x.py', 1)",
    "",
)
WIDGETS = "import ipywidgets\nfrom IPython.display import display\n"
WRONG = {
    "ran_to_the_end": [],  # cut off below: a run that is allowed to fail runs every cell
    "shows_no_errors": ["1 / 0"],
    "shows_no_stderr": [
        "import sys\nprint('careful', file=sys.stderr)",
        "import threading\nthread = threading.Thread(target=lambda: 1 / 0)\nthread.start()\nthread.join()",
        "import warnings\nwarnings.warn('not right')",
    ],
    "widgets_show_no_errors": [
        WIDGETS + "def f(x):\n    raise ValueError('in a callback')\n\n\nipywidgets.interact(f, x=(0, 3))",
        WIDGETS + "out = ipywidgets.Output()\ndisplay(out)\nwith out:\n    raise ValueError('inside')",
    ],
    "widgets_show_no_stderr": [
        WIDGETS + "import sys\nout = ipywidgets.Output()\ndisplay(out)\nwith out:\n    print('no', file=sys.stderr)"
    ],
    "runs_no_shell": ["!false", "if True:\n    !ls", "files = !ls", "%sx ls", "%%bash\nfalse", "!!ls"],
    "tells_no_alarm": [
        "print('x.py:1: FutureWarning: soon')",
        "print('x.py:1: DeprecationWarning: soon')",
        "from IPython.display import HTML, display\ndisplay(HTML('<b>FutureWarning</b>'))",
        WIDGETS + "ipywidgets.HTML('Traceback (most recent call last):')",
    ],
}
ALL_WRONG = [(name, source) for name, found in WRONG.items() for source in found]


@pytest.fixture(scope="module")
def good() -> dict:
    return execute(*GOOD)


@pytest.fixture(scope="module")
def wrong() -> dict:
    """Everything that is wrong, run once, one cell each."""
    return execute(*(source for _, source in ALL_WRONG), allow_errors=True)


def test_nothing_is_said_about_a_good_notebook(good):
    assert "moved to" in json.dumps(good["metadata"]["widgets"]), "what a callback shows is in the widgets' state"
    for check in CHECKS:
        assert check(good) == []


def test_every_check_has_something_wrong_to_find():
    assert WRONG.keys() == {check.__name__ for check in CHECKS}


@pytest.mark.parametrize("place", range(len(ALL_WRONG)), ids=[f"{name}-{i}" for i, (name, _) in enumerate(ALL_WRONG)])
def test_what_went_wrong_is_found(wrong, place):
    """In the cell's own output, or in the state of a widget that the cell made."""
    (check,) = (check for check in CHECKS if check.__name__ == ALL_WRONG[place][0])
    cell = wrong["cells"][place]
    assert check({"cells": [cell], "metadata": wrong["metadata"]})
    if not check.__name__.startswith("widgets") and place != len(ALL_WRONG) - 1:
        assert check({"cells": [cell], "metadata": {}}), "it was found in another cell's widget"


def test_a_run_that_broke_off_is_found(good):
    broken = json.loads(json.dumps(good))
    broken["cells"][2]["execution_count"] = None
    assert [check.__name__ for check in CHECKS if check(broken)] == ["ran_to_the_end"]


def test_both_errors_in_widgets_are_found(wrong):
    (check,) = (check for check in CHECKS if check.__name__ == "widgets_show_no_errors")
    assert sorted(check(wrong)) == ["ValueError: in a callback", "ValueError: inside"]


def test_a_threads_error_is_found_in_the_next_cell():
    late = "def fail():\n    time.sleep(0.5)\n    1 / 0\n\n\nthreading.Thread(target=fail).start()"
    ran = execute(f"import threading\nimport time\n\n\n{late}", "time.sleep(2)")
    (check,) = (check for check in CHECKS if check.__name__ == "shows_no_stderr")
    assert "ZeroDivisionError" in check(ran)[0]


def test_own_future_warnings_are_errors_in_the_kernels():
    """As in pytest itself, see pyproject.toml; those of other packages are not, but they are seen on stderr."""
    warn = "import warnings\nwarnings.warn_explicit('soon', FutureWarning, 'x.py', 1, module='{}')"
    modules = ("helpers", "helpers.losses", "helpers.show.page", "helpersome", "trl.trainer")
    ran = execute(*map(warn.format, modules), allow_errors=True)
    kinds = [[output["output_type"] for output in cell["outputs"]] for cell in ran["cells"]]
    assert kinds == [["error"], ["error"], ["error"], ["stream"], ["stream"]]
