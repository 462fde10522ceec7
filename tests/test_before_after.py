"""helpers.evaluation: the exam and who sits it, why answers are wrong, the figures and tables of notebook 04."""

import json
import random
from dataclasses import replace

import pytest
import torch

from data.making.demonstrations import demonstration
from helpers import evaluation, generation, models, problems, questions
from helpers.evaluation import Benchmark, Responses, Table, reason, results
from helpers.evaluation.error_analysis import _first_failure, _plain, _worth
from helpers.evaluation.statistics import wilson
from helpers.evaluation.tables import markdown, said
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS, Sampling

CRAYONS = problems.SEED_QUESTIONS["crayons"][0]
BOXES = questions.Question(CRAYONS, (62,), "boxes")
RIGHT = Answer("<think>\n3 × 24 = 72. 72 - 10 = 62.\n</think>\n\nSarah has 62 crayons left.", 20, True)
WRONG = Answer("Sarah has 14 crayons left.", 5, True)
ALARM = Answer("The facts do not fit together.", 6, True)


def sheet(asked=(), solvable=(), impossible=(), seeds=(), seconds=1.0, parameters=10) -> Responses:
    return Responses(list(asked), list(solvable), list(impossible), list(seeds), seconds, parameters)


def exam_of(pairs: int) -> Benchmark:
    return Benchmark([BOXES] * 4, problems.draw_twins("test", pairs, 0), [BOXES])


# --- the exam -----------------------------------------------------------------------------------


def test_the_exam_is_of_the_test_split_and_the_same_for_one_seed():
    exam = evaluation.draw_benchmark(TIERS["mini"], 20, 6, seed=3)
    again, another = (evaluation.draw_benchmark(TIERS["mini"], 20, 6, seed=seed) for seed in (3, 4))
    assert exam == again != another
    assert (len(exam.asked), len(exam.pairs)) == (20, 6)
    every = [*exam.asked, *(problem for pair in exam.pairs for problem in pair)]
    assert {problems.split_of(problem.question) for problem in every} == {"test"}
    assert [(one.question, one.answer) for one in exam.seeds] == list(problems.SEED_QUESTIONS.values())
    assert exam.first(5) == Benchmark(exam.asked[:5])


def test_where_the_problems_are_not_ours_there_are_no_twins(tmp_path, monkeypatch):
    rows = [{"question": f"What is {i} and 1?", "answer": f"#### {i + 1}"} for i in range(4)]
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    monkeypatch.setenv("DISTILL_GSM8K", str(tmp_path))
    exam = evaluation.draw_benchmark(TIERS["small"], 4, 200, seed=0)
    assert (len(exam.asked), exam.pairs, len(exam.seeds)) == (4, [], 3)
    assert evaluation.probe(exam, {"student": sheet()}) == {}
    found = evaluation.scores(exam, {"student": sheet([WRONG] * 4)})
    assert found == {"student": {"accuracy": wilson(0, 4), "false_alarms": None, "detected": None}}
    assert evaluation.named_right(exam, sheet()) is None


# --- who sits it --------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["teacher", "student", "sibling"])
def test_a_sheet_holds_each_answer_in_its_place(tiny, who):
    exam = Benchmark([BOXES, *problems.draw("test", 2, 0)], problems.draw_twins("test", 2, 0), [BOXES])
    found = evaluation.teacher(exam, tiny) if who == "teacher" else evaluation.student(exam, tiny, role=who)
    model, tokenizer = getattr(models, f"load_{who}")(tiny)
    parts = exam.asked, [one for one, _ in exam.pairs], [two for _, two in exam.pairs], exam.seeds
    for part, answers in zip(parts, (found.asked, found.solvable, found.impossible, found.seeds), strict=True):
        alone = [generation.generate(model, tokenizer, [one.question], 12)[0].text for one in part]
        assert [answer.text for answer in answers] == alone
    assert len({answer.text for answer in found.answers}) > 3, "the answers must differ, or their place cannot be seen"
    assert len(found.answers) == 3 + 4 + 1 and found.seconds > 0
    assert found.parameters == models.parameter_count(model)


def test_the_student_sits_with_its_adapter(tiny, tmp_path):
    model, _ = models.load_student(tiny)
    adapted = models.add_lora(model, tiny.lora, seed=0)
    torch.manual_seed(0)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.5)
    adapted.save_pretrained(tmp_path)
    exam = Benchmark(problems.draw("test", 3, 0))
    before, after = evaluation.student(exam, tiny), evaluation.student(exam, tiny, tmp_path)
    assert [answer.text for answer in before.asked] != [answer.text for answer in after.asked]
    assert after.parameters == before.parameters + models.parameter_count(adapted, trainable=True)


