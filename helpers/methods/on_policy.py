"""On-policy distillation: the student writes, and the teacher grades each token of what it wrote.

Agarwal et al. 2023, "On-Policy Distillation of Language Models" (arXiv 2306.13649), algorithm 1: a share λ of the
batches is the student's, no gradient goes through the sampling, and the divergence may look either way.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import torch

from helpers import losses, models
from helpers.evaluation.checks import has_check
from helpers.losses.outlook import entropies, overlaps
from helpers.losses.unlikely import unlikely
from helpers.methods.logits import LogitTrainer, shared, shares
from helpers.training import Run, activations, writing
from helpers.training.board import RULES, Board, Rule
from helpers.training.checkpoints import started
from helpers.training.method import Method, once
from helpers.training.own_loss import OwnLoss, Parts

SHOWN = 600  # letters of an answer that the board keeps


class Writes:
    """What a trainer needs for its student to write: before a trainer of any of the losses among the bases of a class.

    The answers of all micro-batches of a step are written before its first loss, by the student as it then is. So the
    learnt tokens by which Trainer divides are those that were written. Seeds go by the run, the step and the row.

    Args:
        lam: λ, the share of the steps whose answers the student writes; in the others they are the rows' own.
        first: which share of each answer is learnt, from its beginning.
        mouth: the tokens of the teacher's prompt behind the student's (`<think>`): the student's answer begins with
            them too, since behind another beginning the teacher never answered. Each is learnt by its label.
        limits: after how many tokens an answer is cut off, and of how many the longest row is.
        at_a_time: how many answers are written at a time.
        board: sees what is written.
    """

    def __init__(
        self, *arguments, lam: float, first: float, mouth: list[int], limits: tuple[int, int], at_a_time: int,
        board: Board, **more,
    ):  # fmt: skip
        super().__init__(*arguments, **more)
        self.lam, self.first, self.mouth, self.limits, self.at_a_time = lam, first, mouth, limits, at_a_time
        self.collate, self.data_collator = self.data_collator, _as_they_are
        self.board, board.total = board, partial(self.accelerator.reduce, reduction="sum")
        self.add_callback(board)

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """As Trainer's, of what is written; the learnt tokens are counted only then."""
        found, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        parts = [part["rows"] for part in found]
        rows = [row for part in parts for row in part]
        own = writing.own_turn(self.state.global_step, self.lam)
        made = iter([self.begun(row) for row in (self.answered(rows) if own else self.given(rows))])
        batches = [{**self.collate([next(made) for _ in part]), "own": own} for part in parts]
        return batches, self._get_num_items_in_batch(batches, device).clamp_min(1)  # a step may have nothing to learn

    def given(self, rows: Sequence[dict]) -> Sequence[dict]:
        """The rows of a step that the student does not write."""
        self.board.begin("teacher")
        return rows

    def answered(self, rows: Sequence[dict]) -> list[dict]:
        """The rows with the student's answers in the place of their own."""
        prompts = [[*question_of(row), *self.mouth] for row in rows]
        seeds = [writing.seed_of(self.args.seed, self.state.global_step, row["input_ids"]) for row in rows]
        tokenizer, (longest, _) = self.processing_class, self.limits
        vocabulary = self.vocabulary or len(tokenizer)
        with self.compute_loss_context_manager():  # in the precision in which it learns
            answers = writing.write(self.model, tokenizer, prompts, seeds, longest, self.at_a_time, vocabulary)
        texts = [tokenizer.decode(answer.ids) for answer in answers]
        self.board.begin("student", texts[0][:SHOWN] if texts else None)
        for what, each in (
            ("length", (len(answer.ids) for answer in answers)), ("cut_off", (not answer.ended for answer in answers)),
            ("checks", map(has_check, texts)),
        ):  # fmt: skip
            self.board.see(what, sum(each), len(answers))
        return [self.own_row(row, answer) for row, answer in zip(rows, answers, strict=True)]

    def own_row(self, row: dict, answer: writing.Written) -> dict:
        """A row with an answer that the student wrote."""
        question, (_, most) = question_of(row), self.limits
        ids = [*question, *self.mouth, *answer.ids]
        labels = [losses.IGNORED] * len(question) + ids[len(question) :]
        return row | {"input_ids": ids[:most], "labels": labels[:most]}

    def begun(self, row: dict) -> dict:
        """A row up to where its answer is no longer learnt: what stands behind that need not be read either."""
        end = writing.beginning(row["labels"], self.first, losses.IGNORED)
        return row | {name: row[name][:end] for name in ("input_ids", "labels")}

    def show(self, loss, count, **measures: torch.Tensor) -> None:
        """Shows the board a batch. loss: divided by count; measures: of each token."""
        tokens = len(measures["entropy"])
        self.board.see("loss", loss.detach() * (max(tokens, 1) if count is None else count), tokens)
        for what, each in measures.items():
            self.board.see(what, each.sum(), len(each))


