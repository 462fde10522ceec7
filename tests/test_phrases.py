"""evaluation.phrases: each pattern is needed for its sentences; what is impossible in a story is not the problem."""

import pytest

from helpers.evaluation import phrases
from helpers.evaluation.phrases import IMPOSSIBLE, TURNS, TURNS_NEGATED, turning
from helpers.evaluation.reading import is_right, read_answer, says_impossible

SENTENCES = [(row, sentence) for row in IMPOSSIBLE for sentence in row.sentences]
TURNED = [(name, rows, row) for name, rows in (("TURNED", TURNS), ("TURNED_NEGATED", TURNS_NEGATED)) for row in rows]


@pytest.mark.parametrize(("row", "text"), SENTENCES, ids=[text for _, text in SENTENCES])
def test_a_row_is_needed_for_each_of_its_sentences(row, text, monkeypatch):
    assert says_impossible(text)
    assert is_right(text, ()) and not is_right(text, read_answer(text) or (0,)) and not is_right(text, 60)
    monkeypatch.setattr(phrases, "IMPOSSIBLE", tuple(one for one in IMPOSSIBLE if one is not row))
    assert not says_impossible(text)


@pytest.mark.parametrize(("name", "rows", "row"), TURNED, ids=[row[1] for _, _, row in TURNED])
def test_a_word_that_turns_a_phrase_round_is_needed(name, rows, row, monkeypatch):
    assert not says_impossible(row[1])
    monkeypatch.setattr(phrases, name, turning([one for one in rows if one is not row]))
    assert says_impossible(row[1])


# Right answers with such words in them, and their number.
SOLVED = [
    ("It is impossible to buy half a ticket, so she buys 5 tickets.", 5),
    ("Since it is impossible for a bus to carry 30.5 people, they need 31 buses.", 31),
    ("The pieces do not fit in 4 boxes, so he needs 5 boxes.", 5),
    ("It was not possible to sell 3 of them, so he sold 9.", 9),
    ("The equation has no solution for x < 0, so x = 5.", 5),
    ("\\boxed{8} It is impossible to have more.", 8),
    ("She found 4 errors in the question paper.", 4),
    ("Find the microphones that don't fit: 50 × 20% = 10.\nSo 20 pairs do.", 20),
    ("It's impossible to cut a ribbon into 4.5 pieces. She gets 4 pieces.", 4),
    ("A negative number of apples is impossible, so x = 5.", 5),
    ("x = 2 leads to a contradiction, hence there are 7 coins.", 7),
    ("Because 2.5 buses are not possible, they rent 3 buses.", 3),
    ("The 3 shirts do not fit him, so he has 9 shirts.", 9),
    ("The answer is 18. It is impossible with fewer.", 18),
    ("\\boxed{18} More is impossible.", 18),
    ("He made mistakes in the first problem and has 17 points.", 17),
    ("5 of the 30 problems cannot be solved, so 25 are left.", 25),
    ("Tom says that it is impossible, but he wins 12 games.", 12),
    ("There is no solution left in 3 of the 12 tubes, so 9 tubes are full.", 9),
    ("It is not possible for a van to be half full, which means there are 8 vans.", 8),
    ("The stories of 3 witnesses contradict each other, so 7 witnesses are left.", 7),
    ("They watched Mission: Impossible 3 times, which took 6 hours.", 6),
    ("The first try makes no sense: 12 - 20 is negative. So she has 8 pens.", 8),
    ("A half box isn't possible, therefore he packs 12 boxes.", 12),
    ("The two clocks do not agree, yet it is 7 o'clock.", 7),
    ("The keys do not match 3 of the locks, leaving 9.", 9),
    ("Tom could not be right 12 times out of 10, so it was 9.", 9),
    ("It is impossible to tell the twins apart. There are 3 pairs.\nSo 6 twins came.", 6),
    ("He did the impossible and ran 62 miles.", 62),
]


@pytest.mark.parametrize(("text", "number"), SOLVED)
def test_a_right_answer_may_speak_of_what_is_impossible(text, number):
    assert not says_impossible(text)
    assert is_right(text, number)


@pytest.mark.parametrize(
    "text",
    [
        "The constraints cannot all be satisfied.",
        "The problem is ill-posed.",
        "This problem has no valid answer.",
        "There is no number that satisfies both conditions.",
        "The given numbers are incompatible.",
        "The two statements are mutually exclusive.",
        "The problem doesn't make sense.",
        "The numbers in the question are wrong.",
        "The information given is self-contradictory.",
        "They can't both be true.",
        "The story cannot have happened like this.",
        "The question is based on a false premise.",
        "The question cannot be answered.",
        "Something is wrong with the problem.",
        "These conditions are not compatible.",
        "The problem does not have a solution.",
        "There must be a typo in the question.",
        "The facts rule each other out.",
        "This situation can't exist.",
        "The first statement conflicts with the second.",
        "It is impossible to give away 49 crayons when there are only 24.",
        "This is impossible. There are 40 seats and 45 passengers.",
        "So the bus would carry 60, which is not possible.",
        "There is a mistake in the problem. So the bus would carry 60, not 70.",
        "Ben would have 12, fewer than 20: the facts can't both hold.",
        "The question contradicts itself.",
        "This is an impossible situation.",
        "The statement is false, since 12 is less than 20.",
        "The math does not work out.",
        "There is no way that both are true.",
        "It can't be that she has more.",
        "The claims are inconsistent with one another.",
        "This cannot be true, so it can not be 60.",
    ],
)
def test_plain_ways_to_call_a_problem_impossible_are_heard(text):
    assert says_impossible(text)
    assert is_right(text, ()) and not is_right(text, 60)
