"""A teacher behind a server, against a double: asked again where it helps, never twice, each fault told."""

import json
import re
import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from endpoint_double import RIGHT, TEXT, Double, echoes, hangs_up, says, stalls
from kills import forked, killed, until
from trace_doubles import COLUMNS

from helpers import generation, questions, traces
from helpers.evaluation import benchmark
from helpers.generation import CeilingReached, Endpoint, EndpointError, Limits, Spent, asking, with_endpoint
from helpers.generation.journal import FILE, Journal
from helpers.tiers import TIERS, EndpointSpec, Sampling
from helpers.traces import mix

QUESTIONS = [f"How many are {i} and {i}?" for i in range(6)]
HOW = {"max_new_tokens": 40, "progress": False}
QUICK = Limits(concurrency=2, attempts=4, timeout=60, most_tokens=1_000_000)
HASTY = replace(QUICK, timeout=0.5)  # a stall is longer


@pytest.fixture(autouse=True)
def no_key_and_short_pauses(monkeypatch):
    monkeypatch.delenv(asking.KEY, raising=False)
    monkeypatch.setattr(asking, "FIRST", 0.01)


def tier_of(double: Double, **changes):
    return replace(TIERS["mini"], name="own", teacher=EndpointSpec(double.url, "double"), **changes)


def asked(double: Double, folder, questions=QUESTIONS, limits=QUICK, **changes) -> list:
    how = {**HOW, **{name: changes.pop(name) for name in ("temperature", "top_p", "top_k", "seed") if name in changes}}
    return generation.generate(Endpoint(tier_of(double), limits, folder=folder, **changes), None, questions, **how)


def words(double: Double) -> list[str]:
    return [body["messages"][0]["content"] for body in double.asked]


# --- what is asked --------------------------------------------------------------------------------


def test_answers_come_in_order_and_are_counted(tmp_path):
    with Double(otherwise=echoes) as double:
        answers = asked(double, tmp_path)
        assert [one.whole for one in answers] == [
            f"<think>\n{question}\n</think>\n\nIt is {len(question)}." for question in QUESTIONS
        ]
        assert all(one.ended and one.tokens == 20 for one in answers) and double.most <= 2
        assert Endpoint(tier_of(double), folder=tmp_path).spent == Spent(60, 120)


def test_a_request_says_how_and_no_more(tmp_path):
    with Double() as double:
        asked(double, tmp_path, ["a?"], temperature=0.6, top_p=0.9, top_k=20, seed=3)
        asked(double, tmp_path, ["a?"], top_p=0.9, top_k=20)
        asked(double, tmp_path, ["b?"], extra={"max_tokens": None, "max_completion_tokens": 30, "top_k": 5})
    sampled, greedy, told = double.asked
    assert sampled.pop("seed") != greedy.pop("seed") and told.pop("seed") < 2**31
    own = {"model": "double", "messages": [{"role": "user", "content": "a?"}], "max_tokens": 40}
    assert sampled == own | {"temperature": 0.6, "top_p": 0.9, "top_k": 20}
    assert greedy == own | {"temperature": 0.0, "top_p": 1.0}
    assert told["max_completion_tokens"] == 30 and told["top_k"] == 5 and "max_tokens" not in told


@pytest.mark.parametrize("extra", [{}, {"seed": None}])
def test_the_same_question_twice_in_a_batch_is_two(tmp_path, extra):
    with Double() as double:
        asked(double, tmp_path, ["a?", "a?"], extra=extra)
        assert len(double.asked) == 2 and len({body.get("seed") for body in double.asked}) == 2 - len(extra)
        asked(double, tmp_path, ["a?", "a?"], extra=extra)
        assert len(double.asked) == 2


def test_several_tasks_wait_for_none_of_them(tmp_path):
    """A batch does not wait for the slowest of the one before: here the first answers come once four are waited for."""

    def together(handler):
        while double.most < 4:
            time.sleep(0.01)
        echoes(handler)

    with Double(otherwise=together) as double:
        endpoint = Endpoint(tier_of(double), replace(QUICK, concurrency=4), folder=tmp_path)
        found = list(endpoint.answers(None, [([one], HOW) for one in QUESTIONS]))
    assert [len(batch) for batch in found] == [1] * 6 and double.most == 4


