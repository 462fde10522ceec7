"""Quantization-aware distillation, as in notebook 11: a model teaches itself in fewer bits.

The student is the model with its linear layers rounded; it learns the distributions of the same model, whole: forward
KL at temperature 1, as in "Quantization-Aware Distillation for NVFP4 Inference Accuracy Recovery" (arXiv 2601.20088).
It begins at the model rounded after its training, as "What Makes Low-Bit Quantization-Aware Training Work for Reasoning
LLMs?" (arXiv 2601.14888) finds best.
"""

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

from safetensors.torch import load_file
from torch.nn.utils import parametrize

from helpers import losses, models, provenance, quantization, training
from helpers.losses.chunked import chunked_divergence
from helpers.methods.logits import LogitTrainer
from helpers.methods.on_policy import OnPolicyTrainer
from helpers.quantization import Format
from helpers.training import activations, method
from helpers.training.board import RULES, Board
from helpers.training.checkpoints import is_whole, step_of
from helpers.training.method import Method, trainer_of
from helpers.training.own_loss import OwnLoss, Parts

WEIGHTS = "model.safetensors"  # of a checkpoint of a whole model


class QuantizedTrainer(LogitTrainer):
    """As LogitTrainer, for a student that is its teacher in fewer bits: the teacher knows each token that is learnt."""

    def loss_of(self, model, ours, theirs, labels, count, alpha=None):
        """As LogitTrainer's, with one share of the hard labels for all tokens."""
        alpha = self.alpha if alpha is None else alpha
        ours, theirs = losses.learnt(ours, labels), losses.learnt(theirs, labels)
        words = losses.targets(labels) if alpha else None
        return chunked_divergence(
            ours, self.head(model), theirs, self.teacher_head, **self.form, labels=words, alpha=alpha, count=count
        )


class OwnTextTrainer(OnPolicyTrainer, QuantizedTrainer):
    """As OnPolicyTrainer; the weights stay as they are while an answer is written, and are rounded once."""

    def answered(self, rows):
        """As Writes'."""
        with parametrize.cached():
            return super().answered(rows)


class LabelTrainer(OwnLoss):
    """The rival, quantization-aware training without a teacher: the words of the texts alone are learnt."""

    def parts_of(self, model, inputs, count):
        """As OwnLoss's."""
        labels = inputs["labels"]
        ours, head = losses.learnt(self.read(model, inputs)[0], labels), self.head(model)
        words = losses.targets(labels)
        # Against itself nothing is soft; with alpha 1 what is left is the cross-entropy, in chunks.
        loss = chunked_divergence(ours, head, ours.detach(), head, labels=words, alpha=1.0, count=count)
        return Parts(loss, [], [], activations.sizes(labels), count)


