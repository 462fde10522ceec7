"""What the mini models read while they are made: rows of token ids with the part to learn marked."""

import itertools
import random

import torch

from data.making.demonstrations import demonstration
from data.making.skills import is_of, one_skill
from data.making.tasks import chain, facts, guided, loose_text, reading
from helpers.problems import FAMILIES, draw

POOL = 32  # batches that are drawn and sorted by length together
IGNORED = -100

# Share of each kind of row at the start and at the end of each cycle of training; in between it moves evenly.
# A student's direct answers are few: it should know the manner of an answer, not the way to it.
MIXES = {
    "teacher": {
        "think": (0.50, 0.90, 0.76),
        "facts": (0.50, 0.10, 0.02),
        "compare": (0.00, 0.00, 0.07),
        "read": (0.00, 0.00, 0.15),
    },
    "student": {
        "facts": (0.35, 0.15, 0.03),
        "sum": (0.20, 0.12, 0.04),
        "read": (0.20, 0.18, 0.12),
        "compare": (0.10, 0.08, 0.07),
        "step": (0.05, 0.15, 0.18),
        "chain": (0.00, 0.12, 0.32),
        "direct": (0.05, 0.10, 0.07),
        "text": (0.05, 0.10, 0.17),
    },
}
MIXES["sibling"] = MIXES["student"]
HARD = ("two_kinds", "colors", "ranking", "siblings", "buses")  # families that take longest to learn are drawn twice
TEXTS = 3  # workings that make up a row of loose text
# How a task with a question in it begins, and in what share of a student's rows it does not. Without such rows a
# student never looks up a number that a question begins with, which stands behind no space.
ASKED, BARE = "Read this. ", 0.5
TURNS = {"sum": 5, "compare": 6}  # small tasks to a conversation, so that more of a row is learnt from


def between(shares: tuple[float, ...], cycles: float) -> float:
    """The share after so many cycles, on straight lines between the given ones; the last stays."""
    before = min(int(cycles), len(shares) - 1)
    after = min(before + 1, len(shares) - 1)
    return shares[before] + (shares[after] - shares[before]) * (cycles - int(cycles))


class Rows:
    """Batches for one model, each a function of the seed and its number, so that a killed run goes on exactly."""

    def __init__(self, role: str, tokenizer, seed: int, cycle: int, batch: int):
        self.role, self.tokenizer, self.seed, self.cycle, self.batch = role, tokenizer, seed, cycle, batch
        self.pool_number, self.pool = None, []
        prompt = tokenizer.apply_chat_template(
            [{"role": "user", "content": "@"}], add_generation_prompt=True, tokenize=False
        )
        self.start = tokenizer.bos_token or ""
        self.before, self.after = prompt.removeprefix(self.start).split("@")

    def batch_at(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids and labels of a step, each (rows, tokens), padded on the right.

        Labels are -100 where nothing is learnt.
        """
        number, place = divmod(step, POOL)
        if number != self.pool_number:
            self.pool_number, self.pool = number, self._draw_pool(number)
        rows = self.pool[place]
        width = max(len(ids) for ids, _ in rows)
        ids = torch.full((len(rows), width), self.tokenizer.pad_token_id)
        labels = torch.full((len(rows), width), IGNORED)
        for i, (row, learnt) in enumerate(rows):
            ids[i, : len(row)] = torch.tensor(row)
            labels[i, : len(row)] = torch.tensor(learnt)
        return ids, labels

    def _draw_pool(self, number: int) -> list[list[tuple[list[int], list[int]]]]:
        rng = random.Random(f"{self.role} {self.seed} {number}")
        mix = {kind: between(shares, number * POOL / self.cycle) for kind, shares in MIXES[self.role].items()}
        kinds = rng.choices(list(mix), weights=list(mix.values()), k=POOL * self.batch)
        problems = stream(rng.getrandbits(40), impossible=True)
        solvable = stream(rng.getrandbits(40), impossible=False)
        pieces = [self._pieces(kind, solvable if kind == "direct" else problems, rng) for kind in kinds]
        ids = iter(self.tokenizer([text for row in pieces for text, _ in row], add_special_tokens=False).input_ids)
        rows = []
        for row in pieces:
            tokens, labels = [], []
            for _, learnt in row:
                part = next(ids)
                tokens += part
                labels += part if learnt else [IGNORED] * len(part)
            rows.append((tokens, labels))
        rows.sort(key=lambda row: len(row[0]))
        batches = [rows[i : i + self.batch] for i in range(0, len(rows), self.batch)]
        rng.shuffle(batches)
        return batches

    def _pieces(self, kind: str, problems, rng: random.Random) -> list[tuple[str, bool]]:
        """A row's text in pieces, each with whether it is learnt."""
        if kind == "facts":
            return [(self.start, False), *facts(rng)]
        if kind == "text":
            return [(self.start, False), (loose_text([next(problems) for _ in range(TEXTS)], rng), True)]
        if kind in TURNS:
            tasks = (one_skill(kind, problem, rng) for problem in problems)
            own = (task for task in tasks if is_of("train", task))
            turns = [(task.prompt, self._said(task.answer)) for task in itertools.islice(own, TURNS[kind])]
        else:
            problem = next(problems)
            if kind == "think":
                turns = [(problem.question, demonstration(problem, rng))]
            elif kind == "direct":
                turns = [(problem.question, rng.choice(problem.replies))]
            elif kind == "step":
                turns = guided(problem, rng)
            elif kind == "chain":
                turns = [chain(problem, rng)]
            else:
                turns = [(prompt, self._said(answer)) for prompt, answer in reading(problem, rng)]
        if self.role != "teacher" and rng.random() < BARE:
            turns = [(prompt.removeprefix(ASKED), answer) for prompt, answer in turns]
        pieces = [(self.start, False)]
        for number, (prompt, answer) in enumerate(turns):
            pieces += [
                ("\n" * (number > 0) + self.before + prompt + self.after, False),
                (answer + self.tokenizer.eos_token, True),
            ]
        return pieces

    def _said(self, answer: str) -> str:
        """A small task's answer; the teacher, whose replies begin inside `<think>`, thinks it before it says it."""
        return f"{answer}\n</think>\n\n{answer}" if self.role == "teacher" else answer


def stream(seed: int, impossible: bool):
    """Problems of the train split without end."""
    for number in itertools.count():
        yield from draw("train", 220, f"{seed} {number}", impossible, (*FAMILIES, *HARD))