# --- again ----------------------------------------------------------------------------------------

PASSING = {
    "429": [says({"error": {"message": "slow down"}}, 429)] * 2,
    "500": [says("oops", 500)] * 3,
    "503, a page": [says("<html>busy</html>", 503, content_type="text/html")],
    "half a JSON": [says(json.dumps(RIGHT)[:60])],
    "the line breaks": [says(RIGHT, missing=30)],
    "no JSON": [says("<html>hello</html>"), says("<html>hello</html>", content_type="text/html")],
    "nothing": [hangs_up] * 2,
    "an empty body": [says("")],
    "no choices": [says({"choices": []}), says([]), says("null")],
    "an error that calls itself well": [says({"error": {"message": "overloaded"}})],
}


@pytest.mark.parametrize("script", PASSING.values(), ids=PASSING)
def test_what_passes_is_asked_again(tmp_path, script):
    with Double(script) as double:
        answers = asked(double, tmp_path)
    assert [one.whole for one in answers] == [TEXT] * 6
    assert len(double.asked) == 6 + len(script) and set(words(double)) == set(QUESTIONS)


LASTING = {
    "429": (PASSING["429"][0], r"cannot answer now \(429\): slow down, at attempt 4 too"),
    "half a JSON": (PASSING["half a JSON"][0], "but not as an OpenAI-compatible server does: it is no JSON, at"),
    "nothing": (hangs_up, "broke off before its answer was whole"),
    "no choices": (says({"choices": []}), "no choices are in it"),
    "no usage": (says(RIGHT | {"usage": None}), "does not say in `usage` how many tokens"),
    "a stall": (stalls, r"did not answer within 0\.5 seconds, at attempt 4 too"),
}


@pytest.mark.parametrize(("answer", "told"), LASTING.values(), ids=LASTING)
def test_what_does_not_pass_is_told(tmp_path, answer, told):
    with Double(otherwise=answer) as double, pytest.raises(EndpointError, match=told) as raised:
        asked(double, tmp_path, ["a?"], HASTY if answer is stalls else QUICK)
    assert len(double.asked) == 4
    assert str(raised.value).startswith(double.url) and str(raised.value).endswith("it goes on where it was")
    assert raised.value.__cause__ is None and raised.value.__context__ is None


def waits(monkeypatch) -> list[float]:
    """The seconds that are waited for between attempts; none is."""
    waited = []

    class Stop(threading.Event):
        def wait(self, timeout=None):
            waited.append(timeout)
            return self.is_set()

    monkeypatch.setattr(asking, "Event", Stop)
    return waited


def test_the_pauses_grow_and_differ(tmp_path, monkeypatch):
    waited = waits(monkeypatch)
    monkeypatch.setattr(asking, "FIRST", 10.0)
    for _ in range(5):
        with Double(otherwise=says("", 500)) as double, pytest.raises(EndpointError):
            asked(double, tmp_path, ["a?"], replace(QUICK, attempts=6))
    for i, (least, most) in enumerate([(5, 10), (10, 20), (20, 40), (30, 60), (30, 60)]):
        each = waited[i::5]
        assert all(least <= one <= most for one in each) and len(set(each)) == 5


@pytest.mark.parametrize("as_date", [False, True])
def test_a_pause_that_is_asked_for_is_kept(tmp_path, monkeypatch, capsys, as_date):
    waited, date = waits(monkeypatch), format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    with Double([says({}, 429, Retry_After=date if as_date else "89.5")]) as double:
        assert len(asked(double, tmp_path, ["a?"])) == 1
    assert len(waited) == 1 and 80 < waited[0] <= 90
    assert re.search(rf"{double.url} asks for a pause of (8\d|90) seconds", capsys.readouterr().out)


