"""A folder of traces: batches as they come, the finished dataset, and how both were made."""

import json
import os
import shutil
from pathlib import Path

from datasets import Dataset, Features, List, Value, load_from_disk

from helpers import models, origins, results
from helpers.origins import PROVENANCE, digest, no_bars, revision
from helpers.tiers import Tier

ANSWER = "qwen3_answer"  # the column with the trace: on every tier the teacher is built like Qwen3
BATCHES, DATASET = "batches.jsonl", "dataset"


def provenance(source: Dataset | Path | str) -> dict:
    """How traces were made: teacher, revision, data, n, seed, sampling, prompt, library versions, ...

    source: a dataset that `collect`, `verify`, `messages` or `load` gave, or the folder that `collect` wrote.
    Raises ValueError for another dataset, FileNotFoundError for another folder.
    """
    if isinstance(source, Dataset):
        if not source.info.description:
            raise ValueError("these rows do not say how they were made: only what traces.collect gives does")
        return json.loads(source.info.description)
    return origins.read(Path(source), "traces.collect")


def settings(tier: Tier, n: int, seed: int) -> dict:
    """What makes the traces what they are, as far as it is known before anything is loaded."""
    teacher, sampling = tier.teacher, tier.sampling
    return {
        "teacher": teacher.name, "revision": revision(teacher),
        "data": tier.data.name, "data_config": tier.data.config, "data_revision": tier.data.revision,
        "n": n, "seed": seed,
        "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k,
        "max_new_tokens": tier.max_new_tokens, "batch_size": tier.generate_batch,
    }  # fmt: skip


def judged(tier: Tier) -> dict:
    """What the verdicts depend on and the traces do not: whose tokens are counted, and how many may be."""
    return {"student": tier.student.name, "student_revision": revision(tier.student), "max_length": tier.max_length}


def prompt(tokenizer) -> dict:
    """What the teacher is given around a question."""
    return {"prompt": models.chat_prompt(tokenizer, "{question}")}


def refuse_others(folder: Path, made: dict) -> None:
    """Raises ValueError if the folder holds traces that were made otherwise than `made` says."""
    origins.refuse_others(folder, made, "traces", (BATCHES, DATASET))


def begin(folder: Path, made: dict, tokenizer) -> None:
    """Writes how the traces are made, with what is told and not compared: template, machine, versions."""
    if (folder / PROVENANCE).is_file():
        return
    template = digest(json.dumps(tokenizer.chat_template).encode())
    told = {**made, "template": template, "machine": results.machine(), "versions": results.versions()}
    origins.write(folder, told)


def append(folder: Path, rows: list[dict]) -> None:
    """A batch, as one line: it is there whole or not at all. On the disk when this returns."""
    with open(folder / BATCHES, "ab") as file:
        file.write(json.dumps(rows, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def stored(folder: Path) -> list[dict]:
    """The rows of the whole batches. What a kill left of a last one is cut off the file.

    Raises ValueError, with its number, for any other line that cannot be read.
    """
    path = folder / BATCHES
    lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
    rows: list[dict] = []
    for number, line in enumerate(lines, 1):
        try:
            batch = json.loads(line)
        except ValueError as error:
            if number < len(lines):
                raise ValueError(f"{path}, line {number} is damaged: delete {folder}, and begin again") from error
            batch = None
        if batch is None or not line.endswith(b"\n"):
            os.truncate(path, sum(map(len, lines[:-1])))
            break
        rows += batch
    return rows


def as_dataset(rows: list[dict], description: str) -> Dataset:
    """Rows with the columns of `collect` as a dataset that says how it was made; whole gold numbers stay whole."""
    whole = all(isinstance(number, int) for row in rows for number in row["gold"])
    features = Features(
        {
            "question": Value("string"), ANSWER: Value("string"), "gold": List(Value("int64" if whole else "float64")),
            "family": Value("string"), "tokens": Value("int64"), "ended": Value("bool"), "verdict": Value("string"),
        }
    )  # fmt: skip
    return build(rows, features, description)


def build(rows: list[dict], features: Features, description: str) -> Dataset:
    """A dataset with these columns, of no rows too, that carries a description."""
    dataset = Dataset.from_dict({name: [row[name] for row in rows] for name in features}, features)
    dataset.info.description = description
    return dataset


def finish(folder: Path, rows: list[dict], by: dict) -> Dataset:
    """Stores the rows as the folder's dataset, never half written. by: what `judged` said of their verdicts."""
    part = folder / f"{DATASET}.part"
    shutil.rmtree(part, ignore_errors=True)
    with no_bars():
        as_dataset(rows, json.dumps({**provenance(folder), "judged": by})).save_to_disk(str(part))
    shutil.rmtree(folder / DATASET, ignore_errors=True)
    os.replace(part, folder / DATASET)
    return load_from_disk(str(folder / DATASET))


def finished(folder: Path, by: dict) -> Dataset | None:
    """The folder's dataset; None if there is none yet, or if its verdicts depended on something else than `by`."""
    if not (folder / DATASET).is_dir():
        return None
    dataset = load_from_disk(str(folder / DATASET))
    return dataset if provenance(dataset)["judged"] == by else None
