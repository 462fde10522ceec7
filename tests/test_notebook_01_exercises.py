"""Notebook 01's exercises: each can be solved in more than one way, knows its mistakes, and lets no shortcut pass."""

import random
from math import log

import pytest
import torch
import torch.nn.functional as F
from test_notebook_definitions import exercise, printed

from helpers import check
from helpers.evaluation import statistics
from helpers.losses import on_lists

NAME = "01_dark_knowledge"


def some(n: int) -> list[float]:
    return [random.uniform(-3, 3) for _ in range(n)]


GIVEN = {"on_lists": on_lists, "some": some, "torch": torch, "F": F, "log": log, "softened": on_lists.softened}


def by_torch(student, teacher, label, alpha, T):
    """Right, in single precision, as a reader who knows PyTorch writes it."""
    z, y = torch.tensor([student]), torch.tensor([teacher])
    soft = F.cross_entropy(z / T, (y / T).softmax(-1))
    return alpha * F.cross_entropy(z, torch.tensor([label])) + (1 - alpha) * T**2 * soft


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "runner_up", on_lists.RUNNER_UP_SLIPS), ("ex2", "hinton", on_lists.HINTON_SLIPS)],
)
def test_an_exercise_can_be_solved_and_knows_its_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, key, name, slips, **GIVEN)


@pytest.mark.parametrize(
    ("key", "name", "right"),
    [("ex1", "runner_up", lambda z: torch.tensor(z).topk(2).indices[1]), ("ex2", "hinton", by_torch)],
)
def test_what_is_right_in_another_way_is_right(capsys, key, name, right):
    for _ in range(20):
        assert printed(capsys, NAME, f"{key}-check", check=check, random=random, **{**GIVEN, name: right}).endswith(
            "· right"
        )


@pytest.mark.parametrize(
    ("key", "name", "shortcut"),
    [("ex1", "runner_up", lambda z: random.randrange(10)),
     ("ex2", "hinton", lambda s, t, label, alpha, T: by_torch(s, t, 1, alpha, T)),
     ("ex2", "hinton", lambda s, t, label, alpha, T: by_torch(s, t, label, 0.5, T)),
     ("ex2", "hinton", lambda s, t, label, alpha, T: by_torch(s, t, label, alpha, 2)),
     ("ex2", "hinton", lambda s, t, label, alpha, T: by_torch(s[:3], t[:3], min(label, 2), alpha, T))],
)  # fmt: skip
def test_no_shortcut_passes(capsys, key, name, shortcut):
    random.seed(0)
    for _ in range(20):
        last = printed(capsys, NAME, f"{key}-check", check=check, random=random, **{**GIVEN, name: shortcut})
        assert not last.endswith("· right")


@pytest.mark.parametrize(
    ("guess", "end"), [(..., "nothing yet"), (40, "· right"), (65, "· right"), (20, "Does it say why?")]
)
def test_a_prediction_comes_before_the_run(capsys, guess, end):
    ran = []

    def never_saw(digit, T):
        ran.append((digit, T))
        return ["two", "students"]

    given = {
        "my_digit": 8, "my_guess": guess, "check": check, "never_saw": never_saw, "statistics": statistics,
        "test_at": [0, 1, 2], "numbers": [8, 1, 8],
        "scores": lambda students, places: [0.45, 0.55] * (places == [0, 2]),
    }  # fmt: skip
    assert printed(capsys, NAME, "ex4-check", **given).endswith(end)
    assert ran == ([] if guess is ... else [(8, 4)])  # nothing is shown to who has not guessed
