"""Distillation across tokenizers, as in notebook 07.

Teacher and student read one text in their own tokens, and meet chunk by chunk.
"""

import math
import re
from dataclasses import dataclass, field

import torch
from datasets import Dataset

from helpers import alignment, losses, models, traces, training
from helpers.alignment import Alignment, SharedVocabulary
from helpers.losses.chunked import head_of
from helpers.losses.cross_tokenizer import across_hidden
from helpers.methods.logits import hidden_states
from helpers.models.chat import end_of_turn
from helpers.training.method import Method, trainer_of
from helpers.training.own_loss import OwnLoss
from helpers.training.rows import Padded

# What the end of a turn stands for on both sides. No text holds it: its first byte occurs nowhere in UTF-8.
END = b"\xff end of turn"
SHOWN = 5  # of the rows that are left out, so many are named


class CrossTokenizerTrainer(OwnLoss):
    """Trains a student on what a teacher with another tokenizer holds likely (`losses.across`).

    train_dataset: rows as `rows_of` gives them. teacher: a model, asked again at each step. sides: what the two
    tokenizers have to do with each other. alpha, unmatched: as `across_hidden`.
    The loss is the sum over chunks, divided by the student's learnt tokens. Trainer counts those over all micro-batches
    of a step, as `num_items_in_batch`, so a step's gradient is the same however it is cut. By chunks it would be the
    same but for one factor a step: there are some more tokens than chunks.
    The rest as OwnLoss.
    """

    def __init__(self, *arguments, teacher, sides: "Sides", alpha: float = 0.0, unmatched: float = 1.0, **more):
        super().__init__(*arguments, data_collator=BothSides(sides), **more)
        self.teacher, self.teacher_head = teacher.eval(), head_of(teacher)
        pairs = (torch.tensor(ids, device=teacher.device) for ids in (sides.shared.teacher, sides.shared.student))
        self.shared = SharedVocabulary(*pairs, sides.shared.coverage)
        self.alpha, self.unmatched = alpha, unmatched

    def loss_on(self, model, inputs, count):
        chunks, given, theirs = inputs["chunks"], inputs["given"], inputs["teacher"]
        labels, their_labels = inputs["labels"], theirs["labels"]
        with torch.no_grad():
            their_states = hidden_states(self.teacher, read(theirs))
        states = hidden_states(model, read(inputs))
        return self.loss_of(model, states, their_states, labels, their_labels, chunks, given, count)

    def loss_of(self, model, states, their_states, labels, their_labels, chunks, given, count):
        """The loss on logits. states, their_states: (batch, length, width), what the output heads are given."""
        return across_hidden(
            losses.learnt(states, labels), head_of(self.accelerator.unwrap_model(model)), losses.targets(labels),
            losses.learnt(their_states, their_labels), self.teacher_head, losses.targets(their_labels),
            chunks, self.shared, torch.where(given, 1.0, self.alpha), self.unmatched, count,
        )  # fmt: skip


@dataclass(frozen=True)
class Sides:
    """What two tokenizers have to do with each other.

    teacher, student: the tokenizers. ends: the token that ends a turn, the teacher's and the student's. surfaces: of
    the teacher's tokens and of the student's, where the end of a turn stands for END on both sides. shared: the tokens
    that they share, the end of a turn among them.
    """

    teacher: object
    student: object
    ends: tuple[int, int]
    surfaces: tuple[list[bytes], list[bytes]]
    shared: SharedVocabulary


def sides_of(teacher, student) -> Sides:
    """Two tokenizers, their ends of a turn made one. Raises ValueError as `alignment.surfaces` and `end_of_turn`."""
    ends, surfaces = [], []
    for tokenizer in (teacher, student):
        ends.append(end_of_turn(tokenizer))
        surfaces.append(alignment.surfaces(tokenizer))
        surfaces[-1][ends[-1]] = END
    return Sides(teacher, student, tuple(ends), tuple(surfaces), alignment.shared_vocabulary(*surfaces))


def rows_of(messages, sides: Sides, longest: int | None = None) -> list[dict]:
    """Rows of prompt and completion (`traces.messages`) in the tokens of both sides, and aligned.

    input_ids, labels: the student's, from its prompt to the end of its turn; IGNORED where it is not learnt.
    teacher_ids, teacher_labels: the teacher's. teacher_cuts, student_cuts, ends: an Alignment of what is learnt.
    given: at how many chunks the student learns the label alone, because the teacher did not write them: its prompt
    ends with the words with which the answer begins (`<think>`).
    What the template writes behind the end of a turn is left out, for nobody will read it. longest: how many tokens of
    the student's a row may have; a longer one ends, on both sides, with the last chunk that fits.
    A row that cannot be aligned, or of which nothing is left to learn, is left out, and it is printed which (counted
    from 1) and why. Raises ValueError if that is all rows.
    """
    found, left_out, number = [], [], 0
    for number, row in enumerate(messages, 1):
        try:
            found.append(_row(row["prompt"][0]["content"], row["completion"][0]["content"], sides, longest))
        except ValueError as error:
            left_out.append(f"row {number}: {error}")
    if left_out:
        more = [f"and {len(left_out) - SHOWN:,} more"] if len(left_out) > SHOWN else []
        told = "\n".join([f"{len(left_out):,} of {number:,} rows are left out:", *left_out[:SHOWN], *more])
        if not found:
            raise ValueError(told)
        print(told)
    return found


