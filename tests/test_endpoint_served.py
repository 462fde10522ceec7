"""A teacher behind a real server, `transformers serve` with the mini teacher: killed, started again, nothing lost."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from dataclasses import replace

import kills
import openai
import pytest
from endpoint_double import RIGHT, Double, says
from kills import forked, killed, until

from helpers import generation, traces
from helpers.generation import Endpoint, EndpointError, Limits, asking, completions
from helpers.generation.journal import FILE
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS, EndpointSpec, Sampling

pytestmark = pytest.mark.slow

# Questions, and tokens of an answer. Some are cut off, none where its reasoning ends: a server that takes the reasoning
# out does not tell whether it had just ended.
N, ROOM = 6, 66
START = 600  # seconds until the server must be there: more than a minute beside other work
MINI = replace(TIERS["mini"], sampling=Sampling(temperature=0.0), max_new_tokens=ROOM, generate_batch=4)
LIMITS = Limits(concurrency=2, attempts=300)


class Served:
    """`transformers serve` in a process of its own, at one address however often it is started."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "serve.log"
        self.process = None

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", MINI.teacher.source]
        command += ["--host", "127.0.0.1", "--port", str(self.port), "--device", "cpu"]
        with open(self.log, "ab") as log:
            environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.log.parent, env=environment)
        begun = time.monotonic()
        while True:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                return
            assert self.process.poll() is None and time.monotonic() - begun < START, self.log.read_text()[-2000:]
            time.sleep(0.2)

    def kill(self) -> None:
        """At once, whatever it is doing."""
        self.process.kill()
        self.process.wait()

    @property
    def answered(self) -> int:
        """How many questions it has answered so far."""
        return self.log.read_text().count('"POST /v1/chat/completions HTTP/1.1" 200')

    @property
    def tier(self):
        """The mini tier with its teacher behind this server."""
        return replace(MINI, name="own", teacher=EndpointSpec(f"http://127.0.0.1:{self.port}/v1", MINI.teacher.source))


@pytest.fixture(name="served", scope="module")
def running(tmp_path_factory):
    one = Served(tmp_path_factory.mktemp("served"))
    one.start()
    yield one
    one.kill()


@pytest.fixture(autouse=True)
def short_pauses_and_patience(monkeypatch):
    monkeypatch.delenv(asking.KEY, raising=False)
    monkeypatch.setattr(asking, "LONGEST", 2.0)
    monkeypatch.setattr(kills, "PATIENCE", START)


def put(tier, folder, asked, **how):
    return generation.generate(Endpoint(tier, LIMITS, folder=folder), None, asked, ROOM, progress=False, **how)


# --- the double is held to it ----------------------------------------------------------------------


def shape(value: object) -> object:
    """The names and the types of what a server said; of a list the first."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    return [shape(value[0])] if isinstance(value, list) else type(value).__name__


def test_the_double_says_what_the_real_one_says(served):
    request = {
        "model": MINI.teacher.source, "messages": [{"role": "user", "content": "Tom has 3 pens. How many has he?"}],
        "max_tokens": 120, "temperature": 0.0, "top_p": 1.0, "seed": 1,
    }  # fmt: skip
    raw, read = [], []
    with Double(otherwise=says(RIGHT)) as double:
        for url in (served.tier.teacher.base_url, double.url):
            with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
                found = client.chat.completions.with_raw_response.create(**request)
                raw.append(shape(found.http_response.json()))
                read.append(completions.read(found.parse()))
    assert raw[0] == raw[1]
    real, ours = read
    assert isinstance(real, completions.Said) and shape(vars(real)) == shape(vars(ours))
    for said in read:
        assert said.answer.ended and said.answer.text.startswith("<think>\n") and "\n</think>\n\n" in said.answer.text
        assert (said.used.written, type(said.answer)) == (said.answer.tokens, Answer)


REFUSED = {"detail": "Unexpected fields in the request: {'top_k'}"}


def test_the_double_refuses_as_the_real_one_does(served, tmp_path):
    told = []
    with Double(otherwise=says(REFUSED, 422)) as double:
        for tier in (served.tier, replace(served.tier, teacher=EndpointSpec(double.url, MINI.teacher.source))):
            with pytest.raises(EndpointError, match=r"\(422\): Unexpected fields .*extra={'top_k'") as raised:
                put(tier, tmp_path, ["a?"], temperature=1.0, top_k=5)
            told.append(str(raised.value).replace(tier.teacher.base_url, ""))
    assert told[0] == told[1]


def test_another_model_and_another_path_are_told(served, tmp_path):
    url, name = served.tier.teacher.base_url, served.tier.teacher.model
    for spec, told in (
        (EndpointSpec(url, "other"), r"does not take the request \(400\): Server is pinned to"),
        (EndpointSpec(url.removesuffix("/v1"), name), r"nothing at this address \(404\): Not Found"),
    ):
        with pytest.raises(EndpointError, match=told):
            put(replace(served.tier, teacher=spec), tmp_path, ["a?"])


# --- traces ----------------------------------------------------------------------------------------


def collected(tier, folder):
    return traces.collect(tier, N, 0, folder / "traces", (Endpoint(tier, LIMITS, folder=folder / "asked"), None))


def kept(folder) -> int:
    """How many answers are on disk: what was lost on its way has a line too, without one."""
    path = folder / "asked" / FILE
    return path.read_bytes().count(b'"answer": {') if path.exists() else 0


def test_killed_on_both_sides_it_ends_in_the_dataset_of_a_run_that_nothing_broke(served, tmp_path):
    """The unbroken run is that of the teacher itself: through a server its traces are the same to the letter.

    First the process that collects is killed, then the server, in the middle of an answer; it comes back while the
    second process waits for it.
    """
    whole = traces.collect(MINI, N, 0, tmp_path / "whole")
    before = served.answered
    process = forked(lambda: collected(served.tier, tmp_path))
    until(lambda: kept(tmp_path) >= 1, process)
    killed(process)
    first = kept(tmp_path)
    assert 1 <= first < N - 2

    def restart():
        while kept(tmp_path) < first + 1:
            time.sleep(0.01)
        served.kill()
        served.start()

    thread = threading.Thread(target=restart, daemon=True)
    thread.start()
    dataset = collected(served.tier, tmp_path)
    thread.join()
    assert dataset.to_list() == whole.to_list()
    assert {*dataset["ended"]} == {True, False}, "whole answers and cut ones"
    on_its_way = LIMITS.concurrency
    assert N <= served.answered - before <= N + on_its_way, "only what was on its way at the first kill came twice"
    assert kept(tmp_path) == N, "each answer is there once"
    total = served.answered
    assert collected(served.tier, tmp_path).to_list() == whole.to_list() and served.answered == total
