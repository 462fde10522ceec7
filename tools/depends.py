"""Which helpers a notebook stands on, read from its imports and from theirs."""

import ast
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def helper_files(notebook: Path, helpers: Path = ROOT / "helpers") -> list[Path]:
    """The files of every module or package in helpers/ that the notebook imports, directly or through another."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    found: dict[str, list[Path]] = {}
    waiting = set().union(*map(_modules, sources))
    while waiting:
        name = waiting.pop()
        alone, package = helpers / f"{name}.py", helpers / name
        if name in found or not (alone.exists() or package.is_dir()):
            continue
        found[name] = [alone] if alone.exists() else sorted(package.rglob("*.py"))
        waiting |= set().union(*(_modules(path.read_text(encoding="utf-8")) for path in found[name]))
    return sorted(path for paths in found.values() for path in paths)


def _modules(source: str) -> set[str]:
    """The names right under `helpers` that a text imports, also within functions; not each need be a module.

    Of what is not plain Python, such as a magic line, there are none.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []  # read by those who check types; no run comes here
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("helpers.")}