class BothSides:
    """A collator for `rows_of`: the student's batch, and in it the teacher's, the chunks and which are given.

    sizes: how many of the chunks belong to each row.
    """

    def __init__(self, sides: Sides):
        pads = (sides.student.pad_token_id, sides.teacher.pad_token_id)
        self.student, self.teacher = (Padded(pad) for pad in pads)

    def __call__(self, rows: list[dict]) -> dict:
        batch = self.student([{"input_ids": row["input_ids"], "labels": row["labels"]} for row in rows])
        theirs = [{"input_ids": row["teacher_ids"], "labels": row["teacher_labels"]} for row in rows]
        chunks = [chunks_of(row) for row in rows]
        given = [i < row["given"] for row, each in zip(rows, chunks, strict=True) for i in range(len(each))]
        more = {"teacher": dict(self.teacher(theirs)), "chunks": alignment.joined(chunks)}
        return {**batch, **more, "sizes": [len(each) for each in chunks], "given": torch.tensor(given)}


def read(batch: dict) -> dict:
    """What a model is given of a batch."""
    return {name: batch[name] for name in ("input_ids", "attention_mask")}


def chunks_of(row: dict) -> Alignment:
    """The alignment that a row of `rows_of` holds."""
    return Alignment(tuple(row["teacher_cuts"]), tuple(row["student_cuts"]), tuple(row["ends"]))


def _row(question: str, answer: str, sides: Sides, longest: int | None) -> dict:
    """One of `rows_of`. Raises ValueError where there is none."""
    text = alignment.normalised(answer).strip()
    prompt = models.chat_prompt(sides.teacher, question)
    opening = _opening(prompt, text)
    ours = models.prompt_ids(sides.student, question)
    theirs = sides.teacher(prompt[: len(prompt) - len(opening)], add_special_tokens=False).input_ids
    answers = [
        [*_ids(tokenizer, text), end]
        for tokenizer, end in zip((sides.teacher, sides.student), sides.ends, strict=True)
    ]
    spelled = ([side[i] for i in ids] for side, ids in zip(sides.surfaces, answers, strict=True))
    chunks = alignment.align(*spelled)
    if longest is not None:
        chunks = chunks.part(0, sum(len(ours) + cut <= longest for cut in chunks.student[1:]))
        if not chunks:
            raise ValueError(f"of {longest:,} tokens its question takes {len(ours):,}, which leaves nothing to learn")
    theirs_learnt, learnt = answers[0][: chunks.teacher[-1]], answers[1][: chunks.student[-1]]
    begins = (0, *chunks.ends[:-1])
    return {
        "input_ids": ours + learnt, "labels": [losses.IGNORED] * len(ours) + learnt,
        "teacher_ids": theirs + theirs_learnt, "teacher_labels": [losses.IGNORED] * len(theirs) + theirs_learnt,
        "teacher_cuts": chunks.teacher, "student_cuts": chunks.student, "ends": chunks.ends,
        "given": sum(begin < len(opening.encode()) for begin in begins),
    }  # fmt: skip


def _ids(tokenizer, text: str) -> list[int]:
    """The tokens of a text in which the name of a special token (`<|im_end|>`) is a word like any other.

    Only the marks of reasoning stay what they are to a tokenizer that has them as special tokens.
    """

    def ids(part: str, split: bool) -> list[int]:
        return tokenizer(part, add_special_tokens=False, split_special_tokens=split).input_ids

    marks = [mark for mark in ("<think>", "</think>") if ids(mark, True) != ids(mark, False)]
    parts = re.split(f"({'|'.join(marks)})", text) if marks else [text]
    return [i for part in parts for i in ids(part, part not in marks)]


def _opening(prompt: str, text: str) -> str:
    """The longest beginning of the text with which the prompt ends."""
    longest = min(len(prompt), len(text))
    return next((text[:n] for n in range(longest, 0, -1) if prompt.endswith(text[:n])), "")


@dataclass(frozen=True)
class CrossTokenizer(Method):
    """As Method: the student learns the distributions of a teacher whose tokens are not its own.

    alpha: the share of the hard labels. unmatched: the weight of `cross_tokenizer.sorted_distance`.
    Raises ValueError for an alpha outside 0 to 1, for an unmatched that is below 0 or no number, and as Method.
    """

    alpha: float = field(default=0.0, kw_only=True)
    unmatched: float = field(default=1.0, kw_only=True)
    name = "cross-tokenizer"

    def check(self) -> None:
        losses.check_alpha(self.alpha)
        if not 0 <= self.unmatched < math.inf:
            raise ValueError(f"unmatched is {self.unmatched}; it is a weight, 0 or above")

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """A CrossTokenizerTrainer. student, teacher: (model, tokenizer), loaded if None.

        Raises as `sides_of`, `rows_of`, `models.load_student` and `trainer_of`.
        """
        return self.trainer_from(student or self.student(), teacher or models.load_teacher(self.tier),
                                 CrossTokenizerTrainer)  # fmt: skip

    def trainer_from(self, student: tuple, teacher: tuple, made_by, **more):
        """A trainer, CrossTokenizerTrainer or a subclass. more: what the subclass takes."""
        both = sides_of(teacher[1], student[1])
        dataset = Dataset.from_list(rows_of(traces.messages(self.rows), both, self.tier.max_length))
        # The teacher's tokens and the chunks are columns of their own, which Trainer would drop.
        args = training.settings(self.tier, self.seed, self.folder, remove_unused_columns=False)
        return trainer_of(
            made_by, *student, dataset, self.tier, self.seed, args, teacher=teacher[0], sides=both, alpha=self.alpha,
            unmatched=self.unmatched, **more,
        )  # fmt: skip
