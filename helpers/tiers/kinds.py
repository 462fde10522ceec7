"""Kinds of answers, by name, so that a tier stays plain data; and functions of the reader's that say what is right."""

import inspect
import marshal
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location

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
        name = f"{FUNCTION}{getattr(kind, '__name__', type(kind).__name__)}-{_digest(kind)}"
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
    known = _given.get(edition(kind))
    if known:
        return known
    file, colon, name = kind.removeprefix(FUNCTION).rpartition(":")
    if not colon:
        raise ValueError(f"{kind} is not known in this process: make the tier anew with tiers.own(..., kind=...)")
    path = place_of(file)
    spec = spec_from_file_location(path.stem, path) if path else None
    if spec is None:
        raise ValueError(f"{kind}: there is no such file any more: correct its path")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, name, None)):
        raise ValueError(f"{path} has no function {name}(answer, gold)")
    return _given.setdefault(edition(kind), getattr(module, name))


def edition(kind: str) -> str:
    """The kind, with what changes with the code of a function in a file: verdicts depend on it."""
    file, colon, _ = kind.removeprefix(FUNCTION).rpartition(":")
    path = place_of(file) if colon and kind.startswith(FUNCTION) else None
    return f"{kind} {sources.digest(path)}" if path else kind


def _digest(judge: Callable) -> str:
    """Eight letters that change with a function's source, where there is one: another judge has another name."""
    try:
        code = inspect.getsource(judge).encode()
    except (OSError, TypeError):  # typed into a plain Python prompt, or no function of Python
        code = marshal.dumps(judge.__code__) if hasattr(judge, "__code__") else repr(type(judge)).encode()
    return sources.digest(code).removeprefix("sha256:")[:8]
