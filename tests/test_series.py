"""tools/series.py: the notebooks in order, a clear word where one stops, and outputs for a commit."""

import json
from pathlib import Path

import nbformat
import pytest
import series
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbstripout import strip_output


def notebook(root: Path, name: str, *sources: str) -> Path:
    path = root / "notebooks" / f"{name}.ipynb"
    path.parent.mkdir(exist_ok=True)
    cells = [new_markdown_cell("# Title", id="title")]
    cells += [new_code_cell(source, id=f"cell-{i}", metadata={"tags": ["kept"]}) for i, source in enumerate(sources)]
    made = new_notebook(cells=cells)
    made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(made, path)
    return path


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(series, "ROOT", tmp_path)
    return tmp_path


LOG = "import os, pathlib\nwith open('../log.txt', 'a') as log:\n    log.write({!r} + os.environ['DISTILL_TIER'] + ' ')"


@pytest.mark.slow
def test_a_notebook_that_fails_stops_the_series_and_is_named(root, capsys):
    notebook(root, "01_one", LOG.format("one:"))
    notebook(root, "02_two", LOG.format("two:"), "# the sum\nhalf = 1 / 0")
    notebook(root, "03_three", LOG.format("three:"))
    assert series.main([]) == 1
    said = capsys.readouterr()
    assert (root / "log.txt").read_text() == "one:mini two:mini "
    assert [line.split()[0] for line in said.out.splitlines()] == ["01_one", "02_two"]
    assert "02_two stopped in cell [2]" in said.err and "# the sum" in said.err
    assert "ZeroDivisionError: division by zero" in said.err
    executed = root / "artifacts" / "mini" / "executed"
    assert str(executed / "02_two.ipynb") in said.err
    assert (executed / "01_one.ipynb").exists() and not (executed / "03_three.ipynb").exists()


@pytest.mark.slow
def test_a_kernel_that_dies_is_named(root, capsys):
    notebook(root, "01_one", "1", "import os\nos._exit(1)")
    assert series.main([]) == 1
    said = capsys.readouterr().err
    assert "01_one stopped" in said and "its kernel died" in said


@pytest.mark.slow
def test_outputs_are_saved_and_nothing_else_changes(root, capsys):
    """A widget, such as a progress bar, is not kept: without its state it opens as an error."""
    widget = "import ipywidgets\ndisplay(ipywidgets.IntSlider())\nprint('said')"
    path = notebook(root, "01_one", "6 * 7", widget)
    before = nbformat.read(path, as_version=4)
    assert series.main(["--save"]) == 0
    after = nbformat.read(path, as_version=4)
    assert after.cells[1].outputs[0].data == {"text/plain": "42"}
    assert [output.output_type for output in after.cells[2].outputs] == ["stream"]
    assert [cell.get("execution_count") for cell in after.cells] == [None, 1, 2]
    assert strip_output(after, False, False, []) == strip_output(before, False, False, [])
    assert "|" not in capsys.readouterr().out, "who saves outputs has no use for the table"
    told = json.loads((root / series.MINUTES).read_text())
    assert told["tier"] == "mini" and told["machine"] and told["commit"] and 0 < told["seconds"]["01_one"] < 100
    (root / series.MINUTES).unlink()
    (root / "artifacts" / "mini" / "traces").mkdir()
    assert series.main(["--save"]) == 0
    assert not (root / series.MINUTES).exists(), "where traces lay ready, the minutes are not those of a reader"


def test_the_main_job_is_the_four_notebooks_that_lead_to_the_table(root, monkeypatch, capsys):
    names = ("00_start", "01_dark", "02_traces", "03_token", "04_before", "05_logits")
    for name in names:
        notebook(root, name, "1")
    ran = []
    monkeypatch.setattr(series, "execute", lambda path, *_, **__: ran.append(path.stem) or 1.0)
    path = root / "artifacts" / "mini" / "results" / "04_before_and_after.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(FIGURES))
    assert series.main(["--main"]) == 0
    assert ran == [names[0], *names[2:5]] and "`make series` runs every notebook" in capsys.readouterr().out
    assert series.main([]) == 0
    assert ran[4:] == list(names) and "make series" not in capsys.readouterr().out


def test_a_notebook_that_was_changed_meanwhile_is_left_alone(root):
    executed = notebook(root, "01_one", "1")
    path = notebook(root, "02_two", "2")
    text = path.read_text()
    with pytest.raises(ValueError, match="02_two was changed while it ran"):
        series.save(executed, path)
    assert path.read_text() == text


def share(value: float) -> dict:
    return {"value": value, "n": 500, "low": value - 0.02, "high": value + 0.01}


FIGURES = {
    "student_before": {"accuracy": share(0.1)},
    "student_after": {"accuracy": share(0.8), "retained": 0.888},
    "teacher": {"accuracy": share(0.9)},
    "impossible": {
        model: {"detected": share(value), "false_alarms": share(0.05)}
        for model, value in (("before", 0.2), ("after", 0.6), ("teacher", 0.7))
    },
    "ended": {"before": share(0.3), "after": share(0.4), "teacher": share(0.5)},
    "run": {"seed": 3, "machine": "CPU, 2 cores"},
}


def test_the_table_says_what_the_file_says(root, capsys):
    path = root / "artifacts" / "mini" / "results" / "04_before_and_after.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(FIGURES))
    assert series.main([]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    rows = {row[0]: row[1:] for row in ([cell.strip() for cell in line.strip("| ").split("|")] for line in lines[2:6])}
    assert [cell.strip() for cell in lines[0].strip("|").split("|")] == ["", *series.COLUMNS]
    assert rows["accuracy: problems solved"] == ["10.0 % (8.0–11.0)", "80.0 % (78.0–81.0)", "90.0 % (88.0–91.0)"]
    assert rows["impossible twins noticed"][1] == "60.0 % (58.0–61.0)"
    assert rows["false alarms"][2] == "5.0 % (3.0–6.0)"
    assert rows["answers that end by themselves"][0] == "30.0 % (28.0–31.0)"
    assert "n = 500" in lines[-1] and "seed 3" in lines[-1] and "keeps 89 %" in lines[-1]


def test_the_table_leaves_out_what_the_tier_does_not_have():
    figures = {name: value for name, value in FIGURES.items() if name != "impossible"}
    figures["student_after"] = {"accuracy": share(0.0), "retained": None}
    made = series.table(figures)
    assert "twins" not in made and "answers that end" in made and "keeps" not in made


def test_without_figures_there_is_no_table(root, capsys):
    assert series.main([]) == 0
    assert capsys.readouterr().out == ""
