"""helpers.evaluation.kinds: what each kind of answer reads as gold, pulls out of a response, and calls right."""

import json

import pytest

from helpers import evaluation, questions
from helpers.evaluation import kinds, scoring
from helpers.generation.with_transformers import Answer
from helpers.tiers import kinds as names

CITIES = ["Rome", "Paris", "a train", "Paris, Texas"]


def thought(text: str) -> str:
    return f"<think>\nIs it A, or 7, or Rome? Answer: Rome.\n</think>\n\n{text}"


# --- gold answers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "raw", "options", "gold"),
    [
        ("number", 18, [], (18,)), ("number", 2.5, [], (2.5,)), ("number", 4.0, [], (4,)),
        ("number", "$1,234", [], (1234,)),
        ("number", "so it is\n#### 18", [], (18,)), ("number", [28, 4], [], (28, 4)),
        ("number", "28 and 4", [], (28, 4)),
        ("number", "28; 4;5.5", [], (28, 4, 5.5)), ("number", [], [], ()), ("number", "30 %", [], (30,)),
        ("number", 0, [], (0,)),
        ("text", "Paris", [], ("Paris",)), ("text", ["Paris", "City of Paris"], [], ("Paris", "City of Paris")),
        ("text", 1789, [], ("1789",)),
        ("choice", "b", CITIES, ("B", *CITIES)), ("choice", "(B)", [], ("B",)),
        ("choice", "Paris", CITIES, ("B", *CITIES)),
        ("choice", "B)", CITIES, ("B", *CITIES)),
        ("code", "assert f(1) == 2", [], ("assert f(1) == 2",)), ("none", "whatever", [], ()), ("none", None, [], ()),
    ],
)  # fmt: skip
def test_a_gold_answer_is_read(kind, raw, options, gold):
    found = kinds.of(kind).gold(raw, options)
    assert found == gold and [type(one) for one in found] == [type(one) for one in gold]


@pytest.mark.parametrize(
    ("kind", "raw", "options", "told"),
    [
        ("number", "many", [], "the answer 'many' is no number.*kind='text'"),
        ("number", True, [], "True is no number"),
        ("number", float("nan"), [], "nan is no number"),
        ("number", "1,2", [], "may be a decimal point or not"),
        ("number", None, [], "the answer is None: add one, or say kind='none'"), ("text", " ", [], "the answer is ' '"),
        ("number", [1, "x"], [], "'x' is no number"), ("number", "1" * 16, [], "more than 15 digits"),
        ("number", {"a": 1}, [], "is no number"), ("text", {"a": 1}, [], "is no text"), ("text", [], [], "is no text"),
        ("choice", "F", [], "no letter from A to E"),
        ("choice", "E", CITIES, "no letter from A to D, and none of its opt"),
        ("choice", 2, CITIES, "the answer 2 is no letter"), ("code", "assert f(", [], "the test is no Python"),
        ("code", 3, [], "the answer 3 is no test"),
    ],
)  # fmt: skip
def test_what_is_no_gold_answer_says_so(kind, raw, options, told):
    with pytest.raises(ValueError, match=told):
        kinds.of(kind).gold(raw, options)


@pytest.mark.parametrize("raw", ["a", ["a", "a"], ["a", ""], list("abcdefghijk"), None])
def test_options_are_read_from_a_column_or_stand_in_the_question(raw):
    gold = questions.own.gold
    with pytest.raises(ValueError, match="different texts are needed"):
        gold.options_of(raw)
    for each in (["a", "b"], "a | b", {"text": ["a", "b"], "label": ["A", "B"]}):
        assert gold.options_of(each) == ["a", "b"]
    assert gold.listed(gold.laid_out("Which?", CITIES)) == CITIES
    assert gold.listed("Which?\n(A) x\n (B) y z ") == ["x", "y z"] and gold.listed("B) y\nA) x") == []


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Paris", "paris"), ("**Paris**.", "paris"), ("The answer is Paris.", "paris"),
        ("Final answer: “Paris”", "paris"),
        ("It is in France.\n\nParis\n", "paris"), (r"So \boxed{\text{Paris}}", "paris"), ("#### Paris", "paris"),
        ("Answer: carbon  dioxide", "carbon dioxide"), ("It is Paris.", "it is paris"), ("", None),
        ("**Answer:** Paris", "paris"),
        ("Answer: Rome. No.\nAnswer: Paris", "paris"),
    ],
)  # fmt: skip
def test_a_text_is_what_a_response_concludes_with(text, read):
    assert kinds.of("text").read(thought(text)) == read
    assert kinds.of("text").right(thought(text), ("Lutetia", "PARIS")) == (read == "paris")
    assert not kinds.of("text").right(text.replace("Paris", "Parish"), ("Paris",))


