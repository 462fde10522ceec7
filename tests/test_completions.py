"""helpers.generation.completions: whatever a server's form is, a trace has one; and what is no answer is told."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from endpoint_double import ANSWER, REASONING, RIGHT, TEXT, completion
from openai.types.chat import ChatCompletion

from helpers.generation import completions
from helpers.generation.completions import Failed, Said, retry_after
from helpers.generation.spending import Spent


def of(body: dict):
    """As the client reads it: without a look at its types."""
    return ChatCompletion.construct(**body)


@pytest.mark.parametrize(
    ("body", "whole", "ended"),
    [
        (RIGHT, TEXT, True),
        (completion(ANSWER, reasoning=REASONING), TEXT, True),
        (completion(f"\n\n{ANSWER}", reasoning_content=f"\n{REASONING}\n"), TEXT, True),
        (completion(TEXT), TEXT, True),
        (completion(TEXT, reasoning_content=None, reasoning=""), TEXT, True),
        (completion(TEXT, reasoning_content=REASONING), TEXT, True),  # said twice
        (completion(TEXT.removeprefix("<think>\n")), TEXT, True),  # the prompt had it
        (completion(ANSWER), ANSWER, True),
        (completion(ANSWER, "eos"), ANSWER, True),
        (completion(TEXT[:-3], "length"), TEXT[:-3], False),
        (completion("", "length", reasoning_content=REASONING), f"<think>\n{REASONING}", False),
        (completion(None, "length", reasoning=REASONING), f"<think>\n{REASONING}", False),
        (completion("", "stop", reasoning=REASONING), f"<think>\n{REASONING}", True),
        (completion("", "stop"), "", False),
        (completion(None, "stop"), "", False),
        (completion(None, "stop", refusal="I will not."), "I will not.", False),
        (completion(ANSWER, "content_filter"), ANSWER, False),
        (completion(None, "tool_calls"), "", False),
        (completion(ANSWER, None), ANSWER, False),
    ],
)
def test_every_form_becomes_the_traces_one(body, whole, ended):
    came = completions.read(of(body))
    assert isinstance(came, Said) and came.used == Spent(10, 20)
    answer = came.answer
    assert (answer.whole, answer.ended, answer.tokens) == (whole, ended, 20)


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (None, "no choices"), ("<html>", "no choices"), ([1], "no choices"), (of({}), "no choices"),
        (of({"choices": []}), "no choices"), (of({"choices": "x"}), "no choices"),
        (of({"choices": None}), "no choices"),
        (of({"error": {"message": "out of memory"}}), "out of memory"), (of({"error": "no"}), "no"),
        (of({"choices": [None]}), "no text"), (of({"choices": [{"message": "x"}]}), "no text"),
        (of(completion([{"type": "text", "text": "x"}])), "no text"), (of(completion(7)), "no text"),
        (of(completion(reasoning=["x"])), "no text"),
        (of({**RIGHT, "usage": None}), "`usage`"), (of({**RIGHT, "usage": 7}), "`usage`"),
        (of({**RIGHT, "usage": {"prompt_tokens": 1}}), "`usage`"),
        (of({**RIGHT, "usage": {"prompt_tokens": -1, "completion_tokens": 1}}), "`usage`"),
        (of({**RIGHT, "usage": {"prompt_tokens": 1, "completion_tokens": "2"}}), "`usage`"),
        (of({**RIGHT, "usage": {"prompt_tokens": 1, "completion_tokens": True}}), "`usage`"),
    ],
)  # fmt: skip
def test_another_shape_is_no_answer(found, why):
    came = completions.read(found)
    assert isinstance(came, Failed) and came.again and came.lost and not came.refused
    assert came.told.startswith("answers, but not as an OpenAI-compatible server does") and why in came.told


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        ("7", 7, 7), (" 0.5 ", 0.5, 0.5), ("0", 0, 0), ("", 0, 0), ("soon", 0, 0), ("-3", 0, 0), ("nan", 0, 0),
        (timedelta(seconds=90), 88, 90), (timedelta(seconds=-90), 0, 0),
    ],
)  # fmt: skip
def test_a_pause_in_seconds_or_until_a_date(said, low, high):
    if isinstance(said, timedelta):
        said = format_datetime(datetime.now(UTC) + said, usegmt=True)
    assert low <= retry_after({"retry-after": said}) <= high
    assert retry_after({}) == 0


def test_a_fault_of_the_client_is_told_and_not_repeated():
    came = completions.failed(TypeError("odd"), 1)
    assert came == Failed("could not be asked: TypeError: odd")
