"""Groups of questions: the mini tier's by their families, others by their length."""

import pytest

from helpers import problems, tiers
from helpers.questions.groups import LENGTHS, Groups, groups


def test_each_family_is_in_one_group():
    found = groups(tiers.TIERS["mini"], [])
    assert found.names == ("plain", "longer", "twins") and set(found.families) == set(problems.FAMILIES)
    for one in problems.draw("train", 34, 0, impossible=True):
        assert (found.of(one.question, one.family) == "twins") == (one.family in problems.TWINS)
    with pytest.raises(ValueError, match="'gsm8k' is in no group"):
        found.of("How many?", "gsm8k")


def test_others_are_cut_in_thirds_of_their_lengths():
    asked = [" ".join(["word"] * n) for n in (5, 1, 9, 2, 7, 3, 8, 4, 6)]
    found = groups(tiers.TIERS["small"], asked)
    assert found.names == LENGTHS and found.words == (4, 7)
    assert [found.of(" ".join(["word"] * n), "gsm8k") for n in (1, 3, 4, 6, 7, 30)] == [
        "short", "short", "middle", "middle", "long", "long"
    ]  # fmt: skip
    with pytest.raises(ValueError, match="no questions"):
        groups(tiers.TIERS["small"], [])
    assert Groups({"a": "one", "b": "two", "c": "one"}).names == ("one", "two")
