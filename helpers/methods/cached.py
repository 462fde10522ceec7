"""Logit distillation from a cache, as in notebook 06: the teacher is asked once, and gone before the training."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import torch
from datasets import Dataset
from tqdm.auto import tqdm

from helpers import cache, losses, models, sources
from helpers.cache.encodings import Encoding
from helpers.cache.states import pack, unpack
from helpers.losses.cross_tokenizer import LOGITS
from helpers.losses.head import head_of
from helpers.losses.sparse import stored_cross_entropy
from helpers.methods.logits import Logits, shared, shares
from helpers.training import activations
from helpers.training.method import digest_of, short, teacher_id
from helpers.training.own_loss import OwnLoss, Parts
from helpers.training.rows import Padded

DRAWS = 16  # tokens kept of each of the teacher's distributions


class CachedTrainer(OwnLoss):
    """Trains a student on what a cache (`cache.load`) kept of its teacher's distributions.

    encoding, temperature and vocabulary are what the cache was made with, layers those of the teacher whose states it
    has, in its order. opening and alpha are as LogitTrainer's, the rest as OwnLoss's.
    """

    def __init__(
        self, *arguments, encoding: Encoding, temperature: float, vocabulary: int, opening: int, alpha: float,
        layers: tuple[int, ...] = (), **more,
    ):  # fmt: skip
        collator = WithTargets(more["processing_class"].pad_token_id, encoding, vocabulary, layers)
        super().__init__(*arguments, data_collator=collator, **more)
        self.encoding, self.temperature, self.vocabulary = encoding, temperature, vocabulary
        self.opening, self.alpha, self.layers = opening, alpha, layers

    def parts_of(self, model, inputs, count):
        """As OwnLoss's."""
        labels = inputs["labels"]
        last, ours = self.read(model, inputs)
        loss = self.loss_of(model, last, labels, inputs["target_ids"], inputs["target_weights"], count)
        theirs = [inputs["states"][self.layers.index(layer)] for _, layer in self.pairs]
        if self.signal == "attention":
            theirs = [each[:, None] for each in theirs]  # the mean of the heads was kept
        ours = [activations.learnt(each, labels) for each in ours]
        return Parts(loss, ours, theirs, activations.sizes(labels), count)

    def loss_of(self, model, states, labels, ids, weights, count):
        """The loss on logits. states: (batch, length, width), what the output head is given; count: as `per_token`."""
        head = self.head(model)

        def of_block(states, words, ids, weights, alpha):
            logits = head.logits(states)
            soft = stored_cross_entropy(logits, ids, weights, self.encoding.tail, self.temperature)
            hard = torch.nn.functional.cross_entropy(logits, words, reduction="none")
            return losses.mixed(soft, hard, alpha).sum()

        alpha = shares(labels, self.opening, self.processing_class.eos_token_id, self.alpha)
        given = losses.learnt(states, labels), losses.targets(labels), ids, weights, alpha
        blocks = zip(*(each.split(_tokens(head)) for each in given), strict=True)
        return losses.per_token(losses.in_blocks(of_block, list(blocks)), len(ids), count)


class WithTargets(Padded):
    """A collator: as Padded, and beside it the stored targets of a batch, in the order of its labels.

    It adds target_ids and target_weights, (learnt tokens, n), as `Encoding.decode`; and where states of some layers
    were kept too, states, (layers, learnt tokens, width).
    """

    def __init__(self, pad: int, encoding: Encoding, vocabulary: int, layers: tuple[int, ...] = ()):
        super().__init__(pad)
        self.encoding, self.vocabulary, self.layers = encoding, vocabulary, layers

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        """The batch of some rows."""
        batch = super().__call__(rows)
        found = [self.encoding.decode(row["targets"], row["tokens"], self.vocabulary) for row in rows]
        for name, each in zip(("target_ids", "target_weights"), zip(*found, strict=True), strict=True):
            batch[name] = torch.cat([torch.from_numpy(part) for part in each])
        if self.layers:
            states = [unpack(row["states"], len(self.layers), row["tokens"]) for row in rows]
            # Attention reaches as far as a text is long; beyond it there is nothing in the batch to look at.
            width = max(each.shape[-1] for each in states)
            padded = [torch.nn.functional.pad(each, (0, width - each.shape[-1])) for each in states]
            batch["states"] = torch.cat(padded, dim=1)
        return batch


