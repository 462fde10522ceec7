"""A server that speaks OpenAI's protocol and answers as a test wants: rightly, late, half, wrongly or not at all.

`test_endpoint_served.py` holds what it says when all is well to what `transformers serve` says.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REASONING, ANSWER = "3 and 4 are 7.", "It is 7."
STALL = 2.0  # seconds
TEXT = f"<think>\n{REASONING}\n</think>\n\n{ANSWER}"


def completion(content: str | None = ANSWER, reason: str | None = "stop", **message: object) -> dict:
    """What a server says, as JSON: without other words, as `transformers serve` does of the mini teacher."""
    return {
        "id": "1", "object": "chat.completion", "created": 1, "model": "double@main",
        "choices": [
            {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30},
    }  # fmt: skip


RIGHT = completion(reasoning_content=REASONING)


def says(body: object, status: int = 200, missing: int = 0, **headers: str) -> Callable:
    """A way to answer: with this JSON or text, of which the last letters never come, whatever the headers promise."""
    text = (body if isinstance(body, str) else json.dumps(body)).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text[: len(text) - missing])
        handler.close_connection = bool(missing)

    return answer


def echoes(handler: BaseHTTPRequestHandler) -> None:
    """An answer that depends on the question alone, as a greedy teacher's."""
    question = handler.body["messages"][0]["content"]
    says(completion(f"It is {len(question)}.", reasoning_content=question))(handler)


def stalls(handler: BaseHTTPRequestHandler) -> None:
    """Takes the request and says nothing for longer than a test waits."""
    time.sleep(STALL)
    handler.close_connection = True


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    """Takes the request and closes the line."""
    handler.close_connection = True


class Double(ThreadingHTTPServer):
    """Answers the first requests as a script says, and all others rightly; notes what it was asked.

    Attributes:
        asked: the requests' JSON, in their order.
        headers: theirs, with small letters.
        times: when each came, in seconds.
        most: how many it was answering at a time, at most.
    """

    daemon_threads = True

    def __init__(self, script: Iterable[Callable] = (), otherwise: Callable | None = None, port: int = 0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.script, self.otherwise = list(script), otherwise or says(RIGHT)
        self.asked, self.headers, self.times = [], [], []
        self.now = self.most = 0
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def server_close(self):
        """The end, also of a `with`."""
        self.shutdown()
        super().server_close()

    def handle_error(self, request, client_address):
        """A client that has given up closes the line; nobody needs to read of it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *about):
        pass

    def do_GET(self):
        """The list of models."""
        found = {"object": "list", "data": [{"id": "double", "object": "model", "created": 1, "owned_by": "me"}]}
        says(found if self.path == "/v1/models" else {}, 200 if self.path == "/v1/models" else 404)(self)

    def do_POST(self):
        server = self.server
        body = self.body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with server.lock:
            server.asked.append(body)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.times.append(time.monotonic())
            answer = server.script.pop(0) if server.script else server.otherwise
            server.now += 1
            server.most = max(server.most, server.now)
        try:
            if self.path == "/v1/chat/completions":
                answer(self)
            else:
                says({"detail": "Not Found"}, 404)(self)
        finally:
            with server.lock:
                server.now -= 1
