"""llama.cpp, the real one, on one GGUF file, in a process of its own: what it makes of texts and of questions.

    python tests/llama_cpp.py FILE.gguf < asked.json > said.json

asked: texts, questions, prompts (lists of token ids), most (tokens of an answer).
said: tokens (ids of each text, as it stands), prompts (each question in the file's own chat template), answers (to the
questions), likely (for each prompt, log probabilities of the likeliest next tokens, by id), ended (why each stopped).
"""

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

LIKELY = 10


def asked_of(file: Path, **asked) -> dict:
    """What llama.cpp says, from a process of its own; RuntimeError with its last words where it fails."""
    done = subprocess.run(
        [sys.executable, __file__, str(file)], input=json.dumps(asked), capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    return json.loads(done.stdout)


def main(file: str) -> dict:
    import xllamacpp

    asked = json.load(sys.stdin)
    settings = xllamacpp.CommonParams()
    settings.model.path = file
    settings.n_ctx, settings.n_parallel, settings.warmup = 1024, 1, False
    settings.cpuparams.n_threads = 1
    # Keys and values in 32 bits, as transformers has them here.
    settings.cache_type_k = settings.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    server = xllamacpp.Server(settings)

    def post(path: str, **body) -> dict:
        request = urllib.request.Request(
            server.listening_address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read())

    def turns(question: str) -> list[dict]:
        return [{"role": "user", "content": question}]

    found = {
        "tokens": [post("/tokenize", content=text, add_special=True, parse_special=True)["tokens"]
                   for text in asked.get("texts", ())],
        "prompts": [post("/apply-template", messages=turns(one))["prompt"] for one in asked.get("questions", ())],
        "answers": [], "ended": [], "likely": [],
    }  # fmt: skip
    for question in asked.get("questions", ()):
        said = post("/v1/chat/completions", messages=turns(question), temperature=0, max_tokens=asked["most"])
        (choice,) = said["choices"]
        found["answers"].append(choice["message"]["content"])
        found["ended"].append(choice["finish_reason"])
    for prompt in asked.get("prompts", ()):
        said = post("/completion", prompt=prompt, n_predict=1, n_probs=LIKELY, temperature=0, samplers=[])
        (first,) = said["completion_probabilities"]
        found["likely"].append({one["id"]: one["logprob"] for one in first["top_logprobs"]})
    return found


if __name__ == "__main__":
    standard = os.dup(1)
    os.dup2(2, 1)  # llama.cpp talks
    made = main(sys.argv[1])
    with contextlib.suppress(BrokenPipeError):
        os.write(standard, json.dumps(made).encode())
    os._exit(0)  # its threads need no farewell
