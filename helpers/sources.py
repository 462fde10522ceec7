"""Digests: of any content, and of the code that a result stands on, so that an edited loss is not taken for the old."""

import ast
import hashlib
from functools import cache
from pathlib import Path

HELPERS = Path(__file__).parent
# What shapes a training, a cache or a verdict on a trace. Other helpers load models, write answers or draw pictures.
SHAPING = (
    "alignment", "cache", "losses", "methods", "models/chat", "models/lora", "quantization", "training",
    "traces/filtering",
    *(f"evaluation/{name}" for name in (
        "concluding", "conclusions", "formulas", "kinds", "numerals", "phrases", "reading", "running",
    )),
)  # fmt: skip


def digest(*parts: bytes | Path) -> str:
    """A short name for some content: other content has another.

    Args:
        parts: bytes, or files, whose bytes are read some at a time: of gigabytes none are in memory.

    Returns:
        "sha256:" and 16 letters.
    """
    found = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            found.update(part)
        else:
            with open(part, "rb") as file:
                hashlib.file_digest(file, lambda: found)
    return f"sha256:{found.hexdigest()[:16]}"


@cache  # an edit counts from the next kernel on, as it does for the code that runs
def code(*names: str) -> str:
    """Eight letters that change with the code of some helpers and of what they import of SHAPING.

    Comments, docstrings and the form of the lines do not count.

    Args:
        names: such as "methods/logits".

    Raises:
        FileNotFoundError: for a helper that is not there.
    """
    found: dict[Path, str] = {}
    waiting = [_file(HELPERS / name) for name in names]
    if None in waiting:
        raise FileNotFoundError(f"there are no helpers of these names: {', '.join(names)}")
    while waiting:
        path = waiting.pop()
        if path not in found:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found[path] = ast.unparse(_bare(tree))
            waiting += _imported(tree)
    whole = "\0".join(f"{path.relative_to(HELPERS).as_posix()}\0{found[path]}" for path in sorted(found))
    return hashlib.sha256(whole.encode()).hexdigest()[:8]


def _imported(tree: ast.Module) -> list[Path]:
    """The files of SHAPING that a file imports, within functions too, and those of the packages they lie in."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    found = set()
    for root, *parts in (name.split(".") for name in names):
        if root == "helpers":
            found |= {"/".join(parts[:end]) for end in range(1, len(parts) + 1)}
    shaping = (name for name in found if any(name == one or name.startswith(f"{one}/") for one in SHAPING))
    return [path for path in map(_file, (HELPERS / name for name in shaping)) if path]


def _file(place: Path) -> Path | None:
    """The file of a module or of a package; None for what is neither, such as a function."""
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _bare(tree: ast.Module) -> ast.Module:
    """The tree without docstrings."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = body[1:] or [ast.Pass()]
    return tree
