"""Runs the series on the mini tier, in order: `python tools/series.py`.

With `--main` the main job alone: meet the models, collect traces, train the student, measure before and after. With
`--save` the notebooks get the outputs. Then README's minutes are kept too, where the run began with nothing made: else
the trainings would only be read.
"""

import argparse
import json
import sys
from pathlib import Path

import nbformat
from execution import Failed, execute
from readme.tables import DASH, MINUTES, shown

ROOT = Path(__file__).resolve().parents[1]
TIER = "mini"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
MAIN = ("00", "02", "03", "04")  # by their numbers: the shortest way to the table
COLUMNS = ("student before", "student after", "teacher")
# The rows of the table: where a figure lies for each column.
ROWS = {
    "accuracy: problems solved": ("student_before.accuracy", "student_after.accuracy", "teacher.accuracy"),
    **{
        name: tuple(key.format(model) for model in ("before", "after", "teacher"))
        for name, key in (
            ("false alarms", "impossible.{}.false_alarms"),
            ("impossible twins noticed", "impossible.{}.detected"),
            ("of the noticed, the facts named that do not fit", "impossible.{}.named"),
            ("answers that end by themselves", "ended.{}"),
        )
    },
}


def notebooks(root: Path) -> list[Path]:
    """The notebooks of the series in the order in which they are read."""
    return sorted((root / "notebooks").glob("*.ipynb"))


def run(root: Path, numbers: tuple[str, ...] = ()) -> dict[Path, float]:
    """Runs every notebook into artifacts/mini/executed/: the executed ones, with the seconds that each took.

    numbers: of those to run, all if there are none.

    Raises execution.Failed.
    """
    executed = {}
    for path in [path for path in notebooks(root) if not numbers or path.stem[:2] in numbers]:
        print(f"{path.stem:<28}", end="", flush=True)
        output = root / "artifacts" / TIER / "executed" / path.name
        try:
            seconds = execute(path, output, variables={"DISTILL_TIER": TIER})
        except Failed:
            print(" stopped", flush=True)
            raise
        print(f"{seconds:6.0f} s", flush=True)
        executed[output] = seconds
    return executed


def save(executed: Path, notebook: Path) -> None:
    """Copies the outputs of the executed notebook into the notebook, and nothing else.

    Widgets stay behind, progress bars among them: a saved one opens as an error.
    Raises ValueError where the two do not have the same cells.
    """
    source, done = (nbformat.read(path, as_version=4) for path in (notebook, executed))
    if [(cell.id, cell.source) for cell in source.cells] != [(cell.id, cell.source) for cell in done.cells]:
        raise ValueError(f"{notebook.stem} was changed while it ran: run it again")
    for cell, ran in zip(source.cells, done.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = [output for output in ran.outputs if WIDGET_VIEW not in output.get("data", {})]
            cell.execution_count = ran.execution_count
    nbformat.write(source, notebook)


def keep_minutes(root: Path, executed: dict[Path, float]) -> None:
    """Writes how long each notebook took, and on what machine, for README's route."""
    from study import commit  # not at the top: they import PyTorch

    from helpers.evaluation.results import machine

    seconds = {path.stem: round(s, 1) for path, s in executed.items()}
    told = {"tier": TIER, "machine": machine(), "commit": commit(), "seconds": seconds}
    (root / MINUTES).parent.mkdir(parents=True, exist_ok=True)
    (root / MINUTES).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def table(figures: dict) -> str:
    """What notebook 04 measured, as a Markdown table with a note; a row that the tier does not have is left out."""
    from helpers.evaluation.tables import markdown  # not at the top, as above

    rows = []
    for name, keys in ROWS.items():
        cells = [shown(figures, key) for key in keys]
        if set(cells) != {DASH}:
            rows.append([name, *cells])
    run, kept = figures["run"], figures["student_after"]["retained"]
    note = f"n = {figures['teacher']['accuracy']['n']:,}; 95 % intervals; seed {run['seed']}; {run['machine']}."
    if kept is not None:
        note += f" The student keeps {100 * kept:.0f} % of the teacher's accuracy."
    return markdown(["", *COLUMNS], rows) + f"\n\n{note}"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python tools/series.py", description=__doc__)
    parser.add_argument("--save", action="store_true", help="write the outputs into notebooks/")
    parser.add_argument("--main", action="store_true", help="the main job alone")
    chosen = parser.parse_args(arguments)
    fresh = not (ROOT / "artifacts" / TIER / "traces").exists()
    try:
        executed = run(ROOT, MAIN if chosen.main else ())
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.save:
        if fresh and not chosen.main:
            keep_minutes(ROOT, executed)  # first: a saved notebook is a change of the commit that ran
        for path in executed:
            save(path, ROOT / "notebooks" / path.name)
        return 0
    results = ROOT / "artifacts" / TIER / "results" / "04_before_and_after.json"
    if results.exists():
        print(f"\n{table(json.loads(results.read_text(encoding='utf-8')))}")
        if chosen.main:
            print("\n`make series` runs every notebook; `make lab` opens them.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
