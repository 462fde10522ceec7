"""What came back from a server: an answer in the one form that traces have, or what went wrong and what to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

from helpers.generation.spending import Spent
from helpers.generation.with_transformers import Answer

PASSING = (408, 409, 425, 429)  # and all from 500 on: the same request may be answered a little later
FILTERED = ("content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation")
ENDS = ("stop", "eos", "end_turn")  # OpenAI's word for an end, and what others say


@dataclass(frozen=True)
class Said:
    """An answer, and the tokens that it took."""

    answer: Answer
    used: Spent


@dataclass(frozen=True)
class Failed:
    """No answer.

    Attributes:
        told: what happened, as the end of a sentence that begins with the server's address.
        status: HTTP's number, if there was one.
        again: whether it may pass.
        wait: seconds that the server asks for.
        lost: whether an answer may have been written, and paid for, all the same.
        refused: whether no server was there at all.
    """

    told: str
    status: int | None = None
    again: bool = False
    wait: float = 0.0
    lost: bool = False
    refused: bool = False


def read(found: object) -> Said | Failed:
    """What the client's `chat.completions.create` gave, checked: it takes whatever has the form of JSON.

    The reasoning is taken from `reasoning_content` or `reasoning`, or stands in the content between `<think>` and
    `</think>`, of which the prompt may have had the first. An answer ended if the server says so: not one that was cut
    off ("length"), that a filter took away, or that has no words at all. A refusal did not end either.
    """
    choices, usage = getattr(found, "choices", None), getattr(found, "usage", None)
    if not isinstance(choices, list) or not choices:
        return _shapeless(_message(getattr(found, "error", None)) or "no choices are in it")
    message, reason = getattr(choices[0], "message", None), getattr(choices[0], "finish_reason", None)
    content, refusal = getattr(message, "content", None), getattr(message, "refusal", None)
    reasoning = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or ""
    if not hasattr(message, "content") or not all(isinstance(one or "", str) for one in (content, refusal, reasoning)):
        return _shapeless("its message has no text")
    counts = [getattr(usage, name, None) for name in ("prompt_tokens", "completion_tokens")]
    if not all(type(count) is int and count >= 0 for count in counts):
        return _shapeless("it does not say in `usage` how many tokens it took, and the ceiling goes by that")
    text = content or refusal or ""
    opened = "</think>" in text and not text.lstrip().startswith("<think>")  # by the prompt
    if reasoning and "</think>" not in text:
        answer = text.strip("\n")
        text = f"<think>\n{reasoning.strip(chr(10))}" + (f"\n</think>\n\n{answer}" if answer else "")
    ended = reason in ENDS and not refusal and bool(text)
    return Said(Answer(text, counts[1], ended, opened), Spent(*counts))


def failed(error: Exception, timeout: float) -> Said | Failed:
    """What an exception of the client means. Nothing of it is kept: its request has the key in it.

    A question that a server's filter refuses is answered with nothing, and such an answer did not end.

    Args:
        error: what `chat.completions.create` raised.
        timeout: seconds after which the client gave up.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APIConnectionError):
        cause = error.__cause__
        if type(cause).__name__ in ("ConnectError", "ConnectTimeout"):  # httpx's, of whichever release the client has
            return Failed(f"cannot be reached ({cause or 'no connection in time'})", again=True, refused=True)
        if isinstance(error, openai.APITimeoutError):
            return Failed(f"did not answer within {timeout:g} seconds", again=True, lost=True)
        return Failed(f"broke off before its answer was whole ({cause})", again=True, lost=True)
    if isinstance(error, ValueError):  # JSON that is none, or bytes that are no text
        return _shapeless("it is no JSON")
    return Failed(f"could not be asked: {type(error).__name__}: {error}")


def retry_after(headers: Mapping[str, str]) -> float:
    """The seconds of a Retry-After, which names them or a date; 0 where there is none that can be read."""
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", said):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def _of_status(error) -> Said | Failed:
    status, code, said = error.status_code, getattr(error, "code", None), _message(error.body)
    said = "" if said.lstrip().startswith("<") else " ".join(said.split()).rstrip(".")  # a proxy's page says nothing
    said = f": {said}" if said else ""
    if code in FILTERED:
        return Said(Answer("", 0, ended=False), Spent())
    if code == "insufficient_quota" or status == 402:
        return Failed(f"has no credit left for this key ({status}){said}", status)
    if status in PASSING or status >= 500:
        return Failed(f"cannot answer now ({status}){said}", status, True, retry_after(error.response.headers))
    told = {
        401: "does not accept the key (401)",  # what it says would show a part of the key
        403: f"does not let this key ask (403){said}",
        404: f"has no such model, or nothing at this address (404){said}",
    }
    return Failed(told.get(status, f"does not take the request ({status}){said}"), status)


def _shapeless(why: str) -> Failed:
    return Failed(f"answers, but not as an OpenAI-compatible server does: {why}", again=True, lost=True)


def _message(body: object) -> str:
    """What a server says of an error: {"error": {"message": ...}}, as OpenAI's, or {"detail": ...}, as FastAPI's."""
    for name in ("error", "message", "detail"):
        if isinstance(body, Mapping) and body.get(name):
            body = body[name]
    return body if isinstance(body, str) else str(body) if body else ""
