"""Distillation across tokenizers, as in notebook 07.

Teacher and student read one text in their own tokens, and meet chunk by chunk.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from datasets import Dataset

from helpers import alignment, losses, models, traces
from helpers.alignment import Alignment, SharedVocabulary
from helpers.losses.cross_tokenizer import across_hidden
from helpers.losses.head import head_of
from helpers.losses.hidden import chunk_means
from helpers.models.chat import end_of_turn
from helpers.training import activations
from helpers.training.method import Method
from helpers.training.own_loss import OwnLoss, Parts
from helpers.training.rows import Padded, plain_ids

# What the end of a turn stands for on both sides. No text holds it: its first byte occurs nowhere in UTF-8.
END = b"\xff end of turn"
SHOWN = 5  # of the rows that are left out, so many are named


class CrossTokenizerTrainer(OwnLoss):
    """Trains a student on what a teacher with another tokenizer holds likely (`losses.across`).

    The loss is the sum over chunks, divided by the student's learnt tokens. Trainer counts those over all micro-batches
    of a step, as `num_items_in_batch`, so a step's gradient is the same however it is cut. By chunks it would be the
    same but for one factor a step: there are some more tokens than chunks.

    Its train_dataset has rows as `rows_of` gives them. The teacher is a model, asked again at each step; alpha and
    unmatched are as `across_hidden`, the rest as OwnLoss.
    """

    def __init__(
        self, *arguments, teacher: torch.nn.Module, sides: "Sides", alpha: float = 0.0, unmatched: float = 1.0, **more
    ):
        super().__init__(*arguments, data_collator=BothSides(sides), **more)
        self.teacher, self.teacher_head = teacher.eval(), head_of(teacher)
        pairs = (torch.tensor(ids, device=teacher.device) for ids in (sides.shared.teacher, sides.shared.student))
        self.shared = SharedVocabulary(*pairs, sides.shared.coverage)
        self.alpha, self.unmatched = alpha, unmatched

    def parts_of(self, model, inputs, count):
        """As OwnLoss's; what is matched are the means of the chunks' states."""
        chunks, given = inputs["chunks"], inputs["teacher"]
        labels, their_labels = inputs["labels"], given["labels"]
        their_last, theirs = self.read(self.teacher, given)
        our_last, ours = self.read(model, inputs)
        loss = self.loss_of(model, our_last, their_last, labels, their_labels, chunks, inputs["given"], count)
        ours, theirs = (
            [chunk_means(activations.learnt(each, marks), cuts) for each in side]
            for side, marks, cuts in ((ours, labels, chunks.student), (theirs, their_labels, chunks.teacher))
        )
        # There are fewer chunks than tokens; both losses are divided by the same number.
        return Parts(loss, ours, theirs, inputs["sizes"], sum(activations.sizes(labels)) if count is None else count)

    def loss_of(self, model, states, their_states, labels, their_labels, chunks, given, count, alpha=None):
        """The loss on logits. states, their_states: (batch, length, width), what the output heads are given.

        alpha: the share of the hard labels in this batch, if it is another than the trainer's.
        """
        hard = self.alpha if alpha is None else alpha
        return across_hidden(
            losses.learnt(states, labels), self.head(model), losses.targets(labels),
            losses.learnt(their_states, their_labels), self.teacher_head, losses.targets(their_labels),
            chunks, self.shared, torch.where(given, 1.0, hard), self.unmatched, count,
        )  # fmt: skip


@dataclass(frozen=True)
class Sides:
    """What two tokenizers have to do with each other.

    Args:
        teacher: its tokenizer.
        student: its tokenizer.
        ends: the token that ends a turn, the teacher's and the student's.
        surfaces: of the teacher's tokens and of the student's, where the end of a turn stands for END on both sides.
        shared: the tokens that they share, the end of a turn among them.
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


