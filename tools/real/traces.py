"""DeepSeek-R1's answers to GSM8K's questions as traces like those of `traces.collect`: read, checked, held out."""

import hashlib
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from datasets import Dataset

from helpers import losses, questions, traces
from helpers.tiers import Tier
from helpers.traces import store
from helpers.training.rows import tokenized

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "data" / "deepseek-r1-gsm8k.jsonl"
FILE = "DISTILL_R1_TRACES"  # the environment variable that names another file


def path() -> Path:
    """The file that DISTILL_R1_TRACES names, or the one in data/. Raises FileNotFoundError if it is not there."""
    named = os.environ.get(FILE)
    found = Path(named).expanduser() if named else SHIPPED
    if not found.is_file():
        raise FileNotFoundError(f"there are no traces in {found}: correct {FILE}, or unset it for the file in data/")
    return found


def read(file: Path) -> Dataset:
    """The file's answers as rows with the columns of `traces.collect`, none of them checked yet.

    file: one JSON object a line, with "question", "answer" (GSM8K's solution, its number after ####) and "response".
    tokens is 0 in each row: R1's tokenizer is not here, and nothing that follows asks for it.
    Raises ValueError, with the line's number, for a line that cannot be read.
    """
    content = file.read_bytes()
    lines = content.decode().splitlines()
    asked = questions.read(lines, str(file), "line")
    rows = [
        _row(json.loads(line), question, f"{file}, line {number}")
        for number, (line, question) in enumerate(zip(lines, asked, strict=True), 1)
    ]
    made = {"teacher": "DeepSeek-R1", "file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
    return store.as_dataset(rows, json.dumps(made))


def laid_out(response: str) -> str:
    """An answer of R1 from `<think>` on, as the series has it.

    The file begins inside the reasoning and has nothing between `</think>` and what follows; only these are put back.
    """
    reasoning, closing, answer = response.strip().removeprefix("<think>").partition("</think>")
    end = f"\n</think>\n\n{answer.strip()}" if closing else ""
    return f"<think>\n{reasoning.strip()}{end}"


def split(dataset: Dataset, tier: Tier, held: int, seed: int) -> tuple[Dataset, Dataset, Counter]:
    """(rows to train on, `held` rows never trained on, how many rows went where).

    Held out are right answers of any length; what is learnt is right and, with its question, no longer than
    tier.max_length. The third has "learnt", "held out" and the reasons of `traces.verify` for all others.
    Raises ValueError if there are too few right answers, or none short enough to learn.
    """
    right, verdicts = traces.verify(tier, dataset, limit=sys.maxsize)
    if len(right) < held:
        raise ValueError(f"{len(right)} traces are right, too few to hold {held} of them out: {dict(verdicts)}")
    out = set(random.Random(f"held out {seed}").sample(range(len(right)), held))
    rest = right.select([i for i in range(len(right)) if i not in out])
    learnt, lengths = traces.verify(tier, rest)
    if not len(learnt):
        raise ValueError(f"none of the {len(rest)} traces that are right and not held out can be learnt: {lengths}")
    went = verdicts + lengths
    del went["kept"]
    return learnt, right.select(sorted(out)), went + Counter({"learnt": len(learnt), "held out": held})


def beginnings(tier: Tier, tokenizer, rows: Dataset) -> list[dict]:
    """The first tokens of traces, as many as the tier's max_length, as rows of input_ids and labels.

    A long one is cut and not left out, so it teaches no end.
    """
    return tokenized(traces.messages(rows), tokenizer, tier.max_length)


def counted(row: Mapping) -> int:
    """The learnt tokens of a row."""
    return sum(label != losses.IGNORED for label in row["labels"][1:])


def _row(row: dict, asked: questions.Question, where: str) -> dict:
    if "response" not in row:
        raise ValueError(f'{where}: not an object with "question", "answer" and "response"')
    return {
        "question": asked.question, store.ANSWER: laid_out(row["response"]), "gold": list(asked.answer),
        "family": asked.family, "tokens": 0, "ended": True, "verdict": "",
    }  # fmt: skip
