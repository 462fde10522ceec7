"""Kinds of answers, by name, so that a tier stays plain data; and functions of the reader's that say what is right."""

import inspect
import runpy
from collections.abc import Callable

from helpers import sources
from helpers.tiers.naming import from_root, place_of

# number: one or several. text: exact, but for case, spaces and marks. choice: one of A to E. code: a test runs it.
# none: nobody knows, and samples are compared. What each counts as right: `helpers.evaluation.kinds`.
KINDS = ("number", "text", "choice", "code", "none")
FUNCTION = "function:"  # before the name of a function of the reader's

_given: dict[str, Callable] = {}


def named(kind: str | Callable) -> str:
    """The name of a kind of answers, as a tier holds it.

    Args:
        kind: one of KINDS; or a function (answer, gold) -> bool of the reader's; or the place of one, "judge.py:right".

    Raises:
        ValueError: for what is none of these.
        FileNotFoundError: for a file that is not there.
    """
    if callable(kind):
        try:
            code = inspect.getsource(kind)
        except (OSError, TypeError):  # typed into a plain Python prompt, or no function of Python
            code = str(getattr(getattr(kind, "__code__", kind), "co_code", type(kind)))
        short = sources.digest(code.encode()).removeprefix("sha256:")[:8]  # another judge has another name
        name = f"{FUNCTION}{getattr(kind, '__name__', type(kind).__name__)}-{short}"
        _given[name] = kind
        return name
    if kind in KINDS or (isinstance(kind, str) and kind.startswith(FUNCTION)):
        return kind
    file, colon, function_name = str(kind).rpartition(":")
    if not colon or not file.endswith(".py") or not function_name.isidentifier():
        raise ValueError(
            f"kind is {kind!r}, and there is no such kind of answer: choose from {', '.join(KINDS)}, or give a "
            "function (answer, gold) -> bool, or the place of one, as 'judge.py:right'"
        )
    path = place_of(file)
    if path is None:
        raise FileNotFoundError(f"kind is {kind!r}, and there is no file {file}: correct its path")
    found = f"{FUNCTION}{from_root(path)}:{function_name}"
    function(found)
    return found


def function(kind: str) -> Callable[[str, object], bool]:
    """The function behind a kind that `named` gave.

    Raises:
        ValueError: where the function is not known here, or the file has none of this name.
    """
    key = edition(kind)
    if key in _given:
        return _given[key]
    file, colon, name = kind.removeprefix(FUNCTION).rpartition(":")
    if not colon:
        raise ValueError(f"{kind} is not known in this process: make the tier anew with tiers.own(..., kind=...)")
    path = place_of(file)
    if path is None:
        raise ValueError(f"{kind}: there is no such file any more: correct its path")
    found = runpy.run_path(str(path)).get(name)
    if not callable(found):
        raise ValueError(f"{path} has no function {name}(answer, gold)")
    return _given.setdefault(key, found)


def edition(kind: str) -> str:
    """The kind, with what changes with the code of a function in a file: verdicts depend on it."""
    file, colon, _ = kind.removeprefix(FUNCTION).rpartition(":")
    path = place_of(file) if colon and kind.startswith(FUNCTION) else None
    return f"{kind} {sources.digest(path)}" if path else kind