def rows_of(messages: Iterable[dict], sides: Sides, longest: int | None = None) -> list[dict]:
    """Rows of prompt and completion (`traces.messages`) in the tokens of both sides, and aligned.

    What the template writes behind the end of a turn is left out, for nobody will read it. A row that cannot be
    aligned, or of which nothing is left to learn, is left out, and it is printed which (counted from 1) and why.

    Args:
        messages: rows of prompt and completion.
        sides: the tokenizers.
        longest: how many tokens of the student's a row may have; a longer one ends, on both sides, with the last chunk
            that fits.

    Returns:
        input_ids, labels: the student's, from its prompt to the end of its turn; IGNORED where it is not learnt.
        teacher_ids, teacher_labels: the teacher's. teacher_cuts, student_cuts, ends: an Alignment of what is learnt.
        given: at how many chunks the student learns the label alone, because the teacher did not write them: its prompt
        ends with the words with which the answer begins (`<think>`).

    Raises:
        ValueError: if all rows would be left out.
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

    It gives what Padded gives, of the student; teacher, the same of the teacher; chunks, an Alignment of the whole
    batch; sizes, how many of the chunks belong to each row; given, (chunks,), where the label alone is learnt.
    """

    def __init__(self, sides: Sides):
        self.student = Padded(sides.student.pad_token_id)
        self.teacher = Padded(sides.teacher.pad_token_id, ("teacher_ids", "teacher_labels"))

    def __call__(self, rows: list[dict]) -> dict:
        """The batch of some rows."""
        chunks = [chunks_of(row) for row in rows]
        given = [i < row["given"] for row, each in zip(rows, chunks, strict=True) for i in range(len(each))]
        return {
            **self.student(rows), "teacher": self.teacher(rows), "chunks": alignment.joined(chunks),
            "sizes": [len(each) for each in chunks], "given": torch.tensor(given, dtype=torch.bool),
        }  # fmt: skip


def chunks_of(row: dict) -> Alignment:
    """The alignment that a row of `rows_of` holds."""
    return Alignment(tuple(row["teacher_cuts"]), tuple(row["student_cuts"]), tuple(row["ends"]))


def both_predict(
    student: torch.nn.Module, teacher: torch.nn.Module, row: dict, written: bool = True
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, Alignment]:
    """What both models predict at the tokens of one row's answer, as `cross_tokenizer.across` takes it.

    Args:
        student: a model; its logits are taken without gradients.
        teacher: a model, likewise.
        row: one of `rows_of`.
        written: whether the chunks that the teacher did not write are left out.

    Returns:
        The student's logits (tokens, vocabulary) and its tokens (tokens,), the teacher's, likewise, and the chunks.
    """
    chunks, begin = chunks_of(row), row["given"] if written else 0
    found = []
    for model, ids, labels, cuts in (
        (student, "input_ids", "labels", chunks.student), (teacher, "teacher_ids", "teacher_labels", chunks.teacher)
    ):  # fmt: skip
        with torch.no_grad():
            logits = model(torch.tensor([row[ids]], device=model.device)).logits.float().cpu()
        marks = torch.tensor([row[labels]])
        found += [losses.learnt(logits, marks)[cuts[begin] :], losses.targets(marks)[cuts[begin] :]]
    return *found, chunks.part(begin, len(chunks))


def row_of(
    prompts: tuple[list[int], list[int]], answers: tuple[list[int], list[int]], opening: str, sides: Sides
) -> dict:
    """One of `rows_of`, from the tokens of both sides.

    Args:
        prompts: the teacher's and the student's.
        answers: the teacher's tokens of the answer and the student's, with the end of the turn if it ended.
        opening: what the answer begins with that the teacher did not write.
        sides: the tokenizers.

    Raises:
        ValueError: if the two do not spell the same answer.
    """
    chunks = alignment.align(*([side[i] for i in ids] for side, ids in zip(sides.surfaces, answers, strict=True)))
    (theirs, ours), (their_answer, answer) = prompts, answers
    begins = (0, *chunks.ends[:-1])
    return {
        "input_ids": ours + answer, "labels": [losses.IGNORED] * len(ours) + answer,
        "teacher_ids": theirs + their_answer, "teacher_labels": [losses.IGNORED] * len(theirs) + their_answer,
        "teacher_cuts": chunks.teacher, "student_cuts": chunks.student, "ends": chunks.ends,
        "given": sum(begin < len(opening.encode()) for begin in begins),
    }  # fmt: skip


