"""Logit distillation from a cache: the teacher is asked once, before the training, and then not needed any more."""

import torch
from torch.utils.checkpoint import checkpoint
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from helpers import losses
from helpers.cache.encodings import Encoding
from helpers.cache.states import pack
from helpers.losses.chunked import head_of
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.sparse import stored_cross_entropy
from helpers.trainers import signals
from helpers.trainers.logits import hidden_states, shares
from helpers.trainers.own_loss import OwnLoss


class CachedTrainer(OwnLoss):
    """Trains a student on what a cache kept of its teacher's distributions.

    train_dataset: a cache (`cache.load`). encoding, temperature, vocabulary: what it was made with.
    opening, alpha: as LogitTrainer. The rest as OwnLoss.
    """

    def __init__(
        self, *arguments, encoding: Encoding, temperature: float, vocabulary: int, opening: int, alpha: float, **more
    ):
        collator = WithTargets(more["processing_class"].pad_token_id, encoding, vocabulary)
        super().__init__(*arguments, data_collator=collator, **more)
        self.encoding, self.temperature, self.vocabulary = encoding, temperature, vocabulary
        self.opening, self.alpha = opening, alpha

    def loss_on(self, model, inputs, count):
        labels, ids, weights = (inputs.pop(name) for name in ("labels", "target_ids", "target_weights"))
        return self.loss_of(model, hidden_states(model, inputs), labels, ids, weights, count)

    def loss_of(self, model, states, labels, ids, weights, count):
        """The loss on logits. states: (batch, length, width), what the output head is given; count: as `per_token`."""
        head = head_of(self.accelerator.unwrap_model(model), self.vocabulary)
        alpha = shares(labels, self.opening, self.processing_class.eos_token_id, self.alpha)
        given = losses.learnt(states, labels), losses.targets(labels), ids, weights, alpha
        size = max(1, LOGITS // len(head.weight))
        total = losses.wide(states[:0]).sum()
        # Where the logits of all tokens are too many, those of a block are made again in the backward pass.
        for block in zip(*(each.split(size) for each in given), strict=True):
            if len(ids) > size:
                total = total + checkpoint(self._of_block, head, *block, use_reentrant=False)
            else:
                total = total + self._of_block(head, *block)
        return losses.per_token(total, len(ids), count)

    def _of_block(self, head, states, words, ids, weights, alpha):
        """The sum over some tokens."""
        logits = head.logits(states)
        soft = stored_cross_entropy(logits, ids, weights, self.encoding.tail, self.temperature)
        hard = torch.nn.functional.cross_entropy(logits, words, reduction="none")
        return losses.mixed(soft, hard, alpha).sum()


class WithTargets:
    """TRL's collator, and beside what it gives the stored targets of a batch, in the order of its labels.

    target_ids, target_weights: (learnt tokens, n), as `Encoding.decode`.
    """

    def __init__(self, pad: int, encoding: Encoding, vocabulary: int):
        self.plain = DataCollatorForLanguageModeling(pad_token_id=pad)
        self.encoding, self.vocabulary = encoding, vocabulary

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        batch = self.plain([{key: row[key] for key in ("input_ids", "labels")} for row in rows])
        found = [self.encoding.decode(row["targets"], row["tokens"], self.vocabulary) for row in rows]
        for name, each in zip(("target_ids", "target_weights"), zip(*found, strict=True), strict=True):
            batch[name] = torch.cat([torch.from_numpy(part) for part in each])
        return batch


def targets(
    teacher, rows: list[dict], pad: int, vocabulary: int, encoding: Encoding, temperature: float, seed: int,
    signal: str | None = None, layers: tuple[int, ...] = (),
) -> list[dict]:  # fmt: skip
    """The rows of a cache for rows of input_ids and labels: what the teacher holds likely, encoded.

    signal, layers: what is kept beside it of the teacher's inside, as `signals.read`; of attention the mean over heads.
    One pass of the teacher. Same rows and seed, same targets.
    """
    batch = DataCollatorForLanguageModeling(pad_token_id=pad)(rows)
    labels = batch.pop("labels").to(teacher.device)
    head, generator = head_of(teacher, vocabulary), torch.Generator().manual_seed(seed)
    found = []
    with torch.no_grad():
        given = {key: value.to(teacher.device) for key, value in batch.items()}
        states, inside = signals.read(teacher, given, signal or "hidden", layers)
        for i, row in enumerate(rows):
            learnt = losses.learnt(states[i : i + 1], labels[i : i + 1])
            # Some tokens at a time: at 151,936 logits a token, those of a long text need more memory than its teacher.
            blocks = learnt.split(max(1, LOGITS // len(head.weight)))
            kept = [encoding.keep((head.logits(one) / temperature).softmax(-1), generator) for one in blocks]
            packed = encoding.pack(kept, len(head.weight))
            found.append({**row, "tokens": len(learnt), "targets": packed})
            if signal:
                kept = [signals.learnt(each[i : i + 1], labels[i : i + 1]) for each in inside]
                if signal == "attention":  # to the text's own places, not to those that fill up the batch
                    kept = [each.mean(1)[:, : len(row["input_ids"])] for each in kept]
                found[-1]["states"] = pack(torch.stack(kept))
    return found


def tokenized(messages, tokenizer, longest: int | None = None) -> list[dict]:
    """Rows of prompt and completion (`traces.messages`) as TRL tokenizes them: input_ids and labels.

    longest: how many tokens of a row are kept, from its beginning; None for all. A row of which no learnt token is left
    is dropped, as TRL drops it, and how many those are is printed.
    Raises ValueError if a whole row does not begin as its prompt: then it is not known where the answer begins.
    """
    found = []
    for row in messages:
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False)
        if whole[: len(prompt)] != prompt:
            raise ValueError("the chat template writes a prompt otherwise once there is an answer behind it")
        labels = [losses.IGNORED] * len(prompt) + whole[len(prompt) :]
        found.append({"input_ids": whole[:longest], "labels": labels[:longest]})
    kept = [row for row in found if any(label != losses.IGNORED for label in row["labels"][1:])]
    if len(kept) < len(found):
        print(f"left out: {len(found) - len(kept)} of {len(found)} traces, whose prompt alone fills {longest} tokens")
    return kept
