"""helpers.questions.own and rows: any form is read, faults are named with their line, nothing is on two sides."""

import csv
import json
from pathlib import Path

import datasets
import pytest

from helpers import questions, tiers
from helpers.problems import SPLITS
from helpers.questions import near, own

WORDS = [*"abcdefghijklmnopqrst"]


def text(i: int) -> str:
    """Questions that share no run of three words."""
    return f"How many {WORDS[i % 20]} x{i} make {WORDS[(i * 7) % 20]} y{i} of z{i}?"


def rows(n: int, first: int = 0) -> list[dict]:
    return [{"question": text(i), "answer": i} for i in range(first, first + n)]


def write(path: Path, found: list) -> Path:
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in found]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def tier(path: Path, **how):
    return tiers.own("mini", questions=path, **how)


def splits(mine) -> dict[str, list[str]]:
    return {split: [one.question for one in own.of(mine.data).splits[split]] for split in SPLITS}


def sides(mine) -> dict[str, str]:
    return {question: split for split, each in splits(mine).items() for question in each}


def as_csv(path: Path, found: list[dict], delimiter: str = ",") -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]), delimiter=delimiter)
        writer.writeheader(), writer.writerows(found)


FORMS = {
    "a.jsonl": write,
    "blank lines.jsonl": lambda path, found: write(path, ["", *[json.dumps(one) + "\n" for one in found]]),
    "a.csv": as_csv,
    "semicolons.csv": lambda path, found: as_csv(path, found, ";"),
    "a.tsv": lambda path, found: as_csv(path, found, "\t"),
    "a.parquet": lambda path, found: datasets.Dataset.from_list(found).to_parquet(path),
    "saved": lambda path, found: datasets.Dataset.from_list(found).save_to_disk(path),
    "in splits": lambda path, found: datasets.DatasetDict(train=datasets.Dataset.from_list(found)).save_to_disk(path),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_questions(tmp_path, name):
    found = [*rows(11), {"question": "With a, comma; and a\nline\tbreak?", "answer": 5}]
    FORMS[name](tmp_path / name, found)
    mine = tier(tmp_path / name)
    assert sides(mine).keys() == {one["question"] for one in found}
    assert sides(mine) == sides(tier(write(tmp_path / "again.jsonl", found)))
    assert {one.answer for split in SPLITS for one in own.of(mine.data).splits[split]} == {
        (one["answer"],) for one in found
    }


GOOD = {"question": "How many?", "answer": 1}
LINES = {
    "no JSON": ('{"question": "How', "line 3: this is no JSON .*: mend or remove it"),
    "no object": ("18", r"line 3: not an object, as \{"),
    "no question": ({"answer": 1}, "line 3: there is no column 'question'; there is answer: name the right one with"),
    "no answer": ({"question": "Who?", "a": 1}, "line 3: there is no column 'answer'; there is question, a: .*answer="),
    "an empty question": ({"question": " ", "answer": 1}, "line 3: the question is ' ', and a text is needed"),
    "a question that is none": ({"question": 5, "answer": 1}, "line 3: the question is 5"),
    "half a character": ('{"question": "a \\ud83d", "answer": 1}', "line 3: the question has .*half a character"),
    "an answer that is none": ({"question": "Who?", "answer": "many"}, "line 3: the answer 'many' is no number"),
    "an empty answer": ({"question": "Who?", "answer": ""}, "line 3: the answer is '': add one, or say kind='none'"),
    "another answer": (
        {"question": "How  many?", "answer": 2},
        r"line 1 and mine.jsonl, line 3 ask the same with two answers, \[1\] a",
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_what_is_wrong_with_a_line_is_said_with_its_number(tmp_path, name):
    line, told = LINES[name]
    mine = tier(write(tmp_path / "mine.jsonl", [GOOD, "", line, {"question": "Why?", "answer": 3}]))
    with pytest.raises(ValueError, match=rf"mine\.jsonl, {told}"):
        questions.draw(mine, "train", 1, 0)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.jsonl", "", r"a\.jsonl is empty: it needs a line for each question"), ("a.jsonl", " \n\n", "is empty"),
        ("a.csv", "", r"a\.csv is empty"), ("a.csv", "question,answer\n", "is empty"),
        ("a.json", "[]", r"ends in \.json, and .jsonl \(an object a line\)"),
        ("a.csv", "q,a\nHow?,1\n", "line 2: there is no column 'question'; there is q, a: name the right one"),
        ("a.csv", "question,answer\nHow?,1,2\n", "line 2: 3 cells, and the head has 2.*between \"quotes\""),
        ("a.csv", 'question,answer\n"a\nb",1\nc,x\n', "line 4: the answer 'x' is no number"),
        ("a.csv", "question,answer\nHow?\n", "line 2: 1 cells, and the head has 2"),
        ("a.txt", "How?", r"ends in \.txt, and .jsonl"),
        ("a.parquet", "How?", "is no dataset that can be read"),
    ],
)  # fmt: skip
def test_a_file_that_is_none_is_named(tmp_path, name, content, told):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=told):
        questions.draw(tier(tmp_path / name), "train", 1, 0)


