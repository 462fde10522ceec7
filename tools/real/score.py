"""What a real student answers to questions, kept on disk as it comes, and what its answers are like."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm.auto import tqdm

from helpers import evaluation, generation, provenance
from helpers.evaluation.statistics import Estimate, wilson
from helpers.generation.with_transformers import Answer
from helpers.traces import store


def ask(
    folder: Path, load: Callable[[], tuple], questions: Sequence[str], max_new_tokens: int, batch: int, **how
) -> list[dict]:
    """Each question's Answer as a mapping, with the "seconds" it took; every batch is on disk as soon as it is there.

    folder: where they are kept, and where a call that was killed goes on. load: gives (model, tokenizer), called where
    a question is left. how: what else `generation.generate` takes; a batch has its own seed.
    Of two calls at once the second waits. Raises ValueError if the folder holds answers of other settings.
    """
    seed = how.pop("seed", 0)
    made = {"questions": list(questions), "max_new_tokens": max_new_tokens, "batch": batch, "seed": seed, **how}
    with provenance.one_writer(folder):
        provenance.refuse_others(folder, made, "answers", (store.BATCHES,))
        provenance.write(folder, made)
        rows = store.stored(folder)
        if len(rows) < len(questions):
            model, tokenizer = load()
            told = f"answers {folder.parent.name}, {folder.name}"
            with tqdm(total=len(questions), initial=len(rows), desc=told) as bar:
                for start in range(len(rows), len(questions), batch):
                    asked, began = list(questions[start : start + batch]), time.perf_counter()
                    answers = generation.generate(
                        model, tokenizer, asked, max_new_tokens, batch, seed=seed + start, progress=False, **how
                    )
                    each = round((time.perf_counter() - began) / len(asked), 2)
                    store.append(folder, [asdict(answer) | {"seconds": each} for answer in answers])
                    bar.update(len(asked))
        return store.stored(folder)


def answers_of(rows: Sequence[dict]) -> list[Answer]:
    """The answers among what `ask` gave."""
    return [Answer(row["text"], row["tokens"], row["ended"], row["opened"]) for row in rows]


def opens(answer: Answer) -> bool:
    """Whether it begins to reason, as the traces do: with `<think>`."""
    return answer.whole.lstrip().startswith("<think>")


def reasons(answer: Answer) -> bool:
    """Whether it reasons and then answers: `<think>` first, then one `</think>`, and something after it."""
    marks = re.findall("</?think>", answer.whole)
    return opens(answer) and marks == ["<think>", "</think>"] and bool(evaluation.final_answer(answer.whole))


def marks(answers: Sequence[Answer], problems: Sequence) -> dict[str, Estimate | float]:
    """What the answers to some problems are like. Raises ValueError if there are none."""
    n = len(answers)
    return {
        "opens": wilson(sum(map(opens, answers)), n),
        "reasons": wilson(sum(map(reasons, answers)), n),
        "ended": wilson(sum(answer.ended for answer in answers), n),
        "right": evaluation.accuracy(answers, problems),
        "tokens": sum(answer.tokens for answer in answers) / n,
    }
