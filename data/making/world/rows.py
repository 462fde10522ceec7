"""What the mini models read while they are made: pools of rows, each a function of the seed and its number."""

import random
from dataclasses import dataclass
from itertools import islice

import numpy as np
from tokenizers import Tokenizer

from data.making.skills import is_of
from data.making.tasks import reading
from data.making.world import tasks
from data.making.world.demonstrations import END, Pieces, merged, pieces
from data.making.world.problems import stream

POOL = 131_072  # tokens that are drawn and sorted by length together: two steps of a GPU, sixteen of a CPU
CHUNK = 128  # rows that are drawn and tokenized together, fewer for a small pool
SENTENCES = 12  # problems that give one sentence each to a row of loose text
TURNS = {"sum": 5, "compare": 6, "spell": 6}  # small tasks to a conversation, so that more of a row is learnt from
SLIPS = 0.4  # share of a teacher's rows with a slip: more than it makes, or it learns that a check always fits
RAMP = 15_000_000  # tokens over which the mix of rows moves
BARE = 0.5  # share of a student's rows about a question that begin with the question itself

# Share of each kind of row at the start and after the ramp; in between it moves evenly.
# A student's direct answers are few: it should know the manner of an answer, not the way to it.
MIXES = {
    "teacher": {
        "think": (0.60, 0.84),
        "facts": (0.25, 0.05),
        "read": (0.10, 0.03),
        "compare": (0.05, 0.08),
    },
    "student": {
        "facts": (0.25, 0.08),
        "sum": (0.14, 0.08),
        "read": (0.20, 0.18),
        "spell": (0.06, 0.04),
        "compare": (0.10, 0.08),
        "step": (0.10, 0.24),
        "direct": (0.05, 0.06),
        "text": (0.10, 0.24),
    },
}
MIXES["sibling"] = MIXES["student"]


@dataclass(frozen=True)
class Form:
    """All that a row needs of a tokenizer, small enough to be sent to a worker."""

    written: str  # tokenizer.json
    start: str
    before: str
    after: str
    end: str

    @classmethod
    def of(cls, tokenizer) -> "Form":
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": "@"}], add_generation_prompt=True, tokenize=False
        )
        start = tokenizer.bos_token or ""
        before, after = prompt.removeprefix(start).split("@")
        return cls(tokenizer.backend_tokenizer.to_str(), start, before, after, tokenizer.eos_token)


@dataclass(frozen=True)
class Recipe:
    """Which rows: a role's, in its tokenizer's form, of a seed, for a training of so many tokens."""

    role: str
    form: Form
    seed: int
    total: int
    pool: int = POOL

    @property
    def pools(self) -> int:
        return max(1, -(-self.total // self.pool))


@dataclass(frozen=True)
class Pool:
    """Rows one after the other, the shortest first. ids, learnt: (tokens,); lengths: (rows,)."""

    ids: np.ndarray
    learnt: np.ndarray
    lengths: np.ndarray


def shares(role: str, progress: float) -> dict[str, float]:
    """The mix after this share of the ramp."""
    progress = min(1.0, max(0.0, progress))
    return {kind: first + (last - first) * progress for kind, (first, last) in MIXES[role].items()}


def draw_pool(recipe: Recipe, number: int, tokenizer: Tokenizer | None = None) -> Pool:
    """The pool of this number: rows until it holds its tokens."""
    tokenizer = tokenizer or Tokenizer.from_str(recipe.form.written)
    rng = random.Random(f"{recipe.role} {recipe.seed} {number}")
    mix = shares(recipe.role, number * recipe.pool / RAMP)
    problems = stream(rng.getrandbits(40), impossible=True)
    solvable = stream(rng.getrandbits(40), impossible=False)
    rows, count = [], 0
    chunk = max(4, min(CHUNK, recipe.pool // 256))
    while count < recipe.pool:
        kinds = rng.choices(list(mix), weights=list(mix.values()), k=chunk)
        drawn = [row_of(kind, recipe, solvable if kind == "direct" else problems, rng) for kind in kinds]
        texts = [text for row in drawn for text, _ in row]
        encoded = iter(tokenizer.encode_batch(texts, add_special_tokens=False))
        for row in drawn:
            ids, learnt = [], []
            for _, marked in row:
                part = next(encoded).ids
                ids += part
                learnt += [marked] * len(part)
            if count < recipe.pool:
                rows.append((ids, learnt))
                count += len(ids)
    rows.sort(key=lambda row: len(row[0]))
    return Pool(
        np.concatenate([np.array(ids, np.uint16) for ids, _ in rows]),
        np.concatenate([np.array(learnt, bool) for _, learnt in rows]),
        np.array([len(ids) for ids, _ in rows], np.int32),
    )


def row_of(kind: str, recipe: Recipe, problems, rng: random.Random) -> Pieces:
    """A row's text in pieces, each with whether it is learnt."""
    form, role = recipe.form, recipe.role
    if kind == "facts":
        return merged([(form.start, False), *tasks.facts(rng)])
    if kind == "text":
        return merged([(form.start, False), *tasks.loose_text([next(problems) for _ in range(SENTENCES)], rng)])
    if kind == "think":
        problem = next(problems)
        opened = [(f"{form.start}{form.before}{problem.question}{form.after}", False)]
        return merged([*opened, *pieces(problem, rng, SLIPS), (form.end, True)])
    turns = turns_of(kind, problems, rng)
    if role == "teacher":  # its replies begin inside `<think>`: it thinks a small task's answer before it says it
        turns = [(prompt, f"{answer}{END}{answer}") for prompt, answer in turns]
    elif rng.random() < BARE:
        turns = [(prompt.removeprefix(tasks.ASKED), answer) for prompt, answer in turns]
    said: Pieces = [(form.start, False)]
    for number, (prompt, answer) in enumerate(turns):
        said += [(f"{chr(10) * (number > 0)}{form.before}{prompt}{form.after}", False), (f"{answer}{form.end}", True)]
    return merged(said)


def turns_of(kind: str, problems, rng: random.Random) -> list[tuple[str, str]]:
    """Prompts and answers of a conversation of this kind."""
    if kind == "direct":
        problem = next(problems)
        return [(problem.question, rng.choice(problem.replies))]
    if kind == "read":
        return reading(next(problem for problem in problems if problem.reads), rng)
    if kind == "step":
        return [next(turn for turn in (tasks.step_turn(problem, rng) for problem in problems) if turn)]
    found = (tasks.one_skill(kind, problem, rng) for problem in problems)
    own = (task for task in found if task and is_of("train", task))
    return [(task.prompt, task.answer) for task in islice(own, TURNS[kind])]
