"""What is measured of a tier: traces, a cache, a training step of every method, the exam. Each gives its figures.

The functions, settings and batches are the tier's own. A text is as long as the tier lets it be. Of a long text the
first and the last tokens are written, not those between: memory is largest at the end, and a token takes the longer,
evenly, the more stand before it.
"""

import json
import math
import time
from dataclasses import replace
from unittest import mock

import torch
from transformers import TrainerCallback

from helpers import generation, models
from helpers.cache import Encoding
from helpers.models import unsloth
from helpers.tiers import ROOT, Tier
from measure import steps, texts, writing
from measure.methods import METHODS

MICRO_BATCHES, STEPS = 2, 3  # of a training: the first step warms up and is looked at, the others are timed


def traces(tier: Tier, card, whole: bool = False) -> dict:
    """The teacher writes `generate_batch` traces of `max_new_tokens`. whole: every token of them."""
    model, tokenizer = models.load_teacher(tier)
    try:
        sampling = {name: getattr(tier.sampling, name) for name in ("temperature", "top_p", "top_k")}
        return writing.written(model, tokenizer, tier.generate_batch, tier.max_new_tokens, card, whole, **sampling)
    finally:
        generation.unload(model)


def exam(tier: Tier, card, whole: bool = False) -> dict:
    """The student, in 4 bits with an adapter, writes `answer_batch` answers of `answer_tokens`, greedily."""
    model, tokenizer = models.load_student(tier)
    try:
        model = models.add_lora(model, tier.lora, 0)
        return writing.written(model, tokenizer, tier.answer_batch, tier.answer_tokens, card, whole)
    finally:
        models.unload(model)


def cache(tier: Tier, card, whole: bool = False) -> dict:
    """The teacher's distributions of two batches are written, the second is timed; then all are read."""
    from helpers.methods import cached

    rows = texts.traces(tier, "sibling", 2 * tier.generate_batch)
    real, times = cached.targets, []

    def targets(teacher, *given, **more):
        begun = card.now()
        found = real(teacher, *given, **more)
        times.append((card.now() - begun, sum(row["tokens"] for row in found)))
        return found

    card.clear()
    with mock.patch.object(cached, "targets", targets):
        kept, made = cached.Cached(tier, 0, rows).fill()
    peak = card.peak()
    collator = cached.WithTargets(0, Encoding(made["encoding"], made["kept"]), made["vocabulary"])
    begun = time.perf_counter()
    read = sum(len(collator([row])["target_ids"]) for row in kept)
    seconds, tokens = times[-1] if times else (None, 0)
    return {
        "batch": tier.generate_batch, "tokens": tier.max_length, **peak, "read_before": not times,
        "tokens_written_a_second": tokens / seconds if times else None, "seconds_a_batch": seconds,
        "tokens_read_a_second": read / (time.perf_counter() - begun),
    }  # fmt: skip


def train(tier: Tier, card, method: str) -> dict:
    """Steps of a method on its real micro-batch: GB at the peak, seconds a step, and whether the loss is sound."""
    how = METHODS[method]
    size = MICRO_BATCHES * tier.micro_batch
    rows = texts.traces(tier, how.role, STEPS * size)
    short = replace(tier, epochs=1, batch_size=size)
    card.clear()
    trainer = how.make(short, rows)
    try:
        card.clear()
        loaded, noted = card.used(), _Noted(card, trainer.model)
        trainer.callback_handler.callbacks = [noted]  # neither validation nor checkpoints
        steps.begin_apart(trainer.model)
        with unsloth.without_logits():
            done = trainer.train()
        seconds = min(noted.seconds[1:]) / MICRO_BATCHES
        return {
            "batch": tier.micro_batch, "tokens": tier.max_length, "loaded_gb": loaded, **card.peak(),
            "seconds_a_micro_batch": seconds,
            "seconds_a_step": seconds * tier.batch_size / tier.micro_batch,
            "loss": done.training_loss, "steps": trainer.state.global_step, **noted.gradients, **noted.types,
            **writing.types(trainer.model),
        }  # fmt: skip
    finally:
        models.unload(trainer.model, *([trainer.teacher] if hasattr(trainer, "teacher") else []))


class _Noted(TrainerCallback):
    """Times each step, looks at the first gradients, and at what the model gives the loss."""

    def __init__(self, card, model):
        self.card, self.seconds, self.gradients, self.types = card, [], {}, {}
        model.register_forward_hook(self._see)

    def _see(self, model, given, output):
        states = getattr(output, "hidden_states", None)
        if states:
            self.types = {"states_dtype": writing.called(states[-1].dtype)}

    def on_step_begin(self, *_, **__):
        self.begun = self.card.now()

    def on_pre_optimizer_step(self, *_, model=None, **__):
        if self.gradients:
            return
        found = [weight.grad for weight in model.parameters() if weight.requires_grad]
        norms = [0.0 if g is None else torch.linalg.vector_norm(g).item() for g in found]
        self.gradients = {
            "trained": len(found), "reached": sum(norm > 0 for norm in norms),
            "finite": all(map(math.isfinite, norms)),
        }  # fmt: skip

    def on_step_end(self, *_, **__):
        self.seconds.append(self.card.now() - self.begun)


def four_bits(tier: Tier, card, method: str) -> dict:
    """A step of a method on the mini models in 4 bits and bfloat16, beside the same step in float32."""
    rows = texts.traces(tier, METHODS[method].role, 4)
    return steps.in_four_bits(method, replace(tier, epochs=1, batch_size=4, micro_batch=4), rows)


def notebook(tier: Tier, card, name: str) -> dict:
    """A notebook on the mini tier, on this card: its seconds, and the figures that it wrote."""
    import execution  # not at the top: it needs papermill, which nothing else here does

    folder = ROOT / "artifacts" / "measure" / "results"
    seconds = execution.execute(
        ROOT / "notebooks" / f"{name}.ipynb", folder.parent / "executed" / f"{name}.ipynb",
        variables={"DISTILL_TIER": "mini", "DISTILL_RESULTS": str(folder)},
    )  # fmt: skip
    wrote = folder / f"{name}.json"
    return {"seconds": seconds, "figures": json.loads(wrote.read_text(encoding="utf-8")) if wrote.is_file() else None}


# In the order of what matters most: what a tier's plan is made of, then the trainers, of which four could once not take
# a step on a card; at the end the one that trains billions of weights.
STEP = {f"step: {name}": lambda tier, card, whole, name=name: train(tier, card, name) for name in METHODS}
PHASES = {"step: token": STEP["step: token"], "traces": traces, "exam": exam, "cache": cache, **STEP}
FOUR_BITS = {
    f"4 bits: {name}": lambda tier, card, whole, name=name: four_bits(tier, card, name)
    for name, method in METHODS.items() if not (method.whole or method.writes)
}  # fmt: skip
NOTEBOOKS = {
    f"notebook {path.stem}": lambda tier, card, whole, name=path.stem: notebook(tier, card, name)
    for path in sorted((ROOT / "notebooks").glob("0[0-8]_*.ipynb"))
}  # fmt: skip
ALL = {**PHASES, **FOUR_BITS, **NOTEBOOKS}
# Which batch of the tier is made smaller where the card's memory does not do.
BATCH = {"traces": "generate_batch", "exam": "answer_batch", "cache": "generate_batch"}