ADVISED = Sampling(temperature=0.6, top_p=0.95, top_k=20)


@pytest.mark.parametrize(
    ("who", "sampling", "room", "asked_with"),
    [
        ("teacher", Sampling(1.0), 7, Sampling(0.0)),
        ("teacher", ADVISED, 7, ADVISED),
        ("student", ADVISED, 9, Sampling(0.0)),
    ],
)
def test_how_each_is_asked(tiny, monkeypatch, who, sampling, room, asked_with):
    seen = []

    def generate(model, tokenizer, questions, max_new_tokens, batch_size, **settings):
        seen.append((max_new_tokens, batch_size, Sampling(**settings)))
        return [WRONG] * len(questions)

    monkeypatch.setattr(with_transformers, "generate", generate)
    getattr(evaluation, who)(Benchmark([BOXES]), replace(tiny, sampling=sampling, max_new_tokens=7, answer_tokens=9))
    batch = tiny.generate_batch if who == "teacher" else tiny.answer_batch
    assert seen == [(room, batch, asked_with)]


def test_a_model_is_unloaded_even_if_it_fails(tiny, monkeypatch):
    loaded, unload = [], models.unload

    def generate(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(with_transformers, "generate", generate)
    monkeypatch.setattr(models, "unload", lambda model: loaded.append(model) or unload(model))
    with pytest.raises(RuntimeError, match="out of memory"):
        evaluation.student(Benchmark([BOXES]), tiny)
    assert len(loaded) == 1


def test_ended_counts_every_answer():
    cut = replace(WRONG, ended=False)
    assert sheet([RIGHT, cut], [WRONG], [cut], [RIGHT]).ended == wilson(3, 5)


# --- the probe ----------------------------------------------------------------------------------


def test_the_probe_scores_each_model():
    exam = exam_of(3)
    bold, shy = sheet(solvable=[WRONG] * 3, impossible=[WRONG] * 3), sheet(solvable=[ALARM] * 3, impossible=[ALARM] * 3)
    found = evaluation.probe(exam, {"bold": bold, "shy": shy})
    assert (found["bold"].detected.hits, found["bold"].false_alarms.hits) == (0, 0)
    assert (found["shy"].detected.hits, found["shy"].false_alarms.hits) == (3, 3)


def test_alarms_stand_beside_the_accuracy():
    exam = exam_of(3)
    shy = sheet([RIGHT, RIGHT, ALARM, WRONG], [ALARM, RIGHT, RIGHT], [ALARM, ALARM, RIGHT])
    found = evaluation.scores(exam, {"shy": shy})
    assert found == {"shy": {"accuracy": wilson(2, 4), "false_alarms": wilson(1, 3), "detected": wilson(2, 3)}}


def test_the_reason_that_a_model_names_is_compared_with_the_true_one():
    exam = exam_of(4)
    facts = [twin.reason for _, twin in exam.pairs]
    named = [Answer(f"</think>\n\nThis cannot be true: {fact}.", 9, True, opened=True) for fact in facts]
    # It is not caught at all, though the working says the facts.
    blind = Answer(f"{facts[3]}.\n</think>\n\nThe answer is 5.", 9, True, opened=True)
    assert evaluation.named_right(exam, sheet(impossible=named)) == wilson(4, 4)
    assert evaluation.named_right(exam, sheet(impossible=[named[0], named[0], named[1], blind])) == wilson(1, 3)
    assert evaluation.named_right(exam, sheet(impossible=[blind] * 4)) is None


def test_a_right_verdict_for_a_false_reason_is_worth_less_than_one_for_the_true_reason():
    solvable, twin = exam_of(1).pairs[0]
    (fact,) = evaluation.facts_of(twin)
    assert fact == twin.reason and evaluation.facts_of(solvable) == ()
    assert evaluation.worth(f"This cannot be true: {fact}.", (), [fact]) == evaluation.RIGHT
    assert evaluation.worth("This cannot be true.", (), [fact]) == evaluation.FALSE_REASON
    assert evaluation.worth("This cannot be true.", ()) == evaluation.RIGHT, "where nobody knows the facts"
    assert evaluation.worth("The answer is 5.", (), [fact]) == "wrong"
    assert evaluation.worth(RIGHT.whole, (62,), evaluation.facts_of(BOXES)) == evaluation.RIGHT


# --- why an answer is wrong ---------------------------------------------------------------------


def thought(working: str, answer: str, ended: bool = True) -> Answer:
    return Answer(f"{working}\n</think>\n\n{answer}", 50, ended, opened=True)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (RIGHT, None),
        (WRONG, "no working"),
        (Answer("", 0, True), "no working"),
        (ALARM, "called impossible"),
        (Answer("<think>\nLet me see. Let me see.", 50, False), "cut off"),
        (thought("3 × 24 = 72. 72 - 20 = 52.", "She has 52 left."), "a number from nowhere"),
        (thought("3 × 24 = 62. 62 - 10 = 52.", "She has 52 left."), "a calculation that is not true"),
        (thought("3 × 24 = 72. 72 - 10 = 52. 99 - 9 = 90.", "She has 52 left."), "a calculation that is not true"),
        (thought("24 is fewer than 10, but must be more.", "The facts do not fit."), "a comparison that is not true"),
        (thought("3 × 24 = 72. 24 is more than 3. 72 - 10 = 62.", "The facts do not fit."), "called impossible"),
        (thought("3 × 24 = 72. 72 - 10 = 62.", "She has 72 left."), "the answer is not what was worked out"),
        (thought("24 - 10 = 14. 3 × 14 = 42.", "She has 46 left."), "the answer is not what was worked out"),
        (thought("24 - 10 = 14. 3 × 14 = 42.", "She has them all."), "the answer is not what was worked out"),
        (thought("24 - 10 = 14. 3 × 14 = 42.", "She has 42 left."), "true calculations, but not the ones needed"),
        (thought("$3 \\times 24 = 72$, 72 − 10 = 62, so **$62**.", "72."), "the answer is not what was worked out"),
    ],
)
def test_why_an_answer_is_wrong(answer, why):
    assert reason(BOXES, answer) == why
    assert why is None or why in evaluation.REASONS


