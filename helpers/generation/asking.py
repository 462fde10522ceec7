"""How a server is asked: many questions at a time, again where it may help, and never with the key in sight."""

import os
import random
from dataclasses import replace
from threading import Event, Lock

from helpers.generation import completions
from helpers.generation.completions import Failed, Said
from helpers.generation.journal import Journal
from helpers.generation.spending import CeilingReached, Limits, Purse, Spent
from helpers.generation.with_transformers import Answer
from helpers.tiers import EndpointSpec

KEY = "DISTILL_TEACHER_KEY"  # the environment variable with the key. OPENAI_API_KEY's is OpenAI's: no other gets it
NO_KEY = "none"  # the client wants one; a server that wants none does not look
PROMPT = 128  # tokens that a chat template may put around a question
FIRST, LONGEST = 1.0, 60.0  # seconds before the second attempt, and at most before another
TOLD = 5.0  # seconds: a pause that is longer is told
FIELDS = ("top_k", "top_p", "temperature", "seed", "max_tokens")  # of a request, which a server may not know
SHOWN = 500  # letters of what a server says
CONNECT = 10.0  # seconds to be reached


class EndpointError(RuntimeError):
    """The server did not answer, for a reason that is told; what was answered before is kept."""


class Asking:
    """The questions of one call, put by several threads.

    No exception of the client leaves its thread, since its request and the frames that it went through hold the key:
    what went wrong is told in words, and the words are raised by whoever waits for the answer.

    The client's own retries are off: they know no ceiling, cannot be stopped in a pause, and take any form for an
    answer.

    Attributes:
        stop: set, no further request begins.
        client: OpenAI's; it is to be closed.
        fault: the first reason why no more is asked, to be raised by whoever waits; None as long as there is none.
    """

    def __init__(self, spec: EndpointSpec, limits: Limits, journal: Journal):
        self.spec, self.limits, self.journal = spec, limits, journal
        self.purse = Purse(limits, journal.spent)
        self.client, self.stop = _client(spec.base_url, limits.timeout), Event()
        self.fault: Exception | None = None
        self._heard = False  # whether the server ever spoke
        self._lock, self._lot = Lock(), random.Random()

    def answer(self, name: str, request: dict) -> Answer | None:
        """The answer to a request, from the journal by its name there, or from the server; None if no more is asked."""
        if name in self.journal.answers:
            return self.journal.answers[name]
        question = request["messages"][0]["content"]
        room = max(request.get(one) or 0 for one in ("max_tokens", "max_completion_tokens"))
        need = Spent(len(question.encode()) + PROMPT, room)  # a token has a byte or more
        for attempt in range(1, self.limits.attempts + 1):
            try:
                if not self.purse.take(need, self.stop):
                    return None
            except CeilingReached as reached:
                return self._give_up(CeilingReached(*reached.args))
            came = self._send(request)
            if isinstance(came, Said):
                self.purse.give(need, came.used)
                self.journal.add(name, question, came.used, came.answer)
                return came.answer
            self.purse.give(need, need if came.lost else Spent())
            if came.lost:
                self.journal.add(name, question, need)
            self._heard |= not came.refused
            final = not came.again or attempt == self.limits.attempts or not self._heard
            if final or came.wait > self.limits.patience:
                return self._give_up(EndpointError(self._told(came, attempt, question)))
            if came.wait >= TOLD:
                print(f"{self.spec.base_url} asks for a pause of {came.wait:,.0f} seconds", flush=True)
            pause = min(LONGEST, FIRST * 2 ** min(attempt - 1, 20)) * self._lot.uniform(0.5, 1.0)
            self.stop.wait(max(pause, came.wait))
        return None

    def _send(self, request: dict) -> Said | Failed:
        said = {name: value for name, value in request.items() if name not in ("model", "messages")}
        try:
            found = self.client.chat.completions.create(
                model=request["model"], messages=request["messages"], extra_body=said
            )
        except Exception as error:
            return _without_key(completions.failed(error, self.limits.timeout))
        self._heard = True
        return _without_key(completions.read(found))

    def _give_up(self, fault: Exception) -> None:
        """The first reason counts; the others come of it."""
        with self._lock:
            self.fault = self.fault or fault
        self.stop.set()

    def _told(self, came: Failed, attempt: int, question: str) -> str:
        """What happened and what to do, in a sentence."""
        told = f"{self.spec.base_url} {came.told}"
        if came.wait > self.limits.patience:
            return f"{told}. It asks for a pause of {came.wait:,.0f} seconds: run this again then, and it goes on"
        if came.again and self._heard:
            return f"{told}, at attempt {attempt} too: run this again once it works, and it goes on where it was"
        if came.refused:
            return f"{told}: start the server, or mend its address"
        if came.status == 401:
            known = f"mend {KEY}" if os.environ.get(KEY) else f"put it into the environment variable {KEY}"
            return f"{told}: {known}"
        if came.status == 404:
            return f"{told}. It was asked for {self.spec.model!r}, {self._there()}"
        if came.status in (400, 422):
            field = next((one for one in FIELDS if one in came.told), None)
            mend = f"; generation.Endpoint(tier, extra={{{field!r}: None}}) leaves that out" if field else ""
            return f"{told}{mend}. The question was {question[:80]!r}"
        return told

    def _there(self) -> str:
        try:
            names = sorted(one.id for one in self.client.with_options(timeout=CONNECT).models.list())
        except Exception:  # not every server has a list
            names = []
        return f"and there are {', '.join(names[:20])}" if names else "and an address mostly ends in /v1"


def _client(base_url: str, timeout: float):
    """OpenAI's client, which gets nothing from the environment but what the names of this project hold."""
    try:
        import openai
    except ImportError as error:
        raise ImportError("a teacher behind a server is asked through OpenAI's client: pip install openai") from error
    if any(not letter.isascii() or not letter.isprintable() or letter == " " for letter in os.environ.get(KEY, "")):
        raise ValueError(f"{KEY} has a space, a line end or a letter that no key has: copy it anew")
    try:
        client = openai.OpenAI(
            base_url=base_url, api_key=os.environ.get(KEY) or NO_KEY, admin_api_key="", max_retries=0,
            timeout=openai.Timeout(timeout, connect=min(timeout, CONNECT)),
        )  # fmt: skip
        client.organization = client.project = None  # OPENAI_ORG_ID and OPENAI_PROJECT_ID are OpenAI's too
        return client
    except Exception as error:
        why = _hidden(f"{type(error).__name__}: {error}")
    raise EndpointError(f"OpenAI's client cannot be made: {why}")  # not above: that exception's frames hold the key


def _without_key(came: Said | Failed) -> Said | Failed:
    """A server may say the key back to us, and a cut through it would leave a part."""
    if isinstance(came, Failed):
        return replace(came, told=_hidden(came.told)[:SHOWN])
    return replace(came, answer=replace(came.answer, text=_hidden(came.answer.text)))


def _hidden(text: str) -> str:
    secret = os.environ.get(KEY, "")
    return text.replace(secret, "(the key)") if len(secret) > 3 else text