@pytest.mark.parametrize(
    ("text", "with_options", "alone"),
    [
        ("B", "B", "B"), ("(b)", "B", "B"), ("**B**", "B", "B"), ("B) Paris", "B", "B"), ("Answer: B.", "B", "B"),
        ("The answer is (B).", "B", "B"), (r"\boxed{\text{B}}", "B", "B"), ("B: Paris", "B", "B"),
        ("Option B", "B", "B"),
        ("It is option B.", "B", "B"), ("I think (B) is right", "B", "B"), ("B, because it is", "B", "B"),
        ("Paris", "B", None), ("The answer is Paris.", "B", None), ("Paris, Texas", "D", None), ("A train", "C", None),
        # A letter and another's text, two letters, an article, and none.
        ("A) Paris", None, "A"), ("Either (A) or (B)", None, None), ("A tram is faster", None, None), ("E", None, "E"),
        ("F", None, None), ("", None, None), ("D) Paris, Texas", "D", "D"), ("B) Paris, Texas", None, "B"),
    ],
)  # fmt: skip
def test_a_choice_is_its_letter_or_its_text(text, with_options, alone):
    choice = kinds.of("choice")
    assert choice.read(thought(text), ("B", *CITIES)) == with_options
    assert choice.read(thought(text), ("B",)) == alone
    assert choice.right(thought(text), ("B", *CITIES)) == (with_options == "B")
    assert not choice.right(f"<think>\n{text}", ("B", *CITIES)), "a reasoning that never ended has no answer"


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("```python\ndef f(n):\n    return n + 1\n```", True),
        ("def f(n):\n    return n + 1", True),
        ("", False),
        ("Wrong:\n```python\ndef f(n):\n    return n\n```\nRight:\n```\nf = lambda n: n + 1\n```\nDone.", True),
        ("I cannot.", False),
        ("```python\nf = lambda n: n\n```", False),
    ],
)
def test_code_is_right_where_its_test_passes(text, right):
    assert kinds.of("code").right(thought(text), ("assert f(1) == 2",)) is right


def test_a_function_of_the_readers_says_what_is_right():
    kind = kinds.of(names.named(lambda answer, gold: answer.split()[-1] == gold["is"]))
    gold = kind.gold({"is": "Paris"})
    assert gold == (json.dumps({"is": "Paris"}),)
    assert kind.right(thought("It is Paris"), gold) and not kind.right(thought("It is Rome"), gold)
    with pytest.raises(ValueError, match=r"failed on the answer '' to \{'is': 'Paris'\}: IndexError: list index"):
        kind.right("<think>\nIt never ended", gold)
    with pytest.raises(ValueError, match="gave None for the answer 'x': True or False is needed"):
        kinds.of(names.named(lambda answer, gold: None)).right("x", gold)
    assert kinds.of("tests/own/judge.py:same_colours").right("Red and white.", ('["white", "red"]',))


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("So 3 × 24 = 72.\nSarah has 62 left.", "62"), ("It costs $28 and $4.", "28, 4"),
        ("Answer: Paris.", "paris"), ("There is a mistake in the problem.", "no answer"), ("", None),
        (r"\boxed{2.50}", "2.5"),
    ],
)  # fmt: skip
def test_without_gold_what_is_compared_is_what_it_concludes_with(text, read):
    nothing = kinds.of("none")
    assert nothing.read(thought(text)) == read
    assert not nothing.right(thought(text), ()) and nothing.right(thought(text), (read or "x",)) == bool(read)


@pytest.mark.parametrize(
    ("texts", "answer", "share"),
    [
        (["62", "It is 62.", "61"], "62", 2 / 3), (["62", "61"], None, 1 / 2),
        (["62", "62", "61", "61"], None, 1 / 2), (["62"], None, 1.0), (["62", "", ""], None, 1 / 3),
        (["", ""], None, 0.0), (["62", "62"], "62", 1.0),
    ],
)  # fmt: skip
def test_more_than_half_of_all_samples_and_at_least_two_must_agree(texts, answer, share):
    assert kinds.agreed(texts) == (answer, pytest.approx(share))


def test_numbers_are_read_as_ever():
    for text in ("It is 62.", "#### 62", "There is a mistake in the problem.", "28 and 4"):
        for gold in ((62,), (28, 4), ()):
            assert kinds.of("number").right(text, gold) == evaluation.is_right(text, gold)
    assert kinds.of("number").read("It is 62.") == (62,) and kinds.of("number").read("It is.") is None


def test_scores_go_by_each_problems_kind():
    asked = [
        questions.Question("How many?", (62,)), questions.Question("Where?", ("Paris",), "own", "text"),
        questions.Question("Which?", ("B", *CITIES), "own", "choice"), questions.Question("Who?", (), "own", "none"),
    ]  # fmt: skip
    assert [one.impossible for one in asked] == [False] * 4 and questions.Question("How?", ()).impossible
    right, wrong = (["62", "Paris", "B", "x"], ["61", "Rome", "Rome", "x"])
    assert scoring.right([Answer(one, 3, True) for one in right], asked) == [True, True, True, False]
    assert scoring.right([Answer(one, 3, True) for one in wrong], asked) == [False] * 4
    with pytest.raises(ValueError, match="this problem asks for text: read the answers"):
        evaluation.reason(asked[1], Answer("Rome", 3, True))
    assert kinds.read("It is\n\nParis.", asked[1]) == "paris" and kinds.read("", asked[2]) is None
    assert evaluation.worth("Paris", ("paris",), kind="text") == evaluation.RIGHT


def test_a_gold_answer_is_told_and_what_cannot_be_is_named():
    told = {("number", (28, 4)): "28, 4", ("choice", ("B", *CITIES)): "B) Paris", ("choice", ("B",)): "B"}
    for (kind, gold), said in told.items():
        assert kinds.of(kind).told(gold) == said
    with pytest.raises(ValueError, match="there is no such kind of answer"):
        kinds.of("essay")
    with pytest.raises(ValueError, match="no samples"):
        kinds.agreed([])