def test_a_long_pause_is_told_and_not_waited_for(tmp_path):
    with (
        Double([says({}, 429, Retry_After="7200")]) as double,
        pytest.raises(EndpointError, match=r"asks for a pause of 7,200 seconds: run this again then"),
    ):
        asked(double, tmp_path, ["a?"])
    assert len(double.asked) == 1


# --- what does not pass ---------------------------------------------------------------------------

MODEL = r"\(404\): .* 'double', and there are double"
FINAL = {
    "no key": (says({"error": {"message": "Incorrect API key"}}, 401), r"\(401\): put it into .* DISTILL_TEACHER_KEY"),
    "not allowed": (says({"error": {"message": "not in your country"}}, 403), r"\(403\): not in your country"),
    "no such model": (says({"error": {"message": "no such model"}}, 404), MODEL),
    "a bad request": (says({"error": {"message": "too\n long."}}, 400), r"\(400\): too long. The question was 'a\?'"),
    "a bad field": (says({"detail": "Unexpected fields: {'top_k'}"}, 422), r"; .*extra={'top_k': None}\) leaves"),
    "no credit": (says({"error": {"message": "pay", "code": "insufficient_quota"}}, 429), r"no credit left .*: pay"),
    "no balance": (says({"error": {"message": "Insufficient Balance"}}, 402), "no credit left"),
}


@pytest.mark.parametrize(("answer", "told"), FINAL.values(), ids=FINAL)
def test_what_another_attempt_would_not_mend_is_told_at_once(tmp_path, answer, told):
    with Double(otherwise=answer) as double, pytest.raises(EndpointError, match=told):
        asked(double, tmp_path, ["a?"])
    assert len(double.asked) == 1


def test_a_wrong_key_and_a_wrong_path_are_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv(asking.KEY, "sk-wrong")
    with Double([says({}, 401)]) as double:
        with pytest.raises(EndpointError, match="mend DISTILL_TEACHER_KEY"):
            asked(double, tmp_path, ["a?"])
        assert double.headers[0]["authorization"] == "Bearer sk-wrong"
        tier = replace(tier_of(double), teacher=EndpointSpec(double.url.removesuffix("/v1"), "double"))
        with pytest.raises(EndpointError, match=r"\(404\): Not Found. .* an address mostly ends in /v1"):
            generation.generate(Endpoint(tier, QUICK, folder=tmp_path), None, ["a?"], **HOW)


def test_a_server_that_is_not_there_is_told_at_once(tmp_path, monkeypatch):
    waited, double = waits(monkeypatch), Double()
    double.server_close()
    told = r"cannot be reached \(.*refused.*\): start the server, or mend its address"
    with pytest.raises(EndpointError, match=told):
        asked(double, tmp_path)
    assert not waited


def test_what_a_filter_refuses_is_an_answer_that_did_not_end(tmp_path):
    refused = says({"error": {"message": "policy", "code": "content_filter"}}, 400)
    with Double([refused]) as double:
        answers = asked(double, tmp_path, QUESTIONS[:2], replace(QUICK, concurrency=1))
    assert [(one.text, one.ended) for one in answers] == [("", False), (TEXT, True)]


# --- nothing twice --------------------------------------------------------------------------------


def test_what_was_answered_is_not_asked_again(tmp_path):
    with Double(otherwise=echoes) as double:
        first = asked(double, tmp_path, QUESTIONS[:4])
        assert asked(double, tmp_path)[:4] == first and len(double.asked) == 6
        asked(double, tmp_path, seed=1)
        assert len(double.asked) == 12, "another seed is another answer"


def test_what_was_answered_before_a_fault_is_kept_and_whole_batches_come(tmp_path):
    found, tasks = [], [(QUESTIONS[i : i + 2], HOW) for i in (0, 2, 4)]
    with Double([echoes] * 4 + [says({}, 401)], echoes) as double:
        endpoint = Endpoint(tier_of(double), replace(QUICK, concurrency=1), folder=tmp_path)
        with pytest.raises(EndpointError):
            found.extend(endpoint.answers(None, tasks))  # one after the other; what came before the fault stays
        assert [len(batch) for batch in found] == [2, 2] and len(Journal(tmp_path).answers) == 4
        assert [len(batch) for batch in endpoint.answers(None, tasks)] == [2, 2, 2]
    assert len(double.asked) == 7