def test_the_first_line_that_fails_is_the_reason():
    both = "72 - 20 = 51.", "24 is fewer than 10."
    assert reason(BOXES, thought(" ".join(both), "51.")) == "a number from nowhere"
    assert reason(BOXES, thought(" ".join(both[::-1]), "51.")) == "a comparison that is not true"


def test_a_number_may_come_from_a_word_or_from_a_result_before():
    question = questions.Question("Tom has twice as many as 6 friends. How many?", (12,))
    assert reason(question, thought("2 × 6 = 12. 12 + 1 = 13.", "13.")) == "the answer is not what was worked out"
    assert reason(question, thought("3 × 6 = 18.", "18.")) == "a number from nowhere"
    # Said in words first, it still comes from nowhere.
    assert reason(question, thought("First the 7 friends: 7 × 6 = 42.", "42.")) == "a number from nowhere"


def test_what_the_teacher_should_say_has_no_line_that_fails():
    rng = random.Random(0)
    for problem in problems.draw("test", 340, 0, impossible=True):
        text = "<think>\n" + demonstration(problem, rng)
        assert _first_failure(_plain(problem.question), _plain(text)) is None, text


def test_one_changed_result_is_found():
    rng, found = random.Random(0), []
    for problem in problems.draw("test", 170, 1):
        before, sign, after = ("<think>\n" + demonstration(problem, rng)).partition(" = ")
        digits = after[: len(after) - len(after.lstrip("0123456789"))]
        text = f"{before}{sign}{int(digits) + 1}{after[len(digits):]}"
        found.append(_first_failure(_plain(problem.question), _plain(text)))
    assert set(found) == {"a calculation that is not true"}


@pytest.mark.parametrize(
    ("terms", "worth"), [("2 + 3 × 4", 14), ("20 ÷ 4 ÷ 5", 1), ("10 - 2 - 3", 5), ("7*2-1", 13), ("1.5 + 2", 3.5)]
)
def test_a_chain_of_sums(terms, worth):
    assert _worth(terms) == worth


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("10 ÷ 3 = 3.33", False),
        ("10 ÷ 3 = 3.4", True),
        ("10 ÷ 3 = 3", True),
        ("10 ÷ 0 = 3", True),
        ("(10 + 3) × 3 = 39", False),  # a bracket is beyond it, and no reason to call the sum wrong
        ("-3 + 10 = 7", False),
        ("1,000 + 10 = 1,010", False),
    ],
)
def test_which_sums_hold(text, fails):
    assert _first_failure("0, 3, 10 and 1000", _plain(text)) == ("a calculation that is not true" if fails else None)


