"""The key of a server is sent to that server, and is to be found nowhere else: a canary in its place is looked for."""

import io
import logging
import pickle
import traceback
from contextlib import suppress
from dataclasses import replace

import pytest
from endpoint_double import RIGHT, TEXT, Double, echoes, hangs_up, says, stalls

from helpers import generation, traces
from helpers.generation import Endpoint, EndpointError, Limits, asking
from helpers.tiers import TIERS, EndpointSpec

CANARY = "sk-canary-4711-abcdefgh"
OTHER = "sk-openai-0815-ijklmnop"
QUICK = Limits(concurrency=2, attempts=2, timeout=1.0)
ECHO = {"error": {"message": f"Incorrect API key provided: {CANARY}", "code": "invalid_api_key"}}


def refuses(status: int):
    """A server that says the key back to whoever sent it."""
    return says(ECHO, status)


FAULTS = {
    "all is well": says(RIGHT), "it says the key": says({**RIGHT, "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": f"Your key is {CANARY}."}}]}),
    "400": refuses(400), "401": refuses(401), "403": refuses(403), "404": refuses(404), "422": refuses(422),
    "429": refuses(429), "500": refuses(500), "an error that calls itself well": refuses(200),
    "a long message": says({"error": {"message": "x" * (asking.SHOWN - 40) + CANARY}}, 400),
    "half a JSON": says('{"choices": [{"message": "' + CANARY), "the line breaks": says(RIGHT, missing=9),
    "no JSON": says(f"<html>{CANARY}</html>"), "nothing": hangs_up, "a stall": stalls, "no choices": says({}),
}  # fmt: skip


@pytest.fixture(name="seen")
def all_that_can_be_seen(monkeypatch, tmp_path, capfd):
    """A function that gives all that was printed, logged and written so far."""
    monkeypatch.setattr(asking, "FIRST", 0.01)
    monkeypatch.setenv(asking.KEY, CANARY)
    monkeypatch.setenv("OPENAI_API_KEY", OTHER)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", OTHER)
    monkeypatch.setenv("OPENAI_ORG_ID", OTHER)
    monkeypatch.setenv("OPENAI_PROJECT_ID", OTHER)
    logged = io.StringIO()
    handler, root = logging.StreamHandler(logged), logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in (None, "openai", "httpx2", "httpcore2")}
    root.addHandler(handler)
    for name in levels:
        logging.getLogger(name).setLevel(logging.DEBUG)

    def look() -> str:
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert files, "something is written in every case"
        written = [path.read_bytes().decode("latin-1") for path in files]
        return "".join((*capfd.readouterr(), logged.getvalue(), *written))

    yield look
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def tier_at(url: str):
    return replace(TIERS["mini"], name="own", generate_batch=2, teacher=EndpointSpec(url, "double"))


def frames(error: BaseException) -> str:
    """A traceback as the most talkative tools show it: every variable of every frame, of all that led to it too."""
    shown, known = "", set()
    while error is not None and id(error) not in known:
        known.add(id(error))
        one = traceback.TracebackException.from_exception(error, capture_locals=True)
        one.stack = traceback.StackSummary.from_list([frame for frame in one.stack if "/tests/" not in frame.filename])
        shown += "".join(one.format(chain=False)) + repr(vars(error)) + repr(error.args)
        error = error.__cause__ or error.__context__
    return shown


@pytest.mark.parametrize("answer", FAULTS.values(), ids=FAULTS)
def test_the_key_goes_to_the_server_and_nowhere_else(seen, tmp_path, answer):
    with Double(otherwise=answer) as double:
        tier = tier_at(double.url)
        endpoint, shown = Endpoint(tier, QUICK, folder=tmp_path / "asked"), ""
        try:
            rows = traces.collect(tier, 3, 0, tmp_path / "traces", (endpoint, None))
            shown = str(rows.to_list()) + str(traces.record(rows))
        except EndpointError as error:
            shown = frames(error)
            assert "helpers/" in shown, "there is something to look at"
        with suppress(TypeError, AttributeError):
            shown += pickle.dumps(endpoint).decode("latin-1")
    assert {headers["authorization"] for headers in double.headers} == {f"Bearer {CANARY}"}
    assert OTHER not in str(double.headers)
    everything = seen() + shown + repr(endpoint) + repr(vars(endpoint))
    for secret in (CANARY, CANARY[3:], CANARY[:9], OTHER):
        assert secret not in everything


def test_the_key_does_not_follow_to_another_server(seen, tmp_path):
    with Double() as other, Double(otherwise=says("", 307, location=f"{other.url}/chat/completions")) as double:
        with suppress(EndpointError):
            generation.generate(Endpoint(tier_at(double.url), QUICK, folder=tmp_path), None, ["a?"], 40)
        (tmp_path / "something").touch()
    assert double.headers and CANARY not in str(other.headers) + seen()


@pytest.mark.parametrize("key", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}é", f"Bearer {CANARY}", f"{CANARY}\t"])
def test_a_key_that_is_none_is_told_without_it(monkeypatch, tmp_path, key):
    monkeypatch.setenv(asking.KEY, key)
    with pytest.raises(ValueError, match=r"^DISTILL_TEACHER_KEY has a space, a line end or a letter that") as raised:
        generation.generate(Endpoint(tier_at("http://127.0.0.1:9/v1"), folder=tmp_path), None, ["a?"], 40)
    assert CANARY not in frames(raised.value)


def test_a_client_that_cannot_be_made_shows_no_key(monkeypatch, tmp_path):
    import openai

    def refuse(**settings):
        raise ValueError(f"no: {settings}")

    monkeypatch.setenv(asking.KEY, CANARY)
    monkeypatch.setattr(openai, "OpenAI", refuse)
    with pytest.raises(EndpointError, match="OpenAI's client cannot be made: ValueError") as raised:
        generation.generate(Endpoint(tier_at("http://127.0.0.1:9/v1"), folder=tmp_path), None, ["a?"], 40)
    assert CANARY not in frames(raised.value)


def test_without_a_key_none_is_sent(monkeypatch, tmp_path):
    monkeypatch.delenv(asking.KEY, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", OTHER)
    with Double(otherwise=echoes) as double:
        assert generation.generate(Endpoint(tier_at(double.url), folder=tmp_path), None, ["a?"], 40)[0].whole != TEXT
    assert double.headers[0]["authorization"] == f"Bearer {asking.NO_KEY}" and OTHER not in str(double.headers)


def test_the_canary_would_be_seen():
    """What the client itself raises has the key in it: `frames` finds it there."""
    import openai

    with Double(otherwise=refuses(401)) as double:
        client = openai.OpenAI(base_url=double.url, api_key=CANARY, max_retries=0)
        with pytest.raises(openai.AuthenticationError) as raised:
            client.chat.completions.create(model="m", messages=[])
    assert CANARY in frames(raised.value)