@pytest.mark.parametrize(
    "limits", [{"most_tokens": 600}, {"most_money": 0.0006, "price_in": 1.0, "price_out": 1.0}], ids=["tokens", "money"]
)
def test_the_ceiling_stops_between_two_requests_and_holds_for_later_runs(tmp_path, limits):
    """A question of some 20 letters sets 190 tokens aside and takes 30."""
    with Double(otherwise=echoes) as double:
        many = [f"How many are {i:02} and {i:02}?" for i in range(40)]
        with pytest.raises(CeilingReached, match=r"the ceiling is .*raise the ceiling"):
            asked(double, tmp_path, many, replace(QUICK, **limits))
        first = len(double.asked)
        spent = Endpoint(tier_of(double), folder=tmp_path).spent
        assert spent.tokens == 30 * first and 600 - 190 < spent.tokens <= 600
        with pytest.raises(CeilingReached):
            asked(double, tmp_path, many, replace(QUICK, **limits))
        assert len(double.asked) == first, "what an earlier run has spent counts"
        assert len(asked(double, tmp_path, many)) == 40 and len(double.asked) == 40


def test_an_answer_that_was_lost_may_have_been_paid_for(tmp_path):
    with Double([hangs_up]) as double:
        asked(double, tmp_path, ["a?"])
    need = len("a?") + asking.PROMPT + HOW["max_new_tokens"]
    assert Endpoint(tier_of(double), folder=tmp_path).spent.tokens == 30 + need


def test_who_stops_waiting_keeps_what_is_on_its_way(tmp_path, monkeypatch):
    """All but the first question are held until the asking has been told to stop."""
    begun = []

    class Seen(asking.Asking):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            begun.append(self)

    def held(handler):
        if handler.body["messages"][0]["content"] != QUESTIONS[0]:
            begun[0].stop.wait(60)
        echoes(handler)

    monkeypatch.setattr(with_endpoint, "Asking", Seen)
    with Double(otherwise=held) as double:
        written = Endpoint(tier_of(double), QUICK, folder=tmp_path).answers(None, [([one], HOW) for one in QUESTIONS])
        next(written)
        written.close()
        assert len(Journal(tmp_path).answers) == len(double.asked) <= 3


# --- traces ---------------------------------------------------------------------------------------

N, BATCH = 10, 4


@pytest.fixture(name="own")
def own_tier():
    """A server, and a tier whose teacher stands there."""
    with Double(otherwise=echoes) as double:
        yield tier_of(double, generate_batch=BATCH, sampling=Sampling(temperature=1.0)), double


def collected(tier, folder, limits=QUICK):
    return traces.collect(tier, N, 0, folder / "traces", (Endpoint(tier, limits, folder=folder / "asked"), None))


def test_traces_are_those_of_any_teacher(own, tmp_path, monkeypatch):
    tier, double = own
    monkeypatch.setattr("helpers.generation.with_endpoint.KEPT", str(tmp_path / "asked"))
    rows = traces.collect(tier, N, 0, tmp_path / "traces")
    assert rows.column_names == COLUMNS and len(double.asked) == N
    for row in rows:
        assert row["teacher_answer"] == f"<think>\n{row['question']}\n</think>\n\nIt is {len(row['question'])}."
        assert (row["tokens"], row["ended"]) == (20, True)
    told = traces.record(rows)
    assert (told["teacher"], told["server"], told["engine"]) == ("double", double.url, "endpoint")
    assert told["prompt"] is told["template"] is told["revision"] is None
    again = traces.collect(tier, N, 0, tmp_path / "traces")
    assert again.to_list() == rows.to_list() and len(double.asked) == N


