"""What lies in a folder of traces: batches as they come, rows as a dataset, and how both were made."""

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset, Features, List, Value

from helpers import models, provenance, sources
from helpers.evaluation import results
from helpers.models.kinds import Tokenizer
from helpers.problems import Problem
from helpers.provenance import revision
from helpers.questions import Question, source
from helpers.sources import digest
from helpers.tiers import TIERS, EndpointSpec, Tier, kinds

ANSWER = "teacher_answer"  # the column with the trace
BATCHES, DATASET = "batches.jsonl", "dataset"


def record(source: Dataset | Path | str) -> dict:
    """How traces were made: teacher, revision, data, n, seed, sampling, prompt, library versions, ...

    Args:
        source: a dataset that `collect`, `verify`, `messages` or `load` gave, or the folder that `collect` wrote.

    Raises:
        ValueError: for another dataset.
        FileNotFoundError: for another folder.
    """
    if isinstance(source, Dataset):
        if not source.info.description:
            raise ValueError("these rows do not say how they were made: only what traces.collect gives does")
        return json.loads(source.info.description)
    return provenance.read(Path(source), "traces.collect")


def place(tier: Tier, n: int, seed: int, split: str = "train", samples: int | None = None) -> Path:
    """Where traces lie: artifacts/<tier>/traces/<n>-<seed>, and behind it any teacher but the tier's own.

    Of another split than "train", that stands before the numbers; of several samples, how many there are behind them,
    and then the teacher always.
    """
    teacher, name = tier.teacher, f"{n}-{seed}" + (f"-x{samples}" if samples else "")
    if samples or (tier.name in TIERS and teacher != TIERS[tier.name].teacher):
        short = digest(f"{teacher.name}@{teacher.revision}".encode()).removeprefix("sha256:")[:8]
        plain = re.sub(r"[^\w.-]", "-", Path(teacher.name).name)  # a server's name for a model may have a colon
        name = f"{name}-{plain}-{short}"
    return tier.artifacts / "traces" / (name if split == "train" else f"{split}-{name}")


def settings(tier: Tier, n: int, seed: int, split: str = "train", samples: int | None = None) -> dict:
    """What makes the traces what they are, as far as it is known before anything is loaded."""
    teacher, sampling, data = tier.teacher, tier.sampling, source(tier.data)
    return {
        "teacher": teacher.name, "revision": revision(teacher),
        "data": data.name, "data_config": data.config, "data_revision": data.revision,
        "n": n, "seed": seed,
        "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k,
        "max_new_tokens": tier.max_new_tokens, "batch_size": tier.generate_batch, "column": ANSWER,
        **(own(tier) if tier.data.own else {}), **({} if split == "train" else {"split": split}),
        **({"samples": samples} if samples else {}),
    }  # fmt: skip


def own(tier: Tier) -> dict:
    """What else makes the traces of a reader's own questions what they are: their kind, their columns, samples."""
    data = tier.data
    columns = {"question": data.question, "answer": data.answer, "options": data.options}
    return {"kind": data.kind, "columns": columns, "data_split": data.split, "samples": data.samples}


def asked(problems: Sequence[Problem | Question]) -> str:
    """A short name for questions and their gold answers, in their order."""
    return digest(json.dumps([(problem.question, problem.answer) for problem in problems]).encode())


def judged(tier: Tier) -> dict:
    """What the verdicts depend on and the traces do not: whose tokens are counted, how many may be, and who reads."""
    kind = {"kind": kinds.edition(tier.data.kind)} if tier.data.own else {}
    return kind | {
        "student": tier.student.name, "student_revision": revision(tier.student), "max_length": tier.max_length,
        "judge": sources.code("traces/filtering"), "math-verify": results.versions().get("math-verify"),
    }  # fmt: skip


def prompt(tokenizer: Tokenizer | None) -> dict:
    """What the teacher is given around a question; None where a server, which has its tokenizer, puts it around."""
    return {"prompt": models.chat_prompt(tokenizer, "{question}") if tokenizer else None}


def server(tier: Tier) -> dict:
    """Where the teacher was asked, if it is behind a server. Another address may have the same teacher."""
    return {"server": tier.teacher.base_url} if isinstance(tier.teacher, EndpointSpec) else {}


def append(folder: Path, rows: Sequence[dict]) -> None:
    """A batch, as one line: it is there whole or not at all. On the disk when this returns."""
    with open(folder / BATCHES, "ab") as file:
        file.write(json.dumps(rows, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def stored(folder: Path, asked: Sequence[str] | None = None) -> list[dict]:
    """The rows of the whole batches. What a kill left of a last one is cut off the file.

    Args:
        folder: where the batches lie, if there are any.
        asked: the questions, in the order in which they are written. Then a batch that stands there twice counts once.

    Raises:
        ValueError: with its number, for any other line that cannot be read or is not the next of `asked`.
    """
    path = folder / BATCHES
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    rows: list[dict] = []
    seen: list[list[str]] = []
    for number, line in enumerate(lines, 1):
        try:
            batch = json.loads(line)
        except ValueError:
            batch = None
        if not isinstance(batch, list) and number < len(lines):
            raise ValueError(f"{path}, line {number} is damaged: delete {folder}, and begin again")
        if not isinstance(batch, list) or not line.endswith(b"\n"):
            os.truncate(path, sum(map(len, lines[:-1])))
            break
        if asked is not None:
            given, wanted = [row.get("question") for row in batch], list(asked[len(rows) : len(rows) + len(batch)])
            if given != wanted and given in seen:
                continue
            if given != wanted:
                raise ValueError(f"{path}, line {number} answers other questions: delete {folder}, and begin again")
            seen.append(given)
        rows += batch
    return rows


def as_dataset(rows: Sequence[dict], description: str) -> Dataset:
    """Rows with the columns of `collect` as a dataset that says how it was made.

    Gold answers are texts, or else numbers, of which whole ones stay whole.
    """
    golds = [one for row in rows for one in row["gold"]]
    text, whole = any(isinstance(one, str) for one in golds), all(isinstance(one, int) for one in golds)
    gold = "string" if text else "int64" if whole else "float64"
    features = Features(
        {
            "question": Value("string"), ANSWER: Value("string"), "gold": List(Value(gold)),
            "family": Value("string"), "tokens": Value("int64"), "ended": Value("bool"), "verdict": Value("string"),
        }
    )  # fmt: skip
    return build(rows, features, description)


def build(rows: Sequence[dict], features: Features, description: str) -> Dataset:
    """A dataset with these columns, of no rows too, that carries a description."""
    dataset = Dataset.from_dict({name: [row[name] for row in rows] for name in features}, features)
    dataset.info.description = description
    return dataset
