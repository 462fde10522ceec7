"""helpers.check: right is called right, a known mistake by its name, and no answer of a learner stops the notebook."""

import math
import random
import sys

import numpy as np
import pytest
import torch

from helpers import check


def said(capsys) -> str:
    """The one line that was printed."""
    (line,) = capsys.readouterr().out.splitlines()
    return line


# --- value --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("yours", "expected"),
    [
        (0.958, 0.958),
        (0.1 + 0.2, 0.3),
        (3, 3.0),
        (10**400, 10**400),
        (math.inf, math.inf),
        (float("nan"), float("nan")),
        ("kept", "kept"),
        (True, np.bool_(True)),
        ([1, 2.0], (1, 2)),
        (torch.tensor([0.5, 0.25]), [0.5, 0.25]),
        (torch.tensor(3.0, requires_grad=True), 3),
        (np.arange(3), [0, 1, 2]),
        ({"kept": 3, "share": 0.1 + 0.2}, {"kept": 3, "share": 0.3}),
        ({1, 2}, {2, 1}),
        ((), []),
    ],
)
def test_a_right_value_is_right(yours, expected, capsys):
    assert check.value(yours, expected) is None
    assert said(capsys).endswith("   · right")


@pytest.mark.parametrize(
    ("yours", "expected"),
    [
        (0.957, 0.958),
        (5, math.inf),
        (10**400, 1.0),
        (float("nan"), 1.0),
        (True, 1),
        (1, True),
        ("3", 3),
        ([1, 2], [1, 2, 3]),
        ([1, 2], [2, 1]),
        ({"kept": 3}, {"kept": 4}),
        ({"kept": 3}, {"Kept": 3}),
        (torch.tensor([0.5]), [0.25]),
        (torch.empty(2, device="meta"), [1, 2]),
    ],
)
def test_a_wrong_value_is_not(yours, expected, capsys):
    check.value(yours, expected)
    line = said(capsys)
    assert line.startswith("yours ") and "   expected " in line and "·" not in line


def test_the_line_reads_as_it_should(capsys):
    check.value(0.23947, 0.95788, {0.23947: "four times too small"})
    assert said(capsys) == "yours 0.2395   expected 0.9579   · four times too small"


def test_only_the_remark_for_that_mistake_is_made(capsys):
    remarks = {1.0: "no square", 2.0: "twice", (1, 2): "the order"}
    for yours, remark in ((1.0, "no square"), (torch.tensor(2.0), "twice"), ([1, 2], "the order")):
        check.value(yours, 4.0, remarks)
        assert said(capsys).endswith(f"   · {remark}")
    check.value(3.0, 4.0, remarks)
    assert "·" not in said(capsys)


def test_a_right_value_gets_no_remark(capsys):
    check.value(4.0, 4.0, {4.0: "wrong"})
    assert said(capsys) == "yours 4   expected 4   · right"


def test_the_tolerance_is_kept(capsys):
    check.value(0.31, 0.3, {0.31: "too far"}, tolerance=0.001)
    assert said(capsys).endswith("too far")
    check.value(0.31, 0.3, tolerance=0.05)
    assert said(capsys).endswith("right")


@pytest.mark.parametrize("nothing", [None, ...])
def test_nothing_yet(nothing, capsys):
    check.value(nothing, 3)
    check.function(nothing, len, ["a"])
    assert capsys.readouterr().out == "yours: nothing yet\n" * 2


@pytest.mark.parametrize(
    ("yours", "expected", "shown"),
    [
        (0.30000001, 0.3, "yours 0.30000001   expected 0.3"),
        ("a" * 80, "a" * 90, "yours ... aaaaaaaaaaaaaaa'   expected ... aaaaaaaaaaaaaaaaa"),
        ("a" * 80, "a" * 40 + "b" + "a" * 39, "yours ... "),
    ],
)
def test_what_looks_the_same_is_shown_where_it_differs(yours, expected, shown, capsys):
    check.value(yours, expected, tolerance=1e-12)
    line = said(capsys)
    assert line.startswith(shown)
    mine, wanted = line.removeprefix("yours ").split("   expected ")
    assert mine != wanted


