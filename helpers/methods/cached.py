"""Logit distillation from a cache, as in notebook 06: the teacher is asked once, and gone before the training."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.utils.checkpoint import checkpoint
from tqdm.auto import tqdm

from helpers import cache, losses, models, sources, training
from helpers.cache.encodings import Encoding
from helpers.cache.states import pack
from helpers.losses.chunked import head_of
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.sparse import stored_cross_entropy
from helpers.methods.logits import Logits, hidden_states, in_common, shares
from helpers.tiers import ModelSpec
from helpers.training import activations
from helpers.training.method import digest_of, short, teacher_id, trainer_of
from helpers.training.own_loss import OwnLoss
from helpers.training.rows import Padded

DRAWS = 16  # tokens kept of each of the teacher's distributions


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
    """The plain collator, and beside what it gives the stored targets of a batch, in the order of its labels.

    target_ids, target_weights: (learnt tokens, n), as `Encoding.decode`.
    """

    def __init__(self, pad: int, encoding: Encoding, vocabulary: int):
        self.plain = Padded(pad)
        self.encoding, self.vocabulary = encoding, vocabulary

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        batch = self.plain(rows)
        found = [self.encoding.decode(row["targets"], row["tokens"], self.vocabulary) for row in rows]
        for name, each in zip(("target_ids", "target_weights"), zip(*found, strict=True), strict=True):
            batch[name] = torch.cat([torch.from_numpy(part) for part in each])
        return batch


def targets(
    teacher, rows: list[dict], pad: int, vocabulary: int, encoding: Encoding, temperature: float, seed: int,
    signal: str | None = None, layers: tuple[int, ...] = (),
) -> list[dict]:  # fmt: skip
    """The rows of a cache for rows of input_ids and labels: what the teacher holds likely, encoded.

    signal, layers: what is kept beside it of the teacher's inside, as `activations.read`; of attention the heads' mean.
    One pass of the teacher. Same rows and seed, same targets.
    """
    batch = Padded(pad)(rows)
    labels = batch.pop("labels").to(teacher.device)
    head, generator = head_of(teacher, vocabulary), torch.Generator().manual_seed(seed)
    found = []
    with torch.no_grad():
        given = {key: value.to(teacher.device) for key, value in batch.items()}
        states, inside = activations.read(teacher, given, signal or "hidden", layers)
        for i, row in enumerate(rows):
            learnt = losses.learnt(states[i : i + 1], labels[i : i + 1])
            # Some tokens at a time: at 151,936 logits a token, those of a long text need more memory than its teacher.
            blocks = learnt.split(max(1, LOGITS // len(head.weight)))
            kept = [encoding.keep((head.logits(one) / temperature).softmax(-1), generator) for one in blocks]
            packed = encoding.pack(kept, len(head.weight))
            found.append({**row, "tokens": len(learnt), "targets": packed})
            if signal:
                kept = [activations.learnt(each[i : i + 1], labels[i : i + 1]) for each in inside]
                if signal == "attention":  # to the text's own places, not to those that fill up the batch
                    kept = [each.mean(1)[:, : len(row["input_ids"])] for each in kept]
                found[-1]["states"] = pack(torch.stack(kept))
    return found


@dataclass(frozen=True)
class Cached(Logits):
    """As Logits, from a cache.

    draws: how many tokens are kept of each of the teacher's distributions; encoding: how, a key of
    `cache.encodings.KINDS`. Raises ValueError for a kind other than "forward", whose gradient alone a few tokens give,
    and as Logits and `cache.Encoding`.
    """

    draws: int = field(default=DRAWS, kw_only=True)
    encoding: str = field(default="draws", kw_only=True)
    name = "cached"

    def check(self) -> None:
        super().check()
        if self.kind != "forward":
            raise ValueError(f"a cache of draws gives the forward divergence, not {self.kind!r}: use `Logits`")
        cache.Encoding(self.encoding, self.draws)

    @property
    def inside(self) -> tuple:
        """What is kept beside the distributions, as `targets`: a signal and the teacher's layers, or nothing."""
        return ()

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """A CachedTrainer. student: (model, tokenizer), loaded if None. teacher: for a cache that is not there yet.

        Raises as `fill`, `models.load_sibling` and `trainer_of`.
        """
        data, record = self.fill(teacher)
        return self.trainer_from(data, record, student, CachedTrainer)

    def trainer_from(self, data, record: dict, student: tuple | None, made_by, **more):
        """A trainer, CachedTrainer or a subclass, for a cache and its record. more: what the subclass takes."""
        model, tokenizer = student or self.student()
        # The targets are a column of their own, which Trainer would drop.
        args = training.settings(self.tier, self.seed, self.folder, remove_unused_columns=False)
        made_with = {key: record[key] for key in ("temperature", "vocabulary", "opening")}
        return trainer_of(
            made_by, model, tokenizer, data, self.tier, self.seed, args, alpha=self.alpha,
            encoding=cache.Encoding(self.encoding, self.draws), **made_with, **more,
        )  # fmt: skip

    def fill(self, teacher: tuple | None = None):
        """The cache of the teacher's targets and its record: read if it is there, else made.

        teacher: (model, tokenizer), loaded and unloaded if None; not needed where the cache is finished.
        Raises ValueError as `in_common` and `cache.load`.
        """
        encoding, tokenizer = cache.Encoding(self.encoding, self.draws), models.load_tokenizer(self.tier, self.role)
        record = self.record(tokenizer)
        folder = self.cache_folder(record)
        there = cache.finished(folder)
        if not there:
            model = (teacher or models.load_teacher(self.tier))[0]
            if self.inside and self.inside[0] == "attention":
                model.set_attn_implementation("eager")  # the others never hold it
            sequences, size = self.tokens(tokenizer).to_list(), self.tier.generate_batch
            starts, pad = range(0, len(sequences), size), tokenizer.pad_token_id

            def part(i: int) -> list[dict]:
                return targets(
                    model, sequences[starts[i] : starts[i] + size], pad, record["vocabulary"], encoding,
                    self.temperature, self.seed * 100_003 + i, *self.inside,
                )  # fmt: skip

            try:
                with tqdm(total=len(starts), desc="targets", delay=5, leave=False) as bar:
                    for _ in cache.make(folder, record, len(starts), part):
                        bar.update()
            finally:
                if teacher is None:
                    models.unload(model)
        return cache.load(folder, record, tell=there), record

    def record(self, tokenizer) -> dict:
        """What makes the cache what it is: its provenance. tokenizer: the sibling's."""
        other = models.load_tokenizer(self.tier, "teacher")
        tokens = sorted(tokenizer.get_vocab().items())  # which come in another order each time
        found = {
            **teacher_id(self.tier),
            "tokenizer": short({"tokens": tokens, "template": tokenizer.chat_template}),
            "prompt": models.chat_prompt(other, "{question}"),
            "traces": digest_of(self.rows), "encoding": self.encoding, "kept": self.draws,
            "temperature": self.temperature, "max_length": self.tier.max_length, "seed": self.seed,
            "code": sources.code("cache", "cache/encodings", "cache/states", "losses/chunked"),
            **in_common(other, tokenizer, *map(vocabulary_of, (self.tier.teacher, self.tier.sibling))),
        }  # fmt: skip
        return found | ({"signal": self.inside[0], "layers": list(self.inside[1])} if self.inside else {})

    def cache_folder(self, record: dict) -> Path:
        """Where a cache lies."""
        return self.tier.artifacts / f"cache-{self.seed}-{short(record)}"


def vocabulary_of(spec: ModelSpec) -> int:
    """How many logits a model gives, as its settings say: its weights stay where they are."""
    return models.text_config(spec).vocab_size
