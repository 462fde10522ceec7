"""helpers/problems/outside.py: what lies a step outside the world is still a problem with the answer that it says."""

import re

import pytest

from helpers import problems
from helpers.problems import outside
from helpers.problems.words import HE, SHE

DRAWN = problems.draw("test", 340, seed=8)


def test_names_are_replaced_by_names_that_the_world_does_not_have():
    asked = "Sarah and Tom have 9 plums. Sarah has 4. What is Tom's part, Tomorrow?"
    assert outside.renamed(asked) == "Greta and Yusuf have 9 plums. Greta has 4. What is Yusuf's part, Tomorrow?"
    assert not set(outside.NEW.values()) & set(SHE + HE) and len(set(outside.NEW.values())) == len(SHE + HE)
    assert outside.NEW.keys() == set(SHE + HE)


@pytest.mark.parametrize(("said", "instead"), outside.WORDINGS, ids=lambda words: words[:24])
def test_every_other_wording_is_of_a_sentence_of_the_world(said, instead):
    changed = [one.question for one in DRAWN if re.search(f"{said}$", one.question)]
    assert changed
    for question in changed:
        other = outside.reworded(question)
        kept = question[: re.search(f"{said}$", question).start()]
        assert other.startswith(kept) and other != question
        assert not any(other in one.question for one in DRAWN)


def test_another_sentence_stays_as_it_is():
    assert outside.reworded("What is it?") == "What is it?"


def test_one_more_step_changes_the_answer_by_as_much():
    (problem,) = problems.draw("test", 1, seed=1, families=("boxes",))
    longer = outside.one_more(problem, gift=7)
    assert longer.answer == (problem.answer[0] + 7,)
    said = longer.question.replace(problem.question[: problem.question.index("How many")], "")
    assert re.fullmatch(r"Then (\w+) gets 7 more (\w+)\. How many \2 does \1 have left\?", said)


def test_a_problem_that_ends_otherwise_is_named():
    (problem,) = problems.draw("test", 1, seed=1, families=("change",))
    with pytest.raises(ValueError, match="does not ask at its end how many somebody has"):
        outside.one_more(problem)