class OnPolicyTrainer(Writes, LogitTrainer):
    """Trains a student on its teacher's whole distribution at each token that the student wrote.

    What the student wrote is no hard label: alpha counts where the teacher wrote.
    """

    def parts_of(self, model, inputs, count):
        """As OwnLoss's; nothing inside is matched."""
        labels = inputs["labels"]
        theirs, ours = (self.read(one, inputs)[0] for one in (self.teacher, model))
        loss = self.loss_of(model, ours, theirs, labels, count, 0.0 if inputs["own"] else None)
        seen, head = losses.learnt(ours, labels), self.head(model)
        other = losses.learnt(theirs, labels)
        self.show(loss, count, entropy=entropies(seen, head), overlap=overlaps(seen, head, other, self.teacher_head))
        return Parts(loss, [], [], activations.sizes(labels), count)


class WithoutTeacherTrainer(Writes, OwnLoss):
    """The control: no teacher is asked, and what the student wrote against its own odds is pushed down (`unlikely`)."""

    def __init__(self, *arguments, below: float, vocabulary: int, opening: int, **more):
        super().__init__(*arguments, **more)
        self.below, self.vocabulary, self.opening = below, vocabulary, opening

    def parts_of(self, model, inputs, count):
        """As OwnLoss's."""
        labels = inputs["labels"]
        states, head = losses.learnt(self.read(model, inputs)[0], labels), self.head(model)
        wrote = shares(labels, self.opening, self.processing_class.eos_token_id, 0.0) == 0  # what it wrote itself
        size = len(states) if count is None else count
        loss = unlikely(states[wrote], head, losses.targets(labels)[wrote], self.below, size)
        self.show(loss, count, entropy=entropies(states, head))
        return Parts(loss, [], [], activations.sizes(labels), count)


def _as_they_are(rows: list[dict]) -> dict:
    return {"rows": rows}


def question_of(row: dict, side: str = "") -> list[int]:
    """The tokens before what is learnt of a row. side: "teacher_" for those of the teacher's own, across tokenizers."""
    labels = row[f"{side}labels"]
    begin = next((place for place, label in enumerate(labels) if label != losses.IGNORED), len(labels))
    return row["teacher_ids" if side else "input_ids"][:begin]


