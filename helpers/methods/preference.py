"""Preference tuning: a student learns from pairs of its own right and wrong answers.

The direct preference loss of Rafailov et al. 2023 (arXiv 2305.18290, equation 7), and beside it the negative
log-likelihood of the right answer, as in Pang et al. 2024, "Iterative Reasoning Preference Optimization" (arXiv
2404.19733, section 2).
"""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import torch
from datasets import Dataset
from trl import DPOConfig, DPOTrainer
from trl.trainer.utils import use_adapter

from helpers import losses, models, provenance, training
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.head import head_of
from helpers.tiers import Tier
from helpers.traces import ANSWER
from helpers.traces.filtering import chat, short_enough, tokens_of
from helpers.training import activations
from helpers.training.checkpoints import started
from helpers.training.method import Method, trainer_of

SIDES = ("chosen", "rejected")


class PreferenceTrainer(DPOTrainer):
    """TRL's DPOTrainer: its rows, its batches and its reference, with a loss that never holds the logits of all tokens.

    What TRL 1.14.2 does, and what is done otherwise here:

    - The reference. Of an adapter that a model has already it makes a second, frozen one, "ref", with the same weights,
      and the reference is the model with that. (Only a fresh adapter, asked for with peft_config, has the bare model
      for its reference.) In 4 bits it then rounds the first to bfloat16, and policy and reference would begin apart;
      `trainer_of` gives it its weights back.
    - The logits. It holds those of all tokens, at 262,144 a token many times what the model needs; its own form in
      chunks wants one more package, liger-kernel. Here they are made for some tokens at a time. The value is the same.
    - The likelihood. Its "sft" is a mean over all chosen tokens of a micro-batch, so that cut into other micro-batches
      a step has another gradient. Here each answer has a mean of its own, as the paper has it.
    - The step. It is a mean of the micro-batches' means, in which the pairs of a smaller last one weigh more. Here it
      is the mean over the step's pairs; several processes have as many each, and take the mean of their gradients.

    Args:
        nll: the weight of the negative log-likelihood.
    """

    def __init__(self, *arguments, nll: float, **more):
        super().__init__(*arguments, **more)
        self.nll = nll
        self.model_accepts_loss_kwargs = True  # or Trainer would divide by the number of micro-batches once more

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """As Trainer's: the micro-batches of a step; with the number of their pairs, on this process."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        return batches, sum(len(batch["input_ids"]) // 2 for batch in batches)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """The sum over the pairs of a batch, divided by num_items_in_batch, or by their number if that is None.

        inputs: what TRL's collator gives, the chosen answers first, and then as many rejected ones in their order.
        """
        alone = self.accelerator.unwrap_model(model)
        with torch.no_grad(), models.answering(alone), use_adapter(alone, "ref"):  # answering: without checkpoints
            reference, _ = self.log_probabilities(alone, inputs)
        policy, tokens = self.log_probabilities(model, inputs)
        won, lost = (policy - reference).chunk(2)
        each = -torch.nn.functional.logsigmoid(self.beta * (won - lost))
        each = each - self.nll * (policy / tokens).chunk(2)[0]
        loss = each.sum() / (num_items_in_batch or len(each))
        return (loss, {}) if return_outputs else loss

    def log_probabilities(self, model: torch.nn.Module, inputs: dict) -> tuple[torch.Tensor, torch.Tensor]:
        """Of each answer its log-probability, the sum over its tokens, and how many these are: (answers,) each."""
        labels = inputs["input_ids"].masked_fill(inputs["completion_mask"] == 0, losses.IGNORED)
        given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        states, _ = activations.read(model, given, "hidden", ())
        tokens = torch.tensor(activations.sizes(labels), device=labels.device)
        head, rows = head_of(self.accelerator.unwrap_model(model)), torch.arange(len(labels), device=labels.device)

        def of_block(states, words, rows):
            found = -torch.nn.functional.cross_entropy(head.logits(states), words, reduction="none")
            return found.new_zeros(len(labels)).index_add(0, rows, found)

        parts = losses.learnt(states, labels), losses.targets(labels), rows.repeat_interleave(tokens)
        blocks = zip(*(each.split(max(1, LOGITS // len(head.weight))) for each in parts), strict=True)
        return losses.in_blocks(of_block, list(blocks)), tokens


@dataclass(frozen=True)
class Preference(Method):
    """As Method: an adapter is trained further on pairs of answers that the student with this adapter wrote.

    Args:
        rows: question, chosen and rejected: whole texts from `<think>` on, as `pairs` gives them.
        role: "student", or "sibling".
        start: the folder of the adapter that is trained further. With it the student is the reference too.
        beta: how much a step away from the reference costs, as in the paper.
        nll: the weight of the negative log-likelihood of the chosen answer, a mean over its tokens; 0 for none.

    A micro-batch is of pairs, and so of twice as many texts. The learning rate is that of `tier.lora`, which was chosen
    for a fresh adapter: for one that is there already, take a smaller one.

    Raises:
        ValueError: for another role, a beta that is not above 0, a negative nll, and rows without these columns.
        FileNotFoundError: where there is no adapter in `start`.
    """

    role: str = "student"
    start: Path | str = field(kw_only=True)
    beta: float = field(default=0.1, kw_only=True)
    nll: float = field(default=1.0, kw_only=True)
    name = "preference"
    made_by: ClassVar[type] = PreferenceTrainer

    def check(self) -> None:
        """As Method's."""
        if self.role not in ("student", "sibling"):
            raise ValueError(f"no student called {self.role!r}; choose from student, sibling")
        if not self.beta > 0 or not self.nll >= 0:
            raise ValueError(f"beta is {self.beta} and nll {self.nll}: the one has to be above 0, the other 0 or more")
        there = [] if self.rows is None else self.rows.column_names
        missing = [name for name in ("question", *SIDES) if name not in there]
        if missing:
            raise ValueError(f"the rows have no {', '.join(missing)}: `helpers.methods.preference.pairs` makes them")
        started(self.start)

    def config(self) -> dict:
        """The adapter that it begins with, by its files, and the weights of the loss; no teacher has a part in it."""
        return started(self.start) | {"beta": self.beta, "nll": self.nll}

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> PreferenceTrainer:
        """Its trainer, with the tier's settings. The teacher is not needed.

        student: (model with the adapter of `start`, to be trained, tokenizer), loaded if None.

        Raises:
            ValueError: for a student without an adapter, and as `messages` and `trainer_of`.
            OSError: as `models.load_student`.
        """
        model, tokenizer = student or self.student()
        if not hasattr(model, "peft_config"):
            raise ValueError(f"this student has no adapter: load it with adapter={str(self.start)!r}, trainable=True")
        args = training.settings(
            self.tier, self.seed, self.folder, form=DPOConfig, beta=self.beta, loss_type=["sigmoid"],
            max_length=None,  # what is too long was left out, and nothing is cut
            remove_unused_columns=False,  # the lengths, by which rows are put together
        )  # fmt: skip
        data = messages(self.tier, self.rows, self.role)
        return trainer_of(self.tier, self.seed, self.made_by, model, tokenizer, data, args, nll=self.nll)


