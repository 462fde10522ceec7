"""Logit distillation from a cache: the teacher is asked once, before the training, and then not needed any more."""

import torch
from trl import SFTTrainer
from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

from helpers import cache, losses
from helpers.losses.chunked import head_of
from helpers.trainers.logits import hidden_states, shares


class CachedTrainer(SFTTrainer):
    """Trains a student on tokens drawn from its teacher's distributions.

    train_dataset: a cache (`cache.load`). draws, temperature, vocabulary: what it was made with.
    opening, alpha: as LogitTrainer. The rest as SFTTrainer.
    """

    def __init__(self, *arguments, draws: int, temperature: float, vocabulary: int, opening: int, alpha: float, **more):
        collator = WithDraws(more["processing_class"].pad_token_id, draws, bits(vocabulary))
        super().__init__(*arguments, data_collator=collator, **more)
        self.temperature, self.vocabulary, self.opening, self.alpha = temperature, vocabulary, opening, alpha

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels, drawn = inputs.pop("labels"), inputs.pop("draws")
        head = head_of(self.accelerator.unwrap_model(model), self.vocabulary)
        logits = head.logits(losses.learnt(hidden_states(model, inputs), labels))
        soft = losses.drawn_cross_entropy(logits, drawn, self.temperature)
        hard = torch.nn.functional.cross_entropy(logits, losses.targets(labels), reduction="none")
        alpha = shares(labels, self.opening, self.processing_class.eos_token_id, self.alpha)
        each = losses.mixed(soft, hard, alpha)
        loss = losses.per_token(each.sum(), len(each), num_items_in_batch)
        return (loss, {}) if return_outputs else loss


class WithDraws:
    """TRL's collator, and beside what it gives the draws of a batch: (learnt tokens, n), in the order of the labels."""

    def __init__(self, pad: int, draws: int, bits: int):
        self.plain = DataCollatorForLanguageModeling(pad_token_id=pad)
        self.draws, self.bits = draws, bits

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        batch = self.plain([{key: row[key] for key in ("input_ids", "labels")} for row in rows])
        drawn = [cache.unpack(row["draws"], row["tokens"], self.draws, self.bits) for row in rows]
        batch["draws"] = torch.cat([torch.from_numpy(each) for each in drawn])
        return batch


def bits(vocabulary: int) -> int:
    """How many bits the highest id needs."""
    return max(1, (vocabulary - 1).bit_length())


def targets(teacher, rows: list[dict], pad: int, vocabulary: int, draws: int, temperature: float, seed: int) -> list:
    """The rows of a cache for rows of input_ids and labels: what the teacher holds likely, drawn.

    One pass of the teacher. Same rows and seed, same draws.
    """
    batch = DataCollatorForLanguageModeling(pad_token_id=pad)(rows)
    labels = batch.pop("labels").to(teacher.device)
    head, generator = head_of(teacher, vocabulary), torch.Generator().manual_seed(seed)
    found = []
    with torch.no_grad():
        states = hidden_states(teacher, {key: value.to(teacher.device) for key, value in batch.items()})
        for row, state, label in zip(rows, states, labels, strict=True):
            logits = head.logits(losses.learnt(state[None], label[None]))
            drawn = cache.draw((logits / temperature).softmax(-1), draws, generator).cpu().numpy()
            packed = cache.pack(drawn, bits(vocabulary))
            found.append({**row, "tokens": len(drawn), "draws": packed})
    return found


def tokenized(messages, tokenizer) -> list[dict]:
    """Rows of prompt and completion (`traces.messages`) as TRL tokenizes them: input_ids and labels.

    Raises ValueError if a whole row does not begin as its prompt: then it is not known where the answer begins.
    """
    found = []
    for row in messages:
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False)
        if whole[: len(prompt)] != prompt:
            raise ValueError("the chat template writes a prompt otherwise once there is an answer behind it")
        found.append({"input_ids": whole, "labels": [losses.IGNORED] * len(prompt) + whole[len(prompt) :]})
    return found
