"""What a notebook of the series must be, without running it.

Each check takes a notebook as the plain dict that its JSON holds and gives a list of complaints,
empty if all is well. CHECKS holds them in the order in which they are worth reading.
"""

import ast
import builtins
import re
from itertools import pairwise
from pathlib import Path

import nbformat

PYTHON_CELL_MAGICS = {"%%time", "%%timeit", "%%capture"}
FROM_THE_SHELL = {"display", "get_ipython"}  # IPython gives these names to every cell
LINE_LENGTH = 79  # what fits beside the file browser without scrolling sideways
# A folder of someone's machine, also on macOS, Windows, Colab and Kaggle.
MACHINE_PATH = re.compile(r"(?<![\w.])(/(home|Users|work|farm|root|tmp|content|kaggle)/|[A-Z]:\\)")
ROOT = Path(__file__).resolve().parents[1]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def text(value) -> str:
    """Text that JSON may hold as one string or as a list of lines."""
    return "".join(value) if isinstance(value, list) else value


def code_cells(nb: dict) -> list[dict]:
    return [cell for cell in nb["cells"] if cell["cell_type"] == "code"]


def outputs(nb: dict) -> list[dict]:
    return [output for cell in code_cells(nb) for output in cell["outputs"]]


def plain_python(source: str) -> str:
    """The cell without magics and shell lines, which only IPython understands."""
    first = source.split(maxsplit=1)[0] if source.strip() else ""
    if first.startswith("%%"):
        source = source.split("\n", 1)[-1] if first in PYTHON_CELL_MAGICS and "\n" in source else ""
    return re.sub(r"^(\s*)[%!](?=\S).*$", r"\1pass", source, flags=re.MULTILINE)


def parsed(nb: dict) -> list[ast.Module]:
    """The code cells that parse; `parses` complains about the others."""
    trees = []
    for cell in code_cells(nb):
        try:
            trees.append(ast.parse(plain_python(text(cell["source"]))))
        except SyntaxError:
            trees.append(ast.Module([], []))
    return trees


def imports_what_the_helpers_have(nb):
    """Each `from helpers... import` names a file, or a name at the top of one: seen without running anything."""
    missing = []
    for tree in parsed(nb):
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
                there = _names_of(ROOT.joinpath(*node.module.split(".")))
                missing += [f"{node.module} has no {one.name}" for one in node.names if one.name not in there]
    return missing


def _names_of(place: Path) -> set[str]:
    """What can be imported from a module or a package."""
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not file.is_file():
        return set()
    names = {path.stem for path in place.glob("*")} if place.is_dir() else set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        else:
            names |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return names


def is_a_notebook(nb):
    try:
        nbformat.validate(nbformat.from_dict(nb))
    except (nbformat.ValidationError, KeyError) as error:
        return [str(error)]
    return []


def has_python3_kernel(nb):
    name = nb["metadata"].get("kernelspec", {}).get("name")
    return [] if name == "python3" else [f"the kernel is {name!r}, which others do not have: use python3"]


def parses(nb):
    complaints = []
    for cell in code_cells(nb):
        try:
            ast.parse(plain_python(text(cell["source"])))
        except SyntaxError as error:
            complaints.append(f"{error.msg}: {error.text}")
    return complaints


def bound_names(tree: ast.AST) -> set[str]:
    """Every name that a cell gives a value to, at any depth."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                names.add(name)
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.alias(name=name, asname=asname):
                names.add(asname or name.split(".")[0])
    return names


def binds_names_before_use(nb):
    known, complaints = set(dir(builtins)) | FROM_THE_SHELL, []
    for tree in parsed(nb):
        known |= bound_names(tree)
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        complaints += [f"{name} is used before any cell gives it a value" for name in sorted(used - known)]
        known |= used  # complain once
    return complaints


def imports_no_stars(nb):
    stars = [node for tree in parsed(nb) for node in ast.walk(tree) if isinstance(node, ast.alias) and node.name == "*"]
    return ["a star import hides where names come from"] if stars else []


def opens_with_parameters(nb):
    if not code_cells(nb):
        return ["there is no code cell"]
    complaints = []
    if "parameters" not in code_cells(nb)[0]["metadata"].get("tags", []):
        complaints.append("the first code cell is not tagged `parameters`")
    missing = {"TIER", "SEED"} - bound_names(parsed(nb)[0])
    return complaints + [f"the first code cell does not set {name}" for name in sorted(missing)]


def orders_headings(nb):
    prose = "\n".join(text(cell["source"]) for cell in nb["cells"] if cell["cell_type"] == "markdown")
    prose = re.sub(r"^```.*?^```", "", prose, flags=re.MULTILINE | re.DOTALL)
    headings = [(len(marks), title) for marks, title in re.findall(r"^(#{1,6}) (.+)$", prose, re.MULTILINE)]
    complaints = []
    if [level for level, _ in headings[:1]] != [1]:
        complaints.append("the first heading is not a title (`# ...`)")
    complaints += [f"a second title: {title}" for level, title in headings[1:] if level == 1]
    for (before, _), (level, title) in pairwise(headings):
        if level > before + 1:
            complaints.append(f"a level is skipped before: {title}")
    return complaints


def keeps_lines_short(nb):
    lines = [line for cell in code_cells(nb) for line in text(cell["source"]).splitlines()]
    return [f"{len(line)} characters: {line}" for line in lines if len(line) > LINE_LENGTH]


def hides_no_errors(nb):
    if nb["metadata"].get("execution", {}).get("allow_errors"):
        return ["allow_errors lets every failure pass, a failing assert too"]
    return []


def shows_no_errors(nb):
    return [f"{output['ename']}: {output['evalue']}" for output in outputs(nb) if output["output_type"] == "error"]


def shows_no_stderr(nb):
    return [text(output["text"]) for output in outputs(nb) if output.get("name") == "stderr"]


def shows_no_machine_paths(nb):
    said = []
    for output in outputs(nb):
        said += [text(output.get("text", "")), *output.get("traceback", [])]
        said += [text(value) for kind, value in output.get("data", {}).items() if kind.startswith("text/")]
    return [match.group() + " in an output" for match in map(MACHINE_PATH.search, said) if match]


def keeps_no_widget_state(nb):
    return ["metadata.widgets: GitHub may refuse to show it"] if "widgets" in nb["metadata"] else []


def keeps_no_widget_views(nb):
    """Without its state, a saved view opens as an error in JupyterLab."""
    if any(WIDGET_VIEW in output.get("data", {}) for output in outputs(nb)):
        return ['a saved widget: set "keep_output": false in its cell\'s metadata, and show a still in the next cell']
    return []


def was_run_from_top_to_bottom(nb):
    counts = [cell["execution_count"] for cell in code_cells(nb) if cell["execution_count"] is not None]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"cells were run in the order {counts}"]


CHECKS = (
    is_a_notebook, has_python3_kernel, parses, binds_names_before_use, imports_no_stars, imports_what_the_helpers_have,
    opens_with_parameters, orders_headings, keeps_lines_short, hides_no_errors, shows_no_errors, shows_no_stderr,
    shows_no_machine_paths, keeps_no_widget_state, keeps_no_widget_views, was_run_from_top_to_bottom,
)  # fmt: skip