@dataclass(frozen=True)
class OnPolicy(Method):
    """As Method: the sibling writes answers to the traces' questions and learns what its teacher holds likely in them.

    Args:
        start: the folder of an adapter that is trained further; a fresh one if None. A student that cannot end an
            answer yet learns little from its own.
        lam: λ, the share of the steps whose answers the student writes; in the others they are the traces.
        direction: "forward" or "reverse" of `losses.each_divergence`.
        alpha: the share of the hard labels where the teacher wrote.
        first: which share of each answer's tokens is learnt, from its beginning; 1 for all.
        control: a probability: no teacher is asked, and tokens of the student's own that it held for less likely are
            pushed down (`losses.unlikely`); None for the distillation itself.
        temperature: of both distributions in the divergence. What is sampled is sampled at 1.
        rules: when the board stops the training.

    Raises:
        ValueError: for one of them that is none, or that would have no effect beside another; and as Method.
        FileNotFoundError: for a start without an adapter.
    """

    start: Path | str | None = field(default=None, kw_only=True)
    lam: float = field(default=1.0, kw_only=True)
    direction: str = field(default="forward", kw_only=True)
    alpha: float = field(default=0.0, kw_only=True)
    first: float = field(default=1.0, kw_only=True)
    control: float | None = field(default=None, kw_only=True)
    temperature: float = field(default=1.0, kw_only=True)
    rules: tuple[Rule, ...] = field(default=RULES, kw_only=True)
    name = "on-policy"
    role = "sibling"

    @property
    def made_by(self) -> type:
        """As Method's."""
        return OnPolicyTrainer if self.control is None else WithoutTeacherTrainer

    def check(self) -> None:
        """As Method's."""
        if self.direction not in ("forward", "reverse"):
            raise ValueError(f"there is no direction {self.direction!r}; choose from forward, reverse")
        losses.check(1, 1, self.direction, self.temperature, 0.5)
        losses.check_alpha(self.alpha)
        if not 0 <= self.lam <= 1:
            raise ValueError(f"lam is {self.lam}; it is the share of the steps that the student writes, from 0 to 1")
        if not 0 < self.first <= 1:
            raise ValueError(f"first is {self.first}; it is the share of an answer that is learnt, above 0 to 1")
        if self.alpha and self.lam == 1:
            raise ValueError("alpha counts where the teacher wrote, and with lam=1 it never does: choose a smaller lam")
        if self.control is not None and not 0 < self.control <= 1:
            raise ValueError(f"control is {self.control}; it is a probability, above 0 and at most 1")
        if self.control is not None and self.lam < 1:
            raise ValueError("the control looks at the student's own words alone: it needs lam=1")

    def config(self) -> dict:
        """As Method's; of the start its weights count, not where they lie."""
        own = super().config() | {"rules": [asdict(rule) for rule in self.rules], "tokens": self.tier.answer_tokens}
        return own | {"start": None} | started(self.start)

    def run(self, watch: Callable[[list[dict]], object] | None = None) -> Run:
        """As Method's. watch: as Board's."""

        def begin():
            trainer = self.trainer()
            trainer.board.watch = watch
            return trainer

        return once(self.folder, begin)

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> Writes:
        """Its trainer. student, teacher: (model, tokenizer), loaded if None; as a control it needs no teacher.

        Raises as `Logits.trainer`.
        """
        model, tokenizer = student or self.student()
        size = len(model.get_output_embeddings().weight)
        if self.control is None:
            other, _ = teacher or models.load_teacher(self.tier)
            how = shared(self.tier, tokenizer, size, len(other.get_output_embeddings().weight))
            more = {"teacher": other, "kind": self.direction, "temperature": self.temperature, "alpha": self.alpha}
        else:
            how = shared(self.tier, tokenizer, size, models.text_config(self.tier.teacher).vocab_size)
            more = {"below": self.control}
        prompt = models.prompt_ids(models.load_tokenizer(self.tier, "teacher"), "How many?")
        mouth = prompt[len(prompt) - how["opening"] :]
        return self.trainer_for(
            (model, tokenizer), self.tokens(tokenizer), mouth=mouth, **how, **more, **self.writes()
        )

    def writes(self) -> dict:
        """What Writes takes, but for the student's opening words."""
        tier = self.tier
        return {
            "lam": self.lam, "first": self.first, "limits": (tier.answer_tokens, tier.max_length),
            "at_a_time": tier.answer_batch, "board": Board(self.folder, self.rules),
        }  # fmt: skip