def targets(
    seed: int, teacher: torch.nn.Module, rows: list[dict], pad: int, vocabulary: int, encoding: Encoding,
    temperature: float, signal: str | None = None, layers: tuple[int, ...] = (),
) -> list[dict]:  # fmt: skip
    """The rows of a cache: what the teacher holds likely, encoded. One pass of the teacher.

    Args:
        seed: of the draws. Same rows and seed, same targets.
        teacher: a causal language model.
        rows: with input_ids and labels.
        pad: the token that fills up.
        vocabulary: how many of the teacher's logits count.
        encoding: how the distributions are kept.
        temperature: of the distributions.
        signal: what is kept beside them of the teacher's inside, as `activations.read`; of attention the heads' mean.
        layers: of which layers.

    Returns:
        The rows, with tokens, how many are learnt, targets, and states where a signal is kept.
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
            blocks = learnt.split(_tokens(head))
            kept = [encoding.keep((head.logits(one) / temperature).softmax(-1), generator) for one in blocks]
            packed = encoding.pack(kept, len(head.weight))
            found.append({**row, "tokens": len(learnt), "targets": packed})
            if signal:
                kept = [activations.learnt(each[i : i + 1], labels[i : i + 1]) for each in inside]
                if signal == "attention":  # to the text's own places, not to those that fill up the batch
                    kept = [each.mean(1)[:, : len(row["input_ids"])] for each in kept]
                found[-1]["states"] = pack(torch.stack(kept))
    return found


def _tokens(head) -> int:
    """How many tokens' logits are held at a time: at 151,936 a token, those of a long text outweigh its teacher."""
    return max(1, LOGITS // len(head.weight))


@dataclass(frozen=True)
class Cached(Logits):
    """As Logits, from a cache.

    Args:
        draws: how many tokens are kept of each of the teacher's distributions.
        encoding: how, a key of `cache.encodings.KINDS`.

    Raises:
        ValueError: for a kind other than "forward", whose gradient alone a few tokens give, and as Logits and
            `cache.Encoding`.
    """

    draws: int = field(default=DRAWS, kw_only=True)
    encoding: str = field(default="draws", kw_only=True)
    name = "cached"
    made_by: ClassVar[type] = CachedTrainer

    def check(self) -> None:
        """As Method's."""
        super().check()
        if self.kind != "forward":
            raise ValueError(f"a cache of draws gives the forward divergence, not {self.kind!r}: use `Logits`")
        cache.Encoding(self.encoding, self.draws)

    @property
    def inside(self) -> tuple:
        """What is kept beside the distributions, as `targets`: a signal and the teacher's layers, or nothing."""
        return ()

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> CachedTrainer:
        """Its trainer. student: (model, tokenizer), loaded if None. teacher: for a cache that is not there yet.

        Raises as `fill`, `models.load_sibling` and `trainer_for`.
        """
        beside = self.beside()
        data, record = self.fill(teacher)
        made_with = {key: record[key] for key in ("temperature", "vocabulary", "opening")}
        return self.trainer_for(
            student or self.student(), data, alpha=self.alpha, encoding=cache.Encoding(self.encoding, self.draws),
            layers=tuple(record.get("layers", ())), **made_with, **beside,
        )  # fmt: skip

    def fill(self, teacher: tuple | None = None) -> tuple[Dataset, dict]:
        """The cache of the teacher's targets and its record: read if it is there, else made.

        teacher: (model, tokenizer), loaded and unloaded if None; not needed where the cache is finished.

        Raises:
            ValueError: as `methods.logits.shared` and `cache.load`.
        """
        tokenizer = models.load_tokenizer(self.tier, self.role)
        record = self.record(tokenizer)
        folder = self.cache_folder(record)
        there = cache.finished(folder)
        if not there:
            model = (teacher or models.load_teacher(self.tier))[0]
            if self.inside and self.inside[0] == "attention":
                model.set_attn_implementation("eager")  # the others never hold it
            try:
                self._make(folder, record, model, tokenizer)
            finally:
                if teacher is None:
                    models.unload(model)
        return cache.load(folder, record, tell=there), record

    def _make(self, folder: Path, record: dict, teacher, tokenizer) -> None:
        encoding, rows = cache.Encoding(self.encoding, self.draws), self.tokens(tokenizer).to_list()
        starts = range(0, len(rows), self.tier.generate_batch)

        def part(i: int) -> list[dict]:
            return targets(
                self.seed * 100_003 + i, teacher, rows[starts[i] : starts[i] + self.tier.generate_batch],
                tokenizer.pad_token_id, record["vocabulary"], encoding, self.temperature, *self.inside,
            )  # fmt: skip

        parts = cache.make(folder, record, len(starts), part)
        for _ in tqdm(parts, desc="targets", total=len(starts), delay=5, leave=False):
            pass

    def record(self, tokenizer) -> dict:
        """What makes the cache what it is: its provenance. tokenizer: the sibling's."""
        tokens = sorted(tokenizer.get_vocab().items())  # which come in another order each time
        sizes = (models.text_config(spec).vocab_size for spec in (self.tier.sibling, self.tier.teacher))
        found = {
            **teacher_id(self.tier),
            "tokenizer": short({"tokens": tokens, "template": tokenizer.chat_template}),
            "prompt": models.chat_prompt(models.load_tokenizer(self.tier, "teacher"), "{question}"),
            "traces": digest_of(self.rows), "encoding": self.encoding, "kept": self.draws,
            "temperature": self.temperature, "max_length": self.tier.max_length, "seed": self.seed,
            "code": sources.code("cache", "cache/encodings", "cache/states", "losses/head"),
            **shared(self.tier, tokenizer, *sizes),
        }  # fmt: skip
        return found | ({"signal": self.inside[0], "layers": list(self.inside[1])} if self.inside else {})

    def cache_folder(self, record: dict) -> Path:
        """Where a cache lies."""
        return self.tier.artifacts / f"cache-{self.seed}-{short(record)}"
