"""The real student in 3 and in 2 bits, as in notebook 11: what rounding loses, and what comes back of it.

Two arms begin at the same rounded weights and read the same texts: one learns the whole student's distributions, the
other the texts' words. Nothing is generated: whole and rounded students read held-out texts side by side.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch
from datasets import Dataset

from helpers import disk, methods, models, provenance, quantization
from helpers.evaluation.recovery import recovered
from helpers.evaluation.results import plain
from helpers.quantization import Format
from helpers.tiers import Tier
from helpers.training import method
from helpers.training.nearness import Nearness, nearness
from real import traces as real_traces

BITS = (3, 2)
ARMS = {"after": 0.0, "labels": 1.0}  # by name, the share of the words in the loss
NAMES = ("whole", *(f"{bits} {name}" for bits in BITS for name in ("before", *ARMS)))
# Of the learning rates that the mini models want in 3 and in 2 bits, as shares of a tier's.
RATES = {3: 0.3, 2: 1.0}
LENGTH, EPOCHS = 320, 1  # tokens of a text's beginning that are read, and how often, on a CPU
GPU_LENGTH, GPU_EPOCHS = 1_152, 4
SAVED = 10  # steps from a checkpoint, of two gigabytes, to the next


def part(tier: Tier, texts: Dataset, held: Dataset, seed: int) -> dict:
    """The part `qad` of data/results/real.json: what is on the disk is read, what is missing is made.

    Args:
        tier: of the student.
        texts: columns as `traces.collect`; those whose questions are not held out are learnt. Wrong answers are among
            them: what is learnt is how they are read.
        held: what is read afterwards, and never learnt.
        seed: of the order of texts, and of the bootstrap.

    Returns:
        whole: {"loss"}. For each of BITS: before, after and labels, each {"kl", "agreement", "loss"}, in nats a token;
        recovered: of after and labels, of "kl" and "agreement", the share (`evaluation.recovery`), None where nothing
        measurable was lost; seconds: of the trainings. Beside them texts, tokens and settings.

    Raises:
        ValueError: where the folder holds figures of another student, other texts or other settings.
    """
    tier, texts = _sized(tier), _unheld(texts, held)
    found = {"whole": _read(tier, "whole", held, seed, None, texts), "seconds": {}}
    whole: Nearness = found["whole"]
    for bits in BITS:
        form = Format(bits)
        seen = {"before": _read(tier, f"{bits} before", held, seed, lambda form=form: _once(tier, form), texts)}
        for name, alpha in ARMS.items():
            arm = Rounded(tier, seed, texts, format=form, alpha=alpha, rate=RATES[bits] * tier.lora.learning_rate)
            seen[name] = _read(tier, f"{bits} {name}", held, seed, lambda arm=arm: _taught(arm), texts)
            found["seconds"][f"{bits} {name}"] = arm.run().seconds
        lost = seen["before"]
        found[str(bits)] = {name: told(one) for name, one in seen.items()} | {"recovered": {
            name: {
                "kl": recovered(whole.kl, lost.kl, seen[name].kl, seed).share,
                "agreement": recovered(whole.agree, lost.agree, seen[name].agree, seed).share,
            } for name in ARMS
        }}  # fmt: skip
    return plain(found | {
        "whole": told(whole), "texts": len(texts), "held_out": len(held), "tokens": sum(whole.tokens),
        "settings": {
            "length": tier.max_length, "epochs": tier.epochs, "batch": tier.batch_size, "group": Format().group,
            "rates": {str(bits): share * tier.lora.learning_rate for bits, share in RATES.items()},
        },
    })  # fmt: skip


@dataclass(frozen=True)
class Rounded(methods.QuantizationAware):
    """As QuantizationAware, with products in bfloat16 and a checkpoint every SAVED steps; nothing is validated.

    That would write 120 answers, most of an hour here.
    """

    changes: ClassVar[dict] = {"bf16": True, "save_strategy": "steps", "save_steps": SAVED, "logging_steps": 1}

    def tokens(self, tokenizer):
        """As Method's, of the texts' beginnings."""
        return Dataset.from_list(real_traces.beginnings(self.tier, tokenizer, self.rows))

    def trainer(self, student=None, teacher=None):
        """As Method's."""
        from helpers.training.callbacks import Validation  # not at the top: it stands on transformers

        trainer = super().trainer(student, teacher)
        trainer.remove_callback(Validation)
        return trainer


def _unheld(texts: Dataset, held: Dataset) -> Dataset:
    kept_back = set(held["question"])
    return texts.select([i for i, question in enumerate(texts["question"]) if question not in kept_back])


def _sized(tier: Tier) -> Tier:
    """The tier as it is read here: short beginnings of texts, once, on a CPU."""
    length, epochs = (GPU_LENGTH, GPU_EPOCHS) if torch.cuda.is_available() else (LENGTH, EPOCHS)
    return replace(tier, max_length=min(tier.max_length, length), epochs=epochs)


def _read(
    tier: Tier, name: str, held: Dataset, seed: int, make: Callable[[], torch.nn.Module] | None, texts: Dataset
) -> Nearness:
    """How near a student is to its whole self on the held-out texts: from the disk, or measured and kept there.

    make: gives the student; None for the whole one.
    """
    folder = tier.artifacts / "rounded"
    made = {
        "student": [tier.student.name, provenance.revision(tier.student)], "length": tier.max_length, "seed": seed,
        "epochs": tier.epochs, "batch": tier.batch_size, "rate": tier.lora.learning_rate, "rates": list(RATES.values()),
        "held": method.digest_of(held), "texts": method.digest_of(texts),
    }  # fmt: skip
    file = folder / f"{name}.json"
    with provenance.one_writer(folder):
        provenance.refuse_others(folder, made, "figures", [f"{one}.json" for one in NAMES])
        provenance.write(folder, made)
        if not file.is_file():
            began, model, (whole, tokenizer) = time.perf_counter(), make and make(), _loaded(tier)
            model = model or whole
            rows = real_traces.beginnings(tier, tokenizer, held)
            one = nearness(model, whole, rows, tokenizer.pad_token_id, at_a_time=4)
            models.unload(model, whole)
            disk.write_whole(file, json.dumps(asdict(one)))
            print(f"{name}: {one.nats:.4f} nats a token from the whole student, {one.agreement:.1%} the same token "
                  f"({time.perf_counter() - began:.0f} s)", flush=True)  # fmt: skip
    return Nearness(**{key: tuple(each) for key, each in json.loads(file.read_text(encoding="utf-8")).items()})


def _loaded(tier: Tier) -> tuple:
    return models.load_student(replace(tier, engine="transformers"), four_bit=False)


def _once(tier: Tier, form: Format) -> torch.nn.Module:
    return quantization.rounded(_loaded(tier)[0], form)


def _taught(arm: Rounded) -> torch.nn.Module:
    arm.run()
    model, _ = arm.taught()
    _let_go(arm.folder)
    return model


def _let_go(folder: Path) -> None:
    """What only a training that goes on needs, a gigabyte: the optimizer's means."""
    for file in folder.glob("checkpoint-*/optimizer.pt"):
        file.unlink()


def told(one: Nearness) -> dict[str, float]:
    """What the file says of one student beside another."""
    return {"kl": one.nats, "agreement": one.agreement, "loss": one.loss}
