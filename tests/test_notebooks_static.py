"""Every notebook passes every static check, and every check can fail."""

import copy
import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from notebook_checks import CHECKS, WIDGET_VIEW, binds_names_before_use, parses

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def unlinked(readme: str, names: list[str]) -> list[str]:
    return [name for name in names if f"](notebooks/{name})" not in readme]


@pytest.mark.parametrize(
    ("path", "check"),
    [pytest.param(path, check, id=f"{path.stem}-{check.__name__}") for path in NOTEBOOKS for check in CHECKS],
)
def test_notebook(path, check):
    assert not check(json.loads(path.read_text(encoding="utf-8")))


def test_readme_links_every_notebook():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert not unlinked(readme, [path.name for path in NOTEBOOKS])
    assert unlinked("[one](notebooks/01_one.ipynb)", ["01_one.ipynb", "02_two.ipynb"]) == ["02_two.ipynb"]


# --- the checks themselves ----------------------------------------------------------------------


def good() -> dict:
    """A small notebook in which nothing is wrong, as its JSON."""
    parameters = new_code_cell('TIER, SEED = "auto", 0', metadata={"tags": ["parameters"]}, execution_count=1)
    used = new_code_cell(
        "%matplotlib inline\n!ls\nimport math as m\n\n\ndef f(x):\n    return [m.sqrt(y) for y in (x, SEED)]\n\n\nf(4)",
        execution_count=2,
        outputs=[
            new_output("execute_result", {"text/plain": "[2.0, 0.0]"}, execution_count=2),
            new_output("stream", name="stdout", text="see notebooks/a.ipynb and https://example.org/home/x\n"),
        ],
    )
    shell = new_code_cell("%%bash\nfor x in a b; do echo $x; done", execution_count=3)
    prose = new_markdown_cell("# Title\n\n## First\n\n### Deeper\n\n```\n##### in code\n```\n\n## Second")
    notebook = new_notebook(cells=[prose, parameters, used, shell])
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}}
    return json.loads(nbformat.writes(notebook))


def with_code(source):
    def change(nb):
        nb["cells"][2]["source"] = source

    return change


def with_prose(source):
    def change(nb):
        nb["cells"][0]["source"] = source

    return change


def with_output(kind, **fields):
    def change(nb):
        nb["cells"][2]["outputs"].append(new_output(kind, **fields))

    return change


def with_metadata(**fields):
    def change(nb):
        nb["metadata"].update(fields)

    return change


def without_tags(nb):
    nb["cells"][1]["metadata"] = {}


def without_seed(nb):
    nb["cells"][1]["source"] = 'TIER = "auto"'


def without_code(nb):
    nb["cells"] = nb["cells"][:1]


def without_cell_type(nb):
    nb["cells"][0].pop("cell_type")


def run_out_of_order(nb):
    nb["cells"][2]["execution_count"] = 9


SOMEONE = "/" + "home/anna/x.py"
WRONG = {
    "is_a_notebook": [without_cell_type],
    "has_python3_kernel": [with_metadata(kernelspec={"name": "my-env"}), with_metadata(kernelspec={})],
    "parses": [with_code("for x in"), with_code("%%time\nfor x in")],
    "binds_names_before_use": [with_code("x + 1"), with_code("def f(a):\n    return b"), with_code("x += y")],
    "imports_no_stars": [with_code("from math import *")],
    "imports_what_the_helpers_have": [
        with_code("from helpers.methods.cached import tokenized"), with_code("from helpers import distil"),
        with_code("from helpers.nowhere import x"),
    ],
    "opens_with_parameters": [without_tags, without_seed, without_code],
    "orders_headings": [with_prose("## No title"), with_prose("# A\n# B"), with_prose("# A\n### C"), with_prose("-")],
    "keeps_lines_short": [with_code("x = 1" + " " * 70 + "# far")],
    "hides_no_errors": [with_metadata(execution={"allow_errors": True})],
    "shows_no_errors": [with_output("error", ename="ValueError", evalue="no", traceback=["no"])],
    "shows_no_stderr": [with_output("stream", name="stderr", text="FutureWarning: soon\n")],
    "shows_no_machine_paths": [
        with_output("stream", name="stdout", text=f"saved to {SOMEONE}\n"),
        with_output("display_data", data={"text/html": f"<b>{SOMEONE}</b>"}),
        with_output("error", ename="E", evalue="e", traceback=[f"File {SOMEONE}"]),
        with_output("stream", name="stdout", text="C:\\" + "Users\\anna\n"),
    ],
    "keeps_no_widget_state": [with_metadata(widgets={})],
    "keeps_no_widget_views": [with_output("display_data", data={WIDGET_VIEW: {"model_id": "a"}})],
    "was_run_from_top_to_bottom": [run_out_of_order],
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_check_accepts_a_good_notebook(check):
    assert check(good()) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_check_finds_what_is_wrong(check):
    for change in WRONG[check.__name__]:
        bad = copy.deepcopy(good())
        change(bad)
        assert check(bad), f"{check.__name__} accepts what it should refuse"


@pytest.mark.parametrize(
    "source",
    [
        "%%capture\nx = 1",
        "%%html\n<b>bold</b>",
        "%%capture",
        "",
        "if SEED:\n    !ls\nelse:\n    %time 1",
        "with open('a') as file:\n    lines = [*file]",
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    print(error)",
        "match SEED:\n    case [a, *rest]:\n        print(a, rest)\n    case other:\n        print(other)",
        "import os.path\n\nos.path.join('a')",
        "x = (\n    7\n    % 2\n)",
        "f = lambda *args, **more: (args, more)",
        "if (n := 3) > 2:\n    display(n)",
        "class A:\n    def f(self):\n        return A, self",
    ],
)
def test_ordinary_code_is_accepted(source):
    notebook = good()
    with_code(source)(notebook)
    assert parses(notebook) == [] and binds_names_before_use(notebook) == []