def test_a_long_value_takes_one_short_line(capsys):
    check.value("line\n" * 300, list(range(10**5)))
    assert len(said(capsys)) < 160


class Odd:
    """What a learner's cell may hold: it can be neither compared nor shown nor listed."""

    def __eq__(self, other):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError

    def tolist(self):
        raise RuntimeError

    __hash__ = None


def test_an_odd_value_stops_nothing(capsys):
    check.value(Odd(), 3, {2: "two"})
    assert said(capsys) == "yours a Odd   expected 3"
    check.function(Odd(), len, ["a"])
    assert "TypeError" in said(capsys)


# --- function -----------------------------------------------------------------------------------


def area(a, b):
    return a * b


def fresh(n=8):
    return [(random.uniform(1, 9), random.uniform(1, 9)) for _ in range(n)]


def test_a_right_function_is_right(capsys):
    assert check.function(lambda a, b: b * a, area, fresh()) is None
    assert said(capsys) == "yours and expected agree on 8 of 8 cases   · right"


def test_the_first_case_that_differs_is_shown(capsys):
    cases = [(2, 2), (0, 0), (2, 3), (4, 5)]
    check.function(lambda a, b: a + b, area, cases)
    assert said(capsys) == "case (2, 3): yours 5   expected 6"


def test_one_wrong_case_among_many_is_found(capsys):
    cases = [(i, 1) for i in range(50)]
    check.function(lambda a, b: -1 if a == 49 else a, area, cases)
    assert said(capsys) == "case (49, 1): yours -1   expected 49"


def test_a_known_mistake_is_named_only_if_it_is_the_same_on_every_case(capsys):
    remarks = {(lambda a, b: 1 / 0): "never", (lambda a, b: a + b): "a sum, not a product", (lambda a, b: a): "only a"}
    cases = [(2, 3), (3, 4)]
    check.function(lambda a, b: b + a, area, cases, remarks)
    assert said(capsys).endswith("yours 5   expected 6   · a sum, not a product")
    check.function(lambda a, b: 5, area, cases, remarks)
    assert said(capsys) == "case (2, 3): yours 5   expected 6"


@pytest.mark.parametrize(
    ("yours", "what"),
    [
        (lambda a, b: a / 0, "ZeroDivisionError: division by zero"),
        (lambda a: a, "TypeError"),
        (lambda a, b: [][0], "IndexError: list index out of range"),
        (3, "TypeError: 'int' object is not callable"),
        (lambda a, b: sys.exit(f"{a} and {b}"), "SystemExit: 2 and 3"),
    ],
)
def test_an_exception_is_named_in_one_line(yours, what, capsys):
    check.function(yours, area, [(2, 3)])
    line = said(capsys)
    assert line.startswith("case (2, 3): yours stops with ") and what in line and line.endswith("   expected 6")


def test_a_stub_is_nothing_yet_unless_none_is_the_answer(capsys):
    def stub(*_):
        pass

    check.function(stub, area, fresh())
    assert said(capsys) == "yours: nothing yet"
    check.function(lambda *_: ..., area, fresh())
    assert said(capsys) == "yours: nothing yet"
    check.function(stub, lambda *_: None, fresh())
    assert said(capsys).endswith("right")


def test_a_function_that_changes_its_arguments_changes_no_other(capsys):
    def empties(rows):
        count = len(rows)
        rows.clear()
        return count

    cases = [([1, 2],), ([3],)]
    check.function(empties, len, cases, {empties: "the same"})
    assert said(capsys).endswith("right")
    assert cases == [([1, 2],), ([3],)]


def test_a_single_argument_needs_no_tuple_and_cases_may_come_one_by_one(capsys):
    check.function(lambda each: sum(1 for _ in each), len, (word for word in ["one", "three", [1, 2]]))
    assert said(capsys) == "yours and expected agree on 3 of 3 cases   · right"


def test_the_reference_by_another_name_is_no_answer(capsys):
    check.function(area, area, fresh())
    assert said(capsys) == "that is what yours is compared with: write one of your own"


def test_mistakes_of_the_notebook_are_raised():
    with pytest.raises(ValueError, match="no case"):
        check.function(area, area, [])
    with pytest.raises(ZeroDivisionError):
        check.function(area, lambda a, b: a / 0, [(1, 2)])
