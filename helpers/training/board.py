"""A board beside a training in which the student writes: what its answers are like at each step, and when to stop.

A collapse shows in the answers before it shows in the loss, which is a mean over whatever was written: they grow or
shrink, no longer end, are all alike, lose their checks, or leave what the teacher would say.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import TrainerCallback

from helpers import disk
from helpers.training.checkpoints import step_of

BOARD = "board.json"
WINDOW = 5  # steps whose mean a rule looks at: of a step's few answers one alone would trip it
EVERY, MOST = 10, 8  # steps between two checkpoints, at least; and how many there are in a long run
# What is kept of each step, a mean over its tokens or its answers. Of the teacher's answers only those of tokens.
OF_TOKENS, OF_ANSWERS = ("loss", "entropy", "overlap"), ("length", "cut_off", "checks")
MEASURES = OF_TOKENS + OF_ANSWERS


@dataclass(frozen=True)
class Rule:
    """When to stop: the mean of a measure over the last WINDOW steps that the student wrote is out of bounds.

    Args:
        what: one of MEASURES.
        below: the least that it may be, None for no such bound.
        above: the most that it may be, likewise.
        of_start: whether the bounds are multiples of its mean over the first WINDOW of these steps.

    Raises:
        ValueError: for another measure, and for a rule without a bound.
    """

    what: str
    below: float | None = None
    above: float | None = None
    of_start: bool = False

    def __post_init__(self):
        if self.what not in MEASURES:
            raise ValueError(f"the board has no {self.what!r}; it has {', '.join(MEASURES)}")
        if self.below is None and self.above is None:
            raise ValueError(f"the rule about {self.what} has no bound: give `below` or `above`")

    def tripped(self, values: Sequence[float]) -> dict | None:
        """What happened, as plain data; None where nothing did. values: of the steps so far, None where not known."""
        known = [value for value in values if value is not None]
        if len(known) < WINDOW:
            return None
        now, start = (sum(part) / WINDOW for part in (known[-WINDOW:], known[:WINDOW]))
        for side, bound in (("below", self.below), ("above", self.above)):
            limit = None if bound is None else bound * start if self.of_start else bound
            if limit is not None and (now < limit if side == "below" else now > limit):
                return {"what": self.what, "value": round(now, 6), "side": side, "limit": round(limit, 6)}
        return None


# Guesses of what no sound training does; `of_start` is the student's own, so they fit long answers and short ones.
RULES = (
    Rule("cut_off", above=0.5), Rule("length", below=0.4, above=2.5, of_start=True),
    Rule("entropy", below=0.2, above=3.0, of_start=True), Rule("overlap", below=0.6, of_start=True),
    Rule("checks", below=0.4, of_start=True),
)  # fmt: skip


class Board(TrainerCallback):
    """Gathers what a trainer shows it, a row a step, in FOLDER/board.json, and stops the training if a rule trips.

    It has checkpoints made beside those at an epoch's end: at the first step and every EVERY steps. When a rule trips,
    those within the WINDOW that its mean is over are deleted, so the last one of `training.adapters` is from before.

    Args:
        folder: the run's.
        rules: when to stop.
        watch: called with all rows after each step, by the first process: for a picture that grows.

    Attributes:
        rows: of each step plain data: "step", counted from 1; "writer", "student" or "teacher"; MEASURES, None for what
            was not measured; "sample", the beginning of one of the student's answers.
        tripped: None, or "what", "value", "side", "limit", "step" and the checkpoint that was "kept".
        total: sums a tensor over all processes; the trainer sets it.
    """

    def __init__(
        self, folder: Path, rules: Sequence[Rule] = RULES, watch: Callable[[list[dict]], object] | None = None
    ):
        self.folder, self.rules, self.watch = Path(folder), tuple(rules), watch
        self.rows: list[dict] = []
        self.tripped: dict | None = None
        self.total: Callable[[torch.Tensor], torch.Tensor] = lambda sums: sums
        self.begin("teacher")

    def begin(self, writer: str, sample: str | None = None) -> None:
        """A new step, of which nothing was seen yet."""
        self.writer, self.sample = writer, sample
        self.sums = torch.zeros(len(MEASURES), 2, dtype=torch.float64)

    def see(self, what: str, total: float | torch.Tensor, count: int) -> None:
        """A part of a step. total: the sum of a measure over `count` tokens or answers."""
        self.sums[MEASURES.index(what)] += torch.tensor([float(total), count], dtype=torch.float64)

    def on_train_begin(self, args, state, control, **_):
        """Goes on where a killed run was: what was written after its last checkpoint will come again."""
        told = read(self.folder) if state.global_step and (self.folder / BOARD).is_file() else {"steps": []}
        self.rows = [row for row in told["steps"] if row["step"] <= state.global_step]

    def on_step_end(self, args, state, control, **_):
        """Closes the step's row and looks at the rules."""
        sums = self.total(self.sums.to(args.device)).tolist()
        means = {what: round(total / n, 6) if n else None for what, (total, n) in zip(MEASURES, sums, strict=True)}
        self.rows.append({"step": state.global_step, "writer": self.writer, **means, "sample": self.sample})
        own = [row for row in self.rows if row["writer"] == "student"]
        found = (rule.tripped([row[rule.what] for row in own]) for rule in self.rules)
        first = next(filter(None, found), None) if self.writer == "student" else None
        if first:
            self._stop(first | {"step": state.global_step}, own[-WINDOW]["step"], state, control)
        elif state.global_step == 1 or state.global_step % max(EVERY, state.max_steps // MOST) == 0:
            control.should_save = True
        if state.is_world_process_zero:
            told = {"rules": [asdict(rule) for rule in self.rules], "tripped": self.tripped, "steps": self.rows}
            disk.write_whole(self.folder / BOARD, json.dumps(told, ensure_ascii=False) + "\n")
            if self.watch:
                self.watch(self.rows)

    def on_epoch_end(self, args, state, control, **_):
        """What tripped a rule gets no checkpoint at an epoch's end either."""
        if self.tripped:
            control.should_save = False

    def _stop(self, found: dict, since: int, state, control) -> None:
        control.should_training_stop, control.should_save = True, False
        late = [path for path in self.folder.glob("checkpoint-*") if max(1, since - 1) < step_of(path)]
        if state.is_world_process_zero:
            for path in late:
                shutil.rmtree(path, ignore_errors=True)
        there = [path for path in self.folder.glob("checkpoint-*") if path not in late]
        self.tripped = found | {"kept": max(there, key=step_of).name if there else None}
        if state.is_world_process_zero:
            print(
                f"stopped at step {found['step']}: {found['what']}, {found['value']:.3g} over the last {WINDOW} steps "
                f"that the student wrote, is {found['side']} {found['limit']:.3g}; kept: {self.tripped['kept']}"
            )


def read(folder: Path | str) -> dict:
    """The board of a run: "rules", "tripped" and "steps", as Board's.

    Raises:
        FileNotFoundError: if there is none.
    """
    path = Path(folder) / BOARD
    if not path.is_file():
        raise FileNotFoundError(f"there is no board in {folder}: a training in which the student writes has one")
    return json.loads(path.read_text(encoding="utf-8"))