def test_reasons_name_the_problems():
    answers = [RIGHT, WRONG, ALARM, WRONG]
    found = evaluation.reasons(Benchmark([BOXES] * 4), sheet(answers))
    assert tuple(found) == evaluation.REASONS
    assert {why: places for why, places in found.items() if places} == {"no working": [1, 3], "called impossible": [2]}


# --- figures and tables -------------------------------------------------------------------------


def sheets_of(exam: Benchmark) -> tuple[Responses, Responses, Responses]:
    n = len(exam.pairs)
    before = sheet([WRONG] * 4, [WRONG] * n, [WRONG] * n, [WRONG], parameters=5)
    after = sheet([RIGHT, RIGHT, WRONG, WRONG], [ALARM] * (n > 0) + [WRONG] * (n - 1), [ALARM] * n, [RIGHT])
    teacher = sheet([RIGHT] * 4, [RIGHT] * n, [ALARM] * n, [RIGHT], parameters=50)
    return before, after, teacher


def test_the_figures_of_the_notebook(tmp_path):
    exam = exam_of(3)
    found = evaluation.figures(exam, *sheets_of(exam), seconds=12.34)
    assert found["student_before.accuracy"] == wilson(0, 4)
    assert (found["student_after.accuracy"], found["teacher.accuracy"]) == (wilson(2, 4), wilson(4, 4))
    assert found["student_after.retained"] == 0.5
    assert (found["impossible.before.detected"], found["impossible.after.detected"]) == (wilson(0, 3), wilson(3, 3))
    assert (found["impossible.after.false_alarms"], found["impossible.pairs"]) == (wilson(1, 3), 3)
    assert (found["parameters.student"], found["parameters.teacher"], found["seconds"]) == (5, 50, 12.3)
    assert found["impossible.teacher.named"] == wilson(0, 3) and "impossible.before.named" not in found
    assert found["ended.after"] == wilson(11, 11)
    assert found.keys() - evaluation.NAMES.keys() == set(), "each row of the last table has a name"
    assert (found["mcnemar.before_after"], found["mcnemar.after_teacher"]) == (0.5, 0.5)
    assert (found["tokens.before"], found["tokens.after"]) == (5, 12.5)
    results.write("04_before_and_after", found, "mini", 0, folder=tmp_path)
    assert results.read("04_before_and_after", "mini", tmp_path)["impossible"]["after"]["detected"]["value"] == 1


def test_what_was_said_to_the_seed_questions_is_kept():
    seeds = [questions.Question("How many crayons?", (62,), "crayons"), questions.Question("Which bus?", (), "buses")]
    said = {
        who: Responses([], [], [], [Answer(f"{who} {i}", 2, True, opened=who == "teacher") for i in range(2)], 1.0, 1)
        for who in ("before", "after", "teacher")
    }
    found = evaluation.transcripts(Benchmark([], [], seeds), **said)
    assert found["transcripts.crayons.question"] == "How many crayons?" and len(found) == 8
    assert found["transcripts.buses.after"] == "after 1"
    assert found["transcripts.buses.teacher"] == "<think>\nteacher 1", "with the mark that the prompt opened"


def test_without_pairs_there_are_no_figures_of_the_probe():
    exam = Benchmark([BOXES] * 4, [], [BOXES])
    found = evaluation.figures(exam, *sheets_of(exam), seconds=1)
    assert "teacher.accuracy" in found and not [key for key in found if key.startswith("impossible")]


def test_a_teacher_without_a_right_answer_leaves_nothing_to_keep():
    blank = sheet([WRONG] * 4)
    assert evaluation.figures(Benchmark([BOXES] * 4), blank, blank, blank, 1)["student_after.retained"] is None


def test_how_many_problems_tell_two_shares_apart():
    n = evaluation.needed(0.90, 0.93)
    assert wilson(round(0.9 * n), n).high < wilson(round(0.93 * n), n).low
    n -= 100
    assert wilson(round(0.9 * n), n).high >= wilson(round(0.93 * n), n).low
    assert evaluation.needed(0.1, 0.9) == 100
    with pytest.raises(ValueError, match="not below"):
        evaluation.needed(0.9, 0.9)