def messages(tier: Tier, rows: Dataset, role: str) -> Dataset:
    """Pairs as DPOTrainer has them: prompt, chosen and rejected, a turn each, and length, the longer answer's tokens.

    A pair of which an answer with its prompt has more than tier.max_length tokens, as the role counts, is left out: an
    answer that is cut would be learnt without its end. How many those are is printed, if any.

    Raises:
        ValueError: where none is short enough.
    """
    sized = [
        {**row, "length": max(tokens_of(tier, row["question"], row[side], role) for side in SIDES)} for row in rows
    ]
    found = []
    for row in short_enough(tier, sized, role, lambda row: row["length"], "pairs have an answer of"):
        user, _ = chat(row["question"], "")
        answers = {side: [chat(row["question"], row[side])[1]] for side in SIDES}
        found.append({"prompt": [user], **answers, "length": row["length"]})
    return Dataset.from_list(found)


def pairs(rows: Iterable[dict], most: int, seed: int) -> Dataset:
    """Pairs of a right and a wrong answer to a question, drawn by lot, of the questions that have both.

    Args:
        rows: as `traces.collect` gives them, several to a question; "kept" ones are right, "wrong answer" ones wrong.
        most: how many pairs of a question, at the most. No pair is there twice, and no answer comes twice before
            every other of its side came once.
        seed: of the lot, which each question has for itself: other questions change nothing.

    Returns:
        question, chosen, rejected: in the order of the questions.

    Raises:
        ValueError: for most below 1, and where no question has both.
    """
    if most < 1:
        raise ValueError(f"most is {most}; take 1 pair of a question or more")
    # Not what was cut off: whether it would have become right nobody knows, and the template would put an end behind it
    # that the student did not write. It is as long as an answer can be, too: a pair with it would mostly teach to be
    # short. Nor what has another form: that pair would teach the form, and not the working.
    sides: dict[str, tuple[dict, dict]] = {}
    for row in rows:
        right, wrong = sides.setdefault(row["question"], ({}, {}))  # dictionaries, for each text once and in order
        if row["verdict"] in ("kept", "wrong answer"):
            (right if row["verdict"] == "kept" else wrong)[row[ANSWER]] = None
    found = []
    for question, texts in sides.items():
        lot = random.Random(provenance.seed_of("pairs", seed, question))
        right, wrong = (lot.sample(list(each), len(each)) for each in texts)
        # Round and round on both sides. When both are at their beginnings together, one goes a place further: so all
        # pairs come, each once.
        together = math.lcm(len(right), len(wrong))
        for i in range(min(most, len(right) * len(wrong))):
            chosen, rejected = right[i % len(right)], wrong[(i + i // together) % len(wrong)]
            found.append({"question": question, "chosen": chosen, "rejected": rejected})
    if not found:
        right, wrong = (sum(bool(texts[side]) for texts in sides.values()) for side in (0, 1))
        raise ValueError(
            f"none of the {len(sides):,} questions has both a right and a wrong answer: {right:,} have right ones, "
            f"{wrong:,} wrong ones; take more answers to each, or a higher temperature"
        )
    return Dataset.from_list(found)
