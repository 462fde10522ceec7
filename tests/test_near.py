"""helpers.questions.near: near-duplicates are found as by comparing all with all."""

import random

import pytest

from helpers.questions import near

LONG = (
    "Sarah has 3 boxes of crayons, each box has 24 crayons, and she gives 10 crayons to a friend. How many are left?"
)


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (LONG, LONG.upper().replace(",", " ;"), True),
        (LONG, LONG.replace("10", "11"), False), (LONG, f"{LONG} Please.", True),
        ("What is 2 + 3?", "What is 2 - 3?", False), ("What is 2 + 3?", "What is  2+3", True),
        ("Name a fish.", "Name a bird.", False), ("…", "…", True), ("…", "!!", False),
        ("水は何度で凍りますか。", "水は何度で凍りますか", True),
        ("水は何度で凍りますか", "水は何度で沸きますか", False),
    ],
)  # fmt: skip
def test_what_is_nearly_the_same(one, other, alike):
    assert near.earlier([one, other], 0.8) == [[], [0] if alike else []]


@pytest.mark.parametrize("least", [0.3, 0.5, 0.8, 1.0])
def test_it_is_as_if_all_were_compared(least):
    lot = random.Random(0)
    texts = [" ".join(lot.choice("abcd") for _ in range(lot.randint(1, 9))) for _ in range(120)]
    runs = [near.shingles(text) for text in texts]
    assert near.earlier(texts, least) == [
        [j for j in range(i) if len(runs[i] & runs[j]) / len(runs[i] | runs[j]) >= least] for i in range(len(texts))
    ]


def test_spaces_do_not_make_another_question():
    assert near.same(" How\n many\u00a0? ") == near.same("How many ?") != near.same("how many ?")