def test_the_slips_are_wrong_and_each_in_its_own_way():
    one_direction, of_all, above_one = evaluation.SLIPS
    uneven = [True] * 5 + [False], [False] * 5 + [True]  # 5 only a, 1 only b
    even = [True, False], [False, True]
    assert one_direction(*uneven) == 7 / 64 and evaluation.mcnemar(*uneven) == above_one(*uneven) == 14 / 64
    assert above_one(*even) == 1.5 and evaluation.mcnemar(*even) == 1
    both = [True, True] + uneven[0], [True, True] + uneven[1]
    assert of_all(*both) == 2 * (1 + 8) / 2**8 and evaluation.mcnemar(*both) == 14 / 64


def test_a_table_is_markdown_and_lines_up():
    assert markdown(["", "n"], [("a", 1), ("long", 22)]) == "|  | n |\n| --- | --- |\n| a | 1 |\n| long | 22 |"
    table = Table(("", "n", "share"), [("a", 1234, wilson(1, 2)), ("long name", None, 0.25), ("b", 2.0, "text")])
    lines = repr(table).splitlines()
    assert len(set(map(len, lines))) == 1 and len(lines) == 5
    assert lines[1] == "| --------- | ----: | --------------------: |", "columns of figures are set to the right"
    assert "| a         | 1,234 |" in lines[2] and "50.0% (9.5% to 90.5%)" in lines[2]
    assert "|     – |" in lines[3] and "0.25 |" in lines[3]
    assert table._repr_markdown_() == repr(table)
    with pytest.raises(ValueError, match="needs 2 cells"):
        Table(("", "n"), [("a", 1), ("b",)])


def test_this_run_stands_beside_the_study():
    live = {"a.b": wilson(1, 2), "a.c": 3, "d": 0.5, "x.retained": 0.96, "p.x": 1e-30}
    study = {"a": {"b": results.share(wilson(9, 10))}, "d": {"e": 1}, "p": {"x": {"per_seed": [1e-9, 0.012]}}}
    study["x"] = {"retained": {"mean": 0.974, "low": 0.951, "high": 0.997, "per_seed": [0.96, 0.98]}}
    lines = repr(evaluation.beside(live, study, {"d": "the last"})).split("\n")
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    assert rows[2] == ["a.b", said(wilson(1, 2)), said(wilson(9, 10))]
    assert rows[3] == ["a.c", "3", "–"] and rows[4] == ["the last", "0.5", "–"]
    assert rows[5] == ["x.retained", "96.0%", "97.4% (95.1% to 99.7%)"]
    assert rows[6] == ["p.x", "p < 0.001", "p < 0.001 · p = 0.012"]
    assert repr(evaluation.beside(live, None)).count("–") == 5


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        ({"mean": 0.9, "low": 0.85, "high": 0.95, "per_seed": [0.9], "n": 500}, "90.0% (85.0% to 95.0%)"),
        ({"mean": 0.9, "low": None, "high": None, "per_seed": [0.9], "n": 500}, "90.0%"),
        ({"mean": 81.25, "low": 80.5, "high": 82.0, "per_seed": [80.9, 81.6]}, "81.25 (80.5 to 82)"),
        ({"mean": 3033856, "per_seed": [3033856] * 3}, "3,033,856"),
        ({"mean": 1 / 3, "per_seed": [1, 0, 0]}, "1 · 0 · 0"),
        ({"mean": 1546, "per_seed": [1552, 1544, 1542]}, "1,552 · 1,544 · 1,542"),
        ({"per_seed": [4.00543212890625e-05, 0.01171875, 0.00048828125]}, "4.005e-05 · 0.01172 · 0.0004883"),
        ({"per_seed": [0.25]}, "0.25"),
        ({"before": 1}, "–"),
    ],
)
def test_a_figure_of_a_study_is_said_with_its_interval(figure, text):
    assert said(figure) == text


def test_no_figure_of_the_study_is_shown_as_it_cannot_be():
    """A p-value has no mean; a count is whole. As notebook 04 shows them, from the committed study."""
    study = results.study("04_before_and_after", "mini")
    keys = ("mcnemar.before_after", "mcnemar.after_teacher", "impossible.pairs", "parameters.teacher")
    table = repr(evaluation.beside(dict.fromkeys(keys, 1), study))
    rows = [line.strip("| ").split(" | ") for line in table.split("\n")]
    shown = {row[0].strip(): row[2].strip() for row in rows[2:]}
    assert shown["mcnemar.after_teacher"].count("p ") == 3 and shown["mcnemar.before_after"] == "p < 0.001"
    assert "to" not in "".join(shown.values())
    assert (shown["impossible.pairs"], shown["parameters.teacher"]) == ("200", "3,033,856")
