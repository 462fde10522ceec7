"""data/own and tests/own: toys that their maker makes again, and foreign data of each kind that can be read."""

import json

import pytest
from foreign import KINDS, foreign

from data.making import own as maker
from helpers import questions, tiers
from helpers.problems import SPLITS, draw, split_of
from helpers.questions import near


def test_the_toys_are_as_their_maker_makes_them():
    assert maker.FILE.read_text(encoding="utf-8").splitlines() == maker.lines()


def test_the_toys_are_of_no_split_that_is_measured_on_and_unknown_to_the_notebooks():
    toys = [json.loads(line) for line in maker.lines()]
    drawn = {one.question for seed in range(3) for one in draw("train", 1_600, seed, impossible=True)}
    assert len({one["question"] for one in toys}) == 40
    assert {split_of(one["question"]) for one in toys} == {"train"} and not drawn & {one["question"] for one in toys}


def test_the_toys_split_so_that_each_part_is_of_use():
    mine = tiers.own("mini", questions="data/own/questions.jsonl")
    sizes = {split: questions.count(mine, split) for split in SPLITS}
    assert sizes["train"] >= 24 and sizes["validation"] >= 4 and sizes["test"] >= 8 and sum(sizes.values()) == 40
    assert {len(one.answer) for split in SPLITS for one in questions.draw(mine, split, sizes[split], 0)} >= {1, 2}


@pytest.mark.parametrize("name", KINDS)
def test_foreign_data_of_each_kind_are_read_and_split(name):
    mine = foreign(name)
    found = [
        one for split in SPLITS for one in questions.draw(mine, split, questions.count(mine, split), 0, unanswered=True)
    ]
    assert len(found) >= 12 and {one.answer_kind for one in found} == {mine.data.kind}
    assert all(bool(one.answer) == (name != "none") for one in found)
    assert not [near_to for near_to in near.earlier([one.question for one in found], 0.8) if near_to]
    assert all(questions.count(mine, split) >= 2 for split in SPLITS)
    assert "questions (" in questions.told(mine)