def test_another_encoding_and_another_split_are_named(tmp_path):
    (tmp_path / "a.csv").write_text("question,answer\nWie viele Äpfel?,1\n", encoding="latin-1")
    with pytest.raises(ValueError, match=r"a\.csv, line 2: this is not UTF-8"):
        questions.draw(tier(tmp_path / "a.csv"), "train", 1, 0)
    FORMS["in splits"](tmp_path / "a", rows(3))
    with pytest.raises(ValueError, match="has no split 'dev'; it has train: say split="):
        questions.draw(tier(tmp_path / "a", split="dev"), "train", 1, 0)


def test_a_dataset_comes_from_the_hub_at_its_commit(monkeypatch):
    calls = []

    def from_hub(*names, **settings):
        calls.append((names, settings))
        return rows(4, 100) if settings["split"] == "held" else rows(30)

    monkeypatch.setattr(datasets, "load_dataset", from_hub)
    name = "someone/things@0123abc"
    mine = tier(name, config="main", split="all", test=name, test_split="held")
    assert len(splits(mine)["test"]) == 4
    assert calls == [(("someone/things", "main"), {"split": one, "revision": "0123abc"}) for one in ("all", "held")]
    assert questions.source(mine.data) == tiers.DataSpec("the dataset someone/things", "main", "0123abc")

    def fail(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(OSError, match="things at revision 0123abd could not be loaded: name a file or folder instead"):
        questions.draw(tier("someone/things@0123abd"), "train", 1, 0)


# --- splits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 4, 12, 40, 400])
def test_about_one_in_ten_is_held_out_for_each_and_a_few_have_enough(tmp_path, n):
    mine = tier(write(tmp_path / "a.jsonl", rows(n)))
    sizes = {split: questions.count(mine, split) for split in SPLITS}
    assert sum(sizes.values()) == n and sizes["train"] >= n // 2
    if n >= 4:
        assert min(sizes.values()) >= 1
    if n >= 40:
        assert sizes["test"] >= own.FEWEST["test"] and sizes["validation"] >= own.FEWEST["validation"]
        assert max(sizes["test"], sizes["validation"]) <= max(8, n // 6)


@pytest.mark.parametrize("step", [1, 7, 40])
def test_questions_that_are_added_leave_the_others_where_they_are(tmp_path, step):
    before: dict = {}
    for n in range(step, 121, step):
        now = sides(tier(write(tmp_path / "a.jsonl", rows(n))))
        assert now.items() >= before.items()
        before = now


def test_a_file_that_was_changed_is_read_again_and_what_is_left_out_is_said_once(tmp_path, capsys):
    mine = tier(write(tmp_path / "a.jsonl", rows(5)))
    assert len(sides(mine)) == 5
    write(tmp_path / "a.jsonl", [*rows(9), {"question": f"  {text(3)}", "answer": "3"}])
    assert len(sides(mine)) == len(sides(mine)) == 9
    counts = ", ".join(f"{len(each)} {split}" for split, each in splits(mine).items())
    told = f"a.jsonl: 9 questions ({counts}); 1 stood there twice with the same answer, and count once"
    assert capsys.readouterr().out == told + "\n" and questions.told(mine) == told


LONG = "In a village of {} houses lie {} farms, and each of these farms has its own well, so how many wells are there?"


def test_near_duplicates_stay_on_one_side(tmp_path):
    asked = []
    for i in range(60):
        stem = " ".join(f"w{i}{j}" for j in range(30))
        asked += [{"question": f"{stem} now {ending}?", "answer": i} for ending in ("indeed", "then", "please")]
    mine = tier(write(tmp_path / "a.jsonl", asked))
    found = sides(mine)
    assert len(found) == 180 and own.of(mine.data).counts[own.ALIKE] == 120
    assert all(len({found[asked[3 * i + j]["question"]] for j in range(3)}) == 1 for i in range(60))
    assert len(set(found.values())) == 3
    loose = tier(tmp_path / "a.jsonl", near=1.0)
    assert own.of(loose.data).counts[own.ALIKE] == 0


def test_what_lies_between_two_sides_is_left_out(tmp_path, monkeypatch, capsys):
    """A question that is nearly one of the test and nearly one of training would carry the one to the other."""
    a, b, between = ("u v w x y z 1 2 3", "x y z 1 2 3 4 5 6", "u v w x y z 1 2 3 4 5 6")
    monkeypatch.setattr(own, "_hashed", lambda question, *_: "test" if question == a else "train")
    mine = tier(write(tmp_path / "a.jsonl", [{"question": one, "answer": 1} for one in (a, b, between)]), near=0.6)
    assert sides(mine) == {a: "test", b: "train"}
    assert "1 are near-duplicates of questions on two sides, and are left out" in capsys.readouterr().out


def test_a_named_test_is_the_test_and_what_stands_in_it_is_not_learnt(tmp_path, capsys):
    held = write(tmp_path / "held.jsonl", [*rows(6), {"question": LONG.format(1, 2), "answer": 2}])
    # One word for word, one with other spaces, one with an ending; and one that is new.
    asked = [{"question": text(0), "answer": 7}, {"question": f" {text(1)}", "answer": 1}, *rows(20, 50)]
    asked += [{"question": f"{LONG.format(1, 2)} Say.", "answer": 2}]
    mine = tier(write(tmp_path / "a.jsonl", asked), test=held)
    found = splits(mine)
    assert found["test"] == [*map(text, range(6)), LONG.format(1, 2)]
    assert sorted(found["train"] + found["validation"]) == sorted(map(text, range(50, 70)))
    assert len(found["validation"]) >= 4
    assert "3 stand in the test as well, or nearly, and are left out of training" in capsys.readouterr().out


def test_no_two_of_two_sides_are_alike(tmp_path):
    asked = [{"question": LONG.format(i % 9, i // 9), "answer": i} for i in range(81)]
    mine = tier(write(tmp_path / "a.jsonl", [*asked, *rows(60)]), near=0.7)
    found = sides(mine)
    every = [*found]
    for i, each in enumerate(near.earlier(every, 0.7)):
        assert {found[every[j]] for j in each} <= {found[every[i]]}


# --- as the others ------------------------------------------------------------------------------


def test_they_are_drawn_as_those_of_other_tiers(tmp_path, capsys):
    mine = tier(write(tmp_path / "a.jsonl", rows(60)))
    ten = questions.draw(mine, "train", 10, 0)
    assert questions.draw(mine, "train", 20, 0)[:10] == ten != questions.draw(mine, "train", 10, 1)
    assert {(one.family, one.answer_kind) for one in ten} == {("own", "number")}
    there = questions.count(mine, "test")
    many = f"the file a.jsonl has {there} test questions"
    with pytest.raises(ValueError, match=f"{many}, and 500 were asked for: ask for f"):
        questions.draw(mine, "test", 500, 0)
    assert len(questions.draw(mine, "test", 500, 0, fewer=True)) == there
    assert capsys.readouterr().out == f"{many}: all of them are taken, where 500 were asked for\n"


def test_where_a_split_has_none_it_is_said_what_became_of_them(tmp_path):
    mine = tier(write(tmp_path / "a.jsonl", rows(1)))
    told = r"has 0 test questions, .*: add some, .*near=1.0\). a.jsonl: 1 questions \(1 train"
    with pytest.raises(ValueError, match=told):
        questions.draw(mine, "test", 5, 0, fewer=True)
    with pytest.raises(ValueError, match=r"questions of the mini tier are not your own: see tiers\.own"):
        questions.told(tiers.TIERS["mini"])


def test_the_side_of_a_question_from_elsewhere_is_known(tmp_path):
    mine = tier(write(tmp_path / "a.jsonl", [*rows(40), {"question": LONG.format(1, 2), "answer": 2}]))
    found = sides(mine)
    asked = [text(3), f"{LONG.format(1, 2)} Say.", "Who knows?", text(17)]
    assert questions.sides(mine, asked) == [found[text(3)], found[LONG.format(1, 2)], None, found[text(17)]]
    assert questions.sides(tiers.TIERS["mini"], [text(3)]) == [questions.problems.split_of(text(3))]


def test_answers_that_nobody_knows_are_those_agreed_on(tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    mine = tier(write(tmp_path / "a.jsonl", rows(40)), kind="none")
    tests = splits(mine)["test"]
    with pytest.raises(ValueError, match=r"nobody knows the answers of these test questions: call traces\.agree"):
        questions.draw(mine, "test", 2, 0)
    assert len(questions.draw(mine, "test", len(tests), 0, unanswered=True)) == len(tests)
    assert questions.draw(mine, "train", 3, 0)[0].answer == ()
    mine.artifacts.mkdir(parents=True)
    write(mine.artifacts / own.AGREED, [{"question": one, "answer": ["7"] if i else []} for i, one in enumerate(tests)])
    found = questions.draw(mine, "test", 500, 0, fewer=True)
    assert {one.question for one in found} == set(tests[1:]) and {one.answer for one in found} == {("7",)}