@dataclass(frozen=True)
class QuantizationAware(Method):
    """As Method: a student of the tier in few bits learns from the same student, whole; `tier.teacher` plays no part.

    All weights are trained, through their rounding (`quantization.fake`); or, with `adapter`, the rounded ones are
    frozen and an adapter in 16 bits is trained beside them, which then stays. Both begin at the model rounded once.
    A model of one's own is a tier's as well: `replace(tier, sibling=ModelSpec(folder))`.

    Args:
        role: "student", or "sibling".
        format: of the student's linear layers.
        alpha: the share of the hard labels in the loss; with 1 no teacher is asked.
        adapter: whether an adapter is trained and not the weights.
        lam: the share of the steps whose texts the student writes itself (`methods.OnPolicy`).
        direction: "forward" or "reverse" of `losses.each_divergence`.
        rate: the learning rate; the tier's for an adapter, and a tenth of it for whole weights, if None.

    Raises:
        ValueError: for one of them that is none, or that would have no effect beside another; and as Method.
    """

    role: str = "student"
    format: Format = field(default=Format(4), kw_only=True)
    alpha: float = field(default=0.0, kw_only=True)
    adapter: bool = field(default=False, kw_only=True)
    lam: float = field(default=0.0, kw_only=True)
    direction: str = field(default="forward", kw_only=True)
    rate: float | None = field(default=None, kw_only=True)
    name = "quantized"
    changes: ClassVar[dict] = {}  # of `training.settings`, where a subclass wants others

    @property
    def made_by(self) -> type:
        """As Method's."""
        if self.lam:
            return OwnTextTrainer
        return LabelTrainer if self.alpha == 1 else QuantizedTrainer

    def check(self) -> None:
        """As Method's."""
        if self.role not in ("student", "sibling"):
            raise ValueError(f"no student called {self.role!r}; choose from student, sibling")
        if self.direction not in ("forward", "reverse"):
            raise ValueError(f"there is no direction {self.direction!r}; choose from forward, reverse")
        losses.check_alpha(self.alpha)
        if not 0 <= self.lam <= 1:
            raise ValueError(f"lam is {self.lam}; it is the share of the steps that the student writes, from 0 to 1")
        if self.lam and self.alpha:
            raise ValueError("what the student wrote is no hard label: leave alpha at 0 beside lam")
        if self.format.kind == "hqq" and not self.adapter:
            raise ValueError("hqq rounds once: choose another kind, or adapter=True, which leaves the weights alone")
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate is {self.rate}; it must be above 0")

    def config(self) -> dict:
        """As Method's; the teacher is the student, whose name and digest are in the folder's name already."""
        # Asked as of a tier whose teacher it is: that of the tier may not be there (`make real` has only its answers).
        itself = replace(self, tier=replace(self.tier, teacher=getattr(self.tier, self.role)))
        own = super(QuantizationAware, itself).config() | {"teacher": "itself", "rate": self.learning_rate}
        return own | ({"tokens": self.tier.answer_tokens} if self.lam else {})

    @property
    def learning_rate(self) -> float:
        """What `rate` comes to."""
        return self.rate if self.rate is not None else self.tier.lora.learning_rate * (1 if self.adapter else 0.1)

    def student(self) -> tuple:
        """(model, tokenizer), whole and never through Unsloth, whose kernels read weights past their rounding."""
        load = models.load_sibling if self.role == "sibling" else models.load_student
        return load(replace(self.tier, engine="transformers"), four_bit=False)

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> OwnLoss:
        """Its trainer. student, teacher: (model, tokenizer), both whole; loaded if None.

        Raises:
            ValueError: as `quantization.fake` and `trainer_of`.
        """
        model, tokenizer = student or self.student()
        more = {} if self.made_by is LabelTrainer else self._beside(teacher or self.student())
        rows = self.tokens(tokenizer)
        changes = {"learning_rate": self.learning_rate, "remove_unused_columns": False} | self.changes
        if self.adapter:
            args = training.settings(self.tier, self.seed, self.folder, **changes)
            model = quantization.rounded(model, self.format)
            return trainer_of(self.tier, self.seed, self.made_by, model, tokenizer, rows, args, **more)
        # A checkpoint has all weights and twice as much of the optimizer's: kept are the last one and the one that is
        # written. The board, which goes back behind a collapse, keeps its own.
        args = training.settings(
            self.tier, self.seed, self.folder, save_total_limit=None if self.lam else 2, **changes
        )
        problems = cache(lambda: method.validation_problems(self.tier))

        def score(model):
            with parametrize.cached():  # rounded once for all of its answers
                return method.right_answers(self.tier, model, tokenizer, problems)

        if not len(rows):
            raise ValueError("there are no texts to learn from: see with `traces.verify` why none was kept")
        from helpers.training.callbacks import Validation  # not at the top: it stands on transformers

        steps = -(-len(rows) // self.tier.batch_size)
        with provenance.no_bars():
            trainer = self.made_by(
                model=quantization.fake(model, self.format), args=args, train_dataset=rows, processing_class=tokenizer,
                callbacks=[Validation(score, -(-method.BETWEEN // steps))], **more,
            )  # fmt: skip
        method.keep_float32(trainer.model)
        return trainer

    def _beside(self, teacher: tuple) -> dict:
        """What the trainer takes beside the student. teacher: the whole model."""
        whole, tier = teacher[0].requires_grad_(False), self.tier
        more = {"teacher": whole, "vocabulary": len(whole.get_output_embeddings().weight), "kind": self.direction}
        if not self.lam:
            return more | {"alpha": self.alpha}
        return more | {
            "lam": self.lam, "first": 1.0, "mouth": [], "limits": (tier.answer_tokens, tier.max_length),
            "at_a_time": tier.answer_batch, "board": Board(self.folder, RULES),
        }  # fmt: skip

    def untaught(self) -> tuple:
        """(model, tokenizer) before the lessons: rounded once, after its training (PTQ). In evaluation mode."""
        model, tokenizer = self.student()
        return quantization.rounded(model, self.format), tokenizer

    def taught(self) -> tuple:
        """(model, tokenizer) after `run`: the weights are the rounded ones; with its adapter if it has one.

        Raises:
            FileNotFoundError: where the training is not finished.
            ValueError: for a checkpoint of another model.
        """
        training.read(self.folder)
        if self.adapter:
            from peft import PeftModel

            model, tokenizer = self.untaught()
            return PeftModel.from_pretrained(model, training.adapters(self.folder)[-1]).eval(), tokenizer
        model, tokenizer = self.student()
        model = quantization.fake(model.float(), self.format)
        found = load_file(_last(self.folder) / WEIGHTS)
        missing, other = model.load_state_dict(found, strict=False)
        known = {name for name, one in model.named_parameters(remove_duplicate=False)
                 if one is model.get_input_embeddings().weight}  # fmt: skip
        if other or set(missing) - known:
            raise ValueError(f"the checkpoint holds another model: {[*missing, *other][:3]}")
        return quantization.settled(model).eval(), tokenizer


def _last(folder: Path) -> Path:
    """The last whole checkpoint that a training of whole weights left."""
    found = [path for path in sorted(folder.glob("checkpoint-*"), key=step_of) if is_whole(path)]
    if not found:
        raise FileNotFoundError(f"there is no checkpoint in {folder}: run the method again")
    return found[-1]