def shortened(row: dict, most: int) -> dict:
    """A row up to the last of its chunks with which the student learns no more than `most` tokens."""
    chunks = chunks_of(row)
    kept = chunks.part(0, sum(cut <= most for cut in chunks.student[1:]))
    left = {
        name: row[name][: len(row[name]) - cuts[-1] + fewer[-1]]
        for names, cuts, fewer in (
            (("input_ids", "labels"), chunks.student, kept.student),
            (("teacher_ids", "teacher_labels"), chunks.teacher, kept.teacher),
        )
        for name in names
    }
    return row | left | {
        "teacher_cuts": kept.teacher, "student_cuts": kept.student, "ends": kept.ends,
        "given": min(row["given"], len(kept)),
    }  # fmt: skip


def _row(question: str, answer: str, sides: Sides, longest: int | None) -> dict:
    """One of `rows_of`. Raises ValueError where there is none."""
    text = alignment.normalised(answer).strip()
    prompt = models.chat_prompt(sides.teacher, question)
    opening = _opening(prompt, text)
    ours = models.prompt_ids(sides.student, question)
    theirs = sides.teacher(prompt[: len(prompt) - len(opening)], add_special_tokens=False).input_ids
    answers = tuple(
        [*plain_ids(tokenizer, text), end]
        for tokenizer, end in zip((sides.teacher, sides.student), sides.ends, strict=True)
    )
    row = row_of((theirs, ours), answers, opening, sides)
    if longest is not None:
        row = shortened(row, longest - len(ours))
        if not row["ends"]:
            raise ValueError(f"of {longest:,} tokens its question takes {len(ours):,}, which leaves nothing to learn")
    return row


def _opening(prompt: str, text: str) -> str:
    """The longest beginning of the text with which the prompt ends."""
    longest = min(len(prompt), len(text))
    return next((text[:n] for n in range(longest, 0, -1) if prompt.endswith(text[:n])), "")


@dataclass(frozen=True)
class CrossTokenizer(Method):
    """As Method: the student learns the distributions of a teacher whose tokens are not its own.

    Args:
        alpha: the share of the hard labels.
        unmatched: the weight of `cross_tokenizer.sorted_distance`.

    Raises:
        ValueError: for an alpha outside 0 to 1, for an unmatched that is below 0 or no number, and as Method.
    """

    alpha: float = field(default=0.0, kw_only=True)
    unmatched: float = field(default=1.0, kw_only=True)
    name = "cross-tokenizer"
    made_by: ClassVar[type] = CrossTokenizerTrainer

    def check(self) -> None:
        """As Method's."""
        losses.check_alpha(self.alpha)
        if not 0 <= self.unmatched < math.inf:
            raise ValueError(f"unmatched is {self.unmatched}; it is a weight, 0 or above")

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> CrossTokenizerTrainer:
        """Its trainer. student, teacher: (model, tokenizer), loaded if None.

        Raises as `sides_of`, `rows_of`, `models.load_student` and `trainer_for`.
        """
        beside = self.beside()
        student, (other, tokenizer) = student or self.student(), teacher or models.load_teacher(self.tier)
        both = sides_of(tokenizer, student[1])
        dataset = Dataset.from_list(rows_of(traces.messages(self.rows), both, self.tier.max_length))
        return self.trainer_for(
            student, dataset, teacher=other, sides=both, alpha=self.alpha, unmatched=self.unmatched, **beside
        )
