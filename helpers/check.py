"""Says in one line whether an exercise is right, and names the mistake where it is a known one."""

import copy
import math
from collections.abc import Callable, Iterable, Mapping

NOTHING_YET = "yours: nothing yet"
WIDTH = 60  # characters of a long value that are shown


def value(yours: object, expected: object, remarks: Mapping | None = None, tolerance: float = 1e-6) -> None:
    """Prints `yours ...   expected ...   · right`, or behind the dot the remark on the mistake. Raises nothing.

    Args:
        yours: a number, text, list, mapping or tensor; None or ... where nothing is written yet.
        expected: the right one.
        remarks: a wrong value, and what went wrong where it is given.
        tolerance: relative, absolute below 1.
    """
    if yours is None or yours is ...:
        print(NOTHING_YET)
    elif same(yours, expected, tolerance):
        print(_line(yours, expected, "right"))
    else:
        known = (text for wrong, text in (remarks or {}).items() if same(yours, wrong, tolerance))
        print(_line(yours, expected, next(known, "")))


def function(
    yours: Callable,
    reference: Callable,
    cases: Iterable[tuple],
    remarks: Mapping[Callable, str] | None = None,
    tolerance: float = 1e-6,
) -> None:
    """Prints the first case on which two functions differ, or that they agree on all.

    An exception of yours is named and not raised; one of the reference is.

    Args:
        yours: None or ... where nothing is written yet.
        reference: the right one.
        cases: the arguments of each call, a single one bare if need be; best fresh ones each time, so that no result
            can be typed in.
        remarks: a wrong function and what went wrong in it, said where yours gives what that one gives on every case.
        tolerance: as `value`.

    Raises:
        ValueError: if there is no case.
    """
    cases = [case if isinstance(case, tuple) else (case,) for case in cases]
    if not cases:
        raise ValueError("there is no case to try the function on")
    expected = [_call(reference, case) for case in cases]
    if yours is None or yours is ...:
        print(NOTHING_YET)
        return
    if yours is reference:
        print("that is what yours is compared with: write one of your own")
        return
    found = []
    for case, wanted in zip(cases, expected, strict=True):
        try:
            found.append(_call(yours, case))
        except (Exception, SystemExit) as error:
            what = f"{type(error).__name__}: {_short(str(error))}"
            print(f"{_named(case)}: yours stops with {what}   expected {_shown(wanted)}")
            return
    pairs = list(zip(found, expected, strict=True))
    wrong = next((i for i, (mine, wanted) in enumerate(pairs) if not same(mine, wanted, tolerance)), None)
    if wrong is None:
        print(f"yours and expected agree on {len(cases)} of {len(cases)} cases   · right")
    elif all(mine is None or mine is ... for mine in found):
        print(NOTHING_YET)
    else:
        known = (text for other, text in (remarks or {}).items() if _does(other, cases, found, tolerance))
        remark = next(known, "")
        print(f"{_named(cases[wrong])}: {_line(*pairs[wrong], remark)}")


def same(a: object, b: object, tolerance: float = 1e-6) -> bool:
    """Whether two values are equal, numbers within the tolerance; a list, a tuple and a tensor of the same are."""
    a, b = _plain(a), _plain(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, int | float) and isinstance(b, int | float):
        try:
            return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) or (math.isnan(a) and math.isnan(b))
        except OverflowError:  # a whole number that no float holds
            return a == b
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(same(a[key], b[key], tolerance) for key in a)
    try:
        return bool(a == b)
    except Exception:  # some objects cannot be compared
        return False


def _call(function: Callable, case: tuple):
    return function(*copy.deepcopy(case))  # a function that changes its arguments shall not change the others' too


def _does(other: Callable, cases: list[tuple], found: list, tolerance: float) -> bool:
    """Whether another function gives what was found, on every case."""
    try:
        return all(same(_call(other, case), mine, tolerance) for case, mine in zip(cases, found, strict=True))
    except Exception:  # a wrong function may stop on some cases
        return False


def _plain(value):
    """Tensors and arrays as lists or numbers, tuples as lists; all else as it is."""
    try:
        return list(value) if isinstance(value, tuple) else value.tolist()
    except Exception:  # no tensor, or one without values
        return value


def _line(yours, expected, remark: str) -> str:
    mine, wanted = _shown(yours), _shown(expected)
    if mine == wanted and remark != "right":  # they differ in what the short forms leave out
        mine, wanted = _where_they_part(_full(yours), _full(expected))
    return f"yours {mine}   expected {wanted}" + (f"   · {remark}" if remark else "")


def _shown(value) -> str:
    """A value in few characters: numbers with four significant digits, long texts cut in the middle."""
    value = _plain(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return _short("[" + ", ".join(map(_shown, value[:WIDTH])) + "]")
    return _short(_full(value))


def _full(value) -> str:
    try:
        return repr(_plain(value))
    except Exception:
        return f"a {type(value).__name__}"


def _short(text: str) -> str:
    text = text.replace("\n", " ")
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 20]} ... {text[-15:]}"


def _where_they_part(*texts: str) -> tuple[str, ...]:
    """Each text from a little before the first character in which they differ."""
    letters = enumerate(zip(*texts, strict=False))
    start = max(0, next((i for i, (a, b) in letters if a != b), min(map(len, texts))) - 15)
    return tuple(("... " if start else "") + text[start : start + WIDTH] for text in texts)


def _named(case: tuple) -> str:
    return f"case ({', '.join(map(_shown, case))})"
