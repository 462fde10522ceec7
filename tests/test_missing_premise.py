"""Questions that lack something: what counts as noticing it, where they come from, and the probe with them."""

import hashlib
import io
import json
import os
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from helpers import evaluation, tiers
from helpers.evaluation import Benchmark, Responses, missing_premise
from helpers.evaluation.missing_premise import ASKS, GUESSES, LACKS, notices
from helpers.evaluation.reading import says_impossible
from helpers.generation.with_transformers import Answer
from helpers.questions import missing_premise as loader
from helpers.tiers import TIERS

SHARED = Path(os.environ.get("DISTILL_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

# --- what counts --------------------------------------------------------------------------------

NOTICED = [
    # It is said outright.
    "The problem does not specify how long each sprint is.",
    "The price isn't stated, so the total cannot be determined.",
    "There is not enough information to answer this question.",
    "There is insufficient data to work it out.",
    "Some information is missing: the length of each sprint.",
    "The problem is missing a key piece of information.",
    "It is not possible to determine the total distance.",
    "We cannot calculate the cost without knowing the price.",
    "Without knowing the distance, no number can be given.",
    "I would need to know the length of one sprint.",
    "No information about her overtime pay is provided.",
    "We don't have enough information to know.",
    "To work that out, information about the length would be needed, and I need more details on it.",
    "Without information on his pay, I cannot provide an answer.",
    "The text does not provide any information about tickets.",
    "You haven't told me how much each one costs.",
    # The missing piece is asked for, a question too.
    "Please clarify how many pages the book has.",
    "If you can tell me the price, I will work out the total.",
    # What can be worked out is worked out, and the rest is said to be missing.
    "He runs 3 × 3 = 9 sprints a week. The length of a sprint is not given, so the distance cannot be determined.",
    "If each sprint were 60 metres, it would be 540 metres. But the problem doesn't state the length.",
    "**Answer:** The distance cannot be determined.",
    "\\boxed{\\text{cannot be determined}}",
    "\\boxed{9} sprints. The length of each is not specified, so the distance is unknown.",
    "<think>\n9 sprints of 60? Nobody says so.\n</think>\n\nThe problem does not give the length of a sprint.",
    "This problem needs a bit more information to solve. Here's why:\n\n* **We need Steve's age:** how old is he?",
    "We need to know the price.\n\nLet me know the price per pound, and I can tell you the total!",
    # After an answer that is no guess, any doubt; after a guess, that it cannot be determined, or a wish to be told.
    "The answer is 9 sprints. The problem does not mention how long they are.",
    "Assuming 60 metres each, the answer is 540. But the distance cannot be determined from the question.",
    "If we assume 60 metres each: \\boxed{540}. Could you please provide the length?",
    # Whatever calls a problem impossible.
    "There is a mistake in the problem.",
    "The facts do not fit together.",
]
NOT_NOTICED = [
    "",
    "He runs 540 meters a week.",
    "\\boxed{540}",
    # It is said, and an answer is given all the same.
    "The length is not given, but the answer is 540.",
    "The problem doesn't specify the length, so I take 60 metres. \\boxed{540}",
    "The length of a sprint is not stated. Assuming 60 metres, he runs 540 metres a week.",
    "We cannot determine the length. Let's say 100 metres: then it is 900 metres.",
    "There is no mention of pencils, so the number is 0.\n\n**Answer:** 0 pencils.",
    "If we assume that there were none, it is zero.\n\n**Answer:** 0. The problem doesn't mention any crayons.",
    "Assuming 60 metres: \\boxed{540}.\n\n*Note: the length is not stated in the problem.*",
    "Without more information about f, it is one eighth. In the common interpretation (using f = 8), it is 1 flight.",
    # Within the reasoning alone, or in a reasoning that never ended.
    "<think>\nThe length is not given. It cannot be determined.\n</think>\n\nHe runs 540 meters.",
    "<think>\nThe problem does not specify the length. Wait. The problem does not specify the length.",
    # A question, and a negation.
    "Is any information missing? No. He runs 540 meters.",
    "No information is missing. He runs 540 meters.",
    "There is no missing information here: 540.",
    "We do not need more information.",
    # What solutions say, and does not mean that.
    "We need to know how many sprints there are: 3 × 3 = 9.",
    "She did not give any to Tom, so she has 12.",
    "They cannot buy half a pack, so they need 4 packs.",
    "The result cannot be negative, so it is 5.",
    "3 of the 20 pieces are missing, so there are 17.",
    "Let x be the unknown. Then 2x = 10 and x = 5.",
    "Let me know if you have any other questions!",
    "He runs 540 meters. If you meant another sport, let me know, and I can work that out.",
    "The question asks how many are left: 62.",
]


@pytest.mark.parametrize("text", NOTICED)
def test_it_notices(text):
    assert notices(text)


@pytest.mark.parametrize("text", NOT_NOTICED)
def test_it_does_not_notice(text):
    assert not notices(text)


ROWS = [(name, row) for name, rows in (("LACKS", LACKS), ("ASKS", ASKS), ("GUESSES", GUESSES)) for row in rows]
SENTENCES = [(name, row, sentence) for name, row in ROWS for sentence in row.sentences]


@pytest.mark.parametrize(("name", "row", "text"), SENTENCES, ids=[text for *_, text in SENTENCES])
def test_a_row_is_needed_for_each_of_its_sentences(name, row, text, monkeypatch):
    """A guess is one after a doubt: who guesses has answered."""
    text = f"The length is not given. {text}" if name == "GUESSES" else text
    assert notices(text) == (name != "GUESSES")
    monkeypatch.setattr(missing_premise, name, tuple(one for one in getattr(missing_premise, name) if one is not row))
    assert notices(text) == (name == "GUESSES")


def rows(name: str) -> list[dict]:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"the real data is not here: {path.name}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.slow
def test_no_solution_of_gsm8k_raises_an_alarm():
    found = [row["answer"].rpartition("####")[0] for row in rows("gsm8k/train.jsonl")[::3]]
    assert len(found) == 2_491 and not [text for text in found if notices(text)]


def test_real_traces_for_solvable_questions_raise_none():
    alarms = [row["response"][-400:] for row in rows("deepseek-r1-gsm8k/traces.jsonl") if notices(row["response"])]
    assert not alarms


def test_says_impossible_alone_would_miss_most_of_it():
    """Why the probe on missing premises has a judge of its own: the other one was made for contradictions."""
    said = [*NOTICED, *(text for name, _, text in SENTENCES if name != "GUESSES")]
    assert sum(map(says_impossible, said)) < len(said) / 2


# --- where they come from -----------------------------------------------------------------------


def row(i: int) -> dict:
    return {
        "question": f"Tom runs {i} sprints of 60 metres. How far?", "answer": f"{i} * 60 = {60 * i}\n#### {60 * i:,}",
        "insufficient_question": f"Tom runs {i} sprints. How far?",
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with 30 rows, in one of which nothing was taken away."""
    made = [row(i) for i in range(1, 31)]
    made[4]["insufficient_question"] = made[4]["question"] + " "
    (tmp_path / "gsm8k.json").write_text(json.dumps(made), encoding="utf-8")
    monkeypatch.setenv("DISTILL_MIP", str(tmp_path))
    return tmp_path


def test_a_pair_is_an_original_and_the_same_without_something(folder):
    pairs = loader.missing_premises()
    assert len(pairs) == 29, "one question was whole"
    solvable, lacking = next(pair for pair in pairs if pair[0].question.startswith("Tom runs 20 "))
    assert (solvable.answer, solvable.impossible, solvable.family) == ((1200,), False, "missing premise")
    assert (lacking.question, lacking.answer, lacking.impossible) == ("Tom runs 20 sprints. How far?", (), True)
    assert not any("5 sprints of" in one.question and "Tom runs 5 " in one.question for one, _ in pairs)


def test_the_seed_chooses_and_more_begin_with_the_fewer(folder):
    assert loader.missing_premises(20, 1)[:5] == loader.missing_premises(5, 1) != loader.missing_premises(5, 2)
    assert loader.missing_premises(0) == []
    for n in (-1, 30):
        with pytest.raises(ValueError, match=rf"has 29 pairs, and {n} were asked for"):
            loader.missing_premises(n)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[{", "is not JSON: .*Download it again"),
        ("{}", "is not a list of objects"),
        ("[1]", "is not a list of objects"),
        (json.dumps([row(1), {"question": "How far?", "answer": "#### 1"}]), 'row 2: it has no "insufficient_quest'),
        (json.dumps([row(1), {**row(2), "insufficient_question": " "}]), 'row 2: it has no "insufficient_question"'),
        (json.dumps([{**row(2), "answer": "120"}]), "row 1: the answer does not end in its number"),
        (json.dumps([{"insufficient_question": "How far?", "answer": 60.0}]), 'row 1: not an object with "question"'),
    ],
)
def test_a_bad_file_is_named(folder, content, complaint):
    (folder / "gsm8k.json").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=r"gsm8k\.json.*" + complaint):
        loader.missing_premises(1)


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    for place in (tmp_path, tmp_path / "nowhere"):
        monkeypatch.setenv("DISTILL_MIP", str(place))
        with pytest.raises(FileNotFoundError, match=r"DISTILL_MIP names .*there is no gsm8k\.json in it: put data/"):
            loader.missing_premises(1)


@pytest.fixture
def network(tmp_path, monkeypatch):
    """What is asked of the network, and what it answers."""
    monkeypatch.delenv("DISTILL_MIP", raising=False)
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    monkeypatch.setattr(loader.config, "HF_HUB_OFFLINE", False)
    content, asked = json.dumps([row(1), row(2)]).encode(), []

    def answer(url, timeout):
        asked.append(url)
        return io.BytesIO(content)

    monkeypatch.setattr(urllib.request, "urlopen", answer)
    monkeypatch.setattr(loader, "SHA256", hashlib.sha256(content).hexdigest())
    return asked


def test_the_file_comes_once_from_its_pinned_commit(network):
    assert len(loader.missing_premises()) == 2 == len(loader.missing_premises())
    assert network == [
        "https://raw.githubusercontent.com/MingLiiii/MiP-Overthinking/4777bc327631ae61b88363ee313de15b12e4743b/data/gsm8k.json"
    ]


def test_a_kept_file_that_was_damaged_since_is_fetched_again(network, tmp_path):
    pairs = loader.missing_premises()
    (kept,) = tmp_path.rglob("missing-premises-gsm8k.json")
    kept.write_bytes(kept.read_bytes().replace(b"sprints", b"spirits"))
    assert loader.missing_premises() == pairs == loader.missing_premises()
    assert len(network) == 2


def test_another_file_is_refused_and_not_kept(network, monkeypatch, tmp_path):
    monkeypatch.setattr(loader, "SHA256", "0" * 64)
    with pytest.raises(OSError, match=r"another file than expected: its SHA-256 is [0-9a-f]{64}"):
        loader.missing_premises()
    assert not list(tmp_path.rglob("*.json"))


def test_no_network_is_told_with_the_way_out(network, monkeypatch):
    def fail(*_, **__):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(OSError, match=r"could not be loaded: see whether GitHub can be reached, or let DISTILL_MIP"):
        loader.missing_premises()
    monkeypatch.setattr(loader.config, "HF_HUB_OFFLINE", True)
    with pytest.raises(OSError, match=r"HF_HUB_OFFLINE forbids the network.*or let DISTILL_MIP"):
        loader.missing_premises()
    assert not network


# --- the probe ----------------------------------------------------------------------------------


@pytest.fixture
def gsm8k(tmp_path, monkeypatch):
    rows = [{"question": f"What is {i} and 1?", "answer": f"#### {i + 1}"} for i in range(4)]
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    monkeypatch.setenv("DISTILL_GSM8K", str(tmp_path))


def said(*texts: str) -> list[Answer]:
    return [Answer(text, 9, True) for text in texts]


def test_the_exam_of_a_real_tier_has_them_where_it_is_asked_to(gsm8k, folder):
    exam = evaluation.draw_benchmark(TIERS["full"], 4, 10, seed=3, lacking=True)
    assert exam.pairs == loader.missing_premises(10, 3) and exam.noticed is notices
    assert evaluation.draw_benchmark(TIERS["full"], 4, 10, seed=3).pairs == []


def test_the_mini_tiers_exam_is_what_it_was(folder):
    exam = evaluation.draw_benchmark(TIERS["mini"], 4, 6, seed=3)
    assert evaluation.draw_benchmark(TIERS["mini"], 4, 6, seed=3, lacking=True) == exam
    assert exam.noticed is says_impossible and all(pair[1].reason for pair in exam.pairs)


def test_without_the_data_there_is_no_probe_and_it_is_said(gsm8k, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("DISTILL_MIP", str(tmp_path / "nowhere"))
    exam = evaluation.draw_benchmark(TIERS["small"], 4, 10, seed=0, lacking=True)
    assert exam.pairs == [] and evaluation.probe(exam, {}) == {}
    assert "no pairs of an impossible problem and its original: DISTILL_MIP names" in capsys.readouterr().out


def test_caught_and_false_alarms(folder):
    exam = Benchmark([], loader.missing_premises(4), [], notices)
    lacks = "The length of a sprint is not given."
    solvable, impossible = said("60.", "60.", "60.", lacks), said(lacks, "60.", lacks, lacks)
    sheet = Responses([], solvable, impossible, [], 1.0, 10)
    found = evaluation.probe(exam, {"student": sheet})["student"]
    assert (found.detected.hits, found.detected.n, found.false_alarms.hits, found.missed) == (3, 4, 1, (1,))
    assert evaluation.named_right(exam, sheet) is None, "they have no reason to compare with"
    strict = Benchmark([], exam.pairs, [])
    assert evaluation.probe(strict, {"student": sheet})["student"].detected.hits == 0, "the judge is the exam's"


def test_twins_are_scored_by_the_judge_that_is_given(folder):
    pairs = loader.missing_premises(1)
    one = said("It cannot be determined from what the question does not specify.")
    assert evaluation.score_twins(pairs, said("60."), one, notices).detected.hits == 1
    assert evaluation.score_twins(pairs, said("60."), one, lambda text: False).detected.hits == 0


def test_the_real_file_has_what_is_said_of_it(monkeypatch):
    path = Path(os.environ.get("DISTILL_MIP", SHARED / "mip")) / "gsm8k.json"
    monkeypatch.setenv("DISTILL_MIP", str(path.parent))
    if not path.is_file():
        pytest.skip("the real data is not here: gsm8k.json of MiP-Overthinking, which DISTILL_MIP may name")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == loader.SHA256
    assert len(json.loads(path.read_text(encoding="utf-8"))) == 582
    pairs = loader.missing_premises()
    assert len(pairs) == 575 and len({one.question for one, _ in pairs}) == 575
    assert not {one.question for one, _ in pairs} & {row["question"] for row in rows("gsm8k/train.jsonl")}