def test_another_address_may_have_the_same_teacher_and_another_request_makes_other_traces(own, tmp_path):
    tier, double = own
    rows = collected(tier, tmp_path)
    moved = replace(tier, teacher=EndpointSpec("http://127.0.0.1:9/v1", "double"))
    assert collected(moved, tmp_path).to_list() == rows.to_list()
    with pytest.raises(ValueError, match="teacher was 'double' and now is 'other'"):
        collected(replace(tier, teacher=EndpointSpec(double.url, "other")), tmp_path)
    double.script = [echoes] * BATCH + [says({}, 401)]
    with pytest.raises(EndpointError):
        collected(tier, tmp_path / "half")
    endpoint = Endpoint(tier, QUICK, {"reasoning_effort": "high"}, tmp_path / "asked")
    with pytest.raises(ValueError, match="engine was 'endpoint' and now is 'endpoint with"):
        traces.collect(tier, N, 0, tmp_path / "half" / "traces", (endpoint, None))


@pytest.mark.parametrize("after", [1, 6])
def test_a_kill_in_the_middle_loses_nothing_and_asks_nothing_twice(own, tmp_path, after):
    tier, double = own
    whole = collected(tier, tmp_path / "whole")
    double.asked.clear()
    gate = threading.Event()
    double.script, double.otherwise = [echoes] * after, lambda handler: (gate.wait(60), echoes(handler))
    process = forked(lambda: collected(tier, tmp_path))
    until(lambda: len(answered(tmp_path)) == after and len(double.asked) == after + QUICK.concurrency, process)
    killed(process)
    gate.set()
    kept = answered(tmp_path)
    assert len(kept) == after
    assert collected(tier, tmp_path).to_list() == whole.to_list()
    times = Counter(words(double))
    assert set(times) == set(whole["question"]) and times.total() == N + QUICK.concurrency, "what was on its way"
    assert all(times[question] == 1 for question in kept)


def answered(folder) -> list[str]:
    """The questions whose answers are on disk."""
    path = folder / "asked" / FILE
    lines = path.read_bytes().split(b"\n")[1:] if path.exists() else []
    return [json.loads(line)["question"] for line in lines if line.endswith(b"}}")]


def test_a_server_that_goes_and_comes_back_is_waited_for(tmp_path):
    first = Double([echoes] * 4, hangs_up)
    tier, port = tier_of(first, generate_batch=BATCH), first.server_port
    servers = [first]

    def restart():
        while len(first.asked) < 5:
            time.sleep(0.01)
        first.server_close()
        time.sleep(0.3)
        servers.append(Double(otherwise=echoes, port=port))

    thread = threading.Thread(target=restart)
    thread.start()
    rows = collected(tier, tmp_path, replace(QUICK, attempts=60))
    thread.join()
    with servers[1] as second:
        assert len(rows) == N and len(second.asked) == N - 4


# --- elsewhere ------------------------------------------------------------------------------------


def test_an_exam_tells_no_size_of_a_model_that_is_not_here(own, tmp_path, monkeypatch):
    tier, double = own
    monkeypatch.setattr("helpers.generation.with_endpoint.KEPT", str(tmp_path / "asked"))
    exam = benchmark.Benchmark(questions.draw(tier, "test", 2, 0), [], [])
    sheet = benchmark.teacher(exam, tier)
    assert sheet.parameters is None and len(sheet.asked) == 2 and {body["temperature"] for body in double.asked} == {0}


def test_a_short_form_is_counted_without_the_teachers_tokenizer(own):
    tier, _ = own
    working = "First 3 and 4.\n\nThat is 3 + 4 = 7.\n\nIt is 7."
    row = {"question": "q?", "teacher_answer": f"<think>\n{'Hm. ' * 50}\n</think>\n\n{working}", "gold": [7],
           "family": "x", "tokens": 100, "ended": True, "verdict": "kept"}  # fmt: skip
    rows = traces.store.as_dataset([row] * 5, "{}")
    taught = mix.mix(replace(tier, long_share=0.2), 0, rows).to_list()
    short = [one for one in taught if len(one["teacher_answer"]) < len(row["teacher_answer"])]
    assert len(short) == 4
    for one in short:
        assert one["tokens"] == round(100 * len(one["teacher_answer"]) / len(row["teacher_answer"]))
