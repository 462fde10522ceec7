"""Every method's trainer by its name, as the notebooks make it. A method joins by a line: the measurement and the tests
of real steps (`tests/test_real_steps.py`) both go through this list."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from datasets import Dataset

from helpers import methods, models, training
from helpers.quantization import Format
from helpers.traces import ANSWER
from helpers.training.matching import Features


@dataclass(frozen=True)
class Method:
    """role: who learns, "student" or "sibling". make: (tier, rows) to a trainer. planned: its name in the planner.

    whole: whether all weights of a student of its own are trained, without an adapter.
    writes: whether the student writes what it learns from, so that other weights learn from another text.
    """

    make: Callable
    role: str = "sibling"
    planned: str | None = None
    whole: bool = False
    writes: bool = False


def pairs_of(tier, role: str) -> tuple[tuple[int, int], ...]:
    """Two pairs of layers, near the middle and at the end, of a student and its teacher: as notebook 08 has them."""
    depths = [models.text_config(getattr(tier, each)).num_hidden_layers for each in (role, "teacher")]
    return tuple(zip(*((max(1, depth // 2), depth) for depth in depths), strict=True))


def _token(tier, rows):
    return methods.Token(tier, 0, rows).trainer()


def _logits(tier, rows):
    return methods.Logits(tier, 0, rows, alpha=0.25).trainer()


def _cached(tier, rows):
    return methods.Cached(tier, 0, rows).trainer()


def _across(tier, rows):
    return methods.CrossTokenizer(tier, 0, rows).trainer()


def _on_policy(tier, rows):
    return methods.OnPolicy(tier, 0, rows, direction="reverse").trainer()


def _on_policy_across(tier, rows):
    return methods.OnPolicyAcross(tier, 0, rows).trainer()


def _without_teacher(tier, rows):
    return methods.OnPolicy(tier, 0, rows, control=0.5).trainer()


def _features(kind: str):
    def make(tier, rows):
        return methods.LiveFeatures(tier, 0, rows, features=Features(kind, pairs_of(tier, "sibling"))).trainer()

    return make


def _features_cached(tier, rows):
    return methods.CachedFeatures(tier, 0, rows, features=Features("hint", pairs_of(tier, "sibling"))).trainer()


def _features_across(tier, rows):
    how = Features("hint", pairs_of(tier, "student"))
    return methods.CrossTokenizerFeatures(tier, 0, rows, features=how).trainer()


def _halved(tier, rows):
    from helpers.methods import pruning  # not at the top: it stands on transformers, which Unsloth comes before

    teacher, tokenizer = models.load_teacher(tier)
    kept = pruning.every_other(models.text_config(tier.teacher).num_hidden_layers)
    student = pruning.student_of(teacher, kept)
    # The head is a part of what is trained, and the student is its teacher's copy: let it not be one.
    with torch.no_grad():
        student.get_output_embeddings().weight.mul_(0.9)
    args = training.settings(tier, 0, tier.artifacts / "halved")
    how = Features("hint", tuple(enumerate(kept, 1)))
    return pruning.whole_trainer(tier, student, teacher, tokenizer, rows, args, how)


def _quantized(**how):
    """A tiny model's rows fall into groups of 32; at 3 bits there is something to learn."""

    def make(tier, rows):
        return methods.QuantizationAware(tier, 0, rows, format=Format(3, 32), **how).trainer()

    return make


def _preference(tier, rows):
    """On an adapter that has learnt nothing yet; a wrong answer is the right one without its first word."""
    start = tier.artifacts / "measured-start"
    if not (start / "adapter_model.safetensors").is_file():
        model = models.add_lora(models.load_student(tier)[0], tier.lora, 0)
        model.save_pretrained(start)
        models.unload(model)
    wrong = [f"<think>\n{answer.removeprefix('<think>').lstrip().partition(' ')[2]}" for answer in rows[ANSWER]]
    columns = {"question": rows["question"][:], "chosen": rows[ANSWER][:], "rejected": wrong}
    return methods.Preference(tier, 0, Dataset.from_dict(columns), start=start).trainer()


def _all_weights(tier, rows):
    return methods.AllWeights(tier, 0, rows, alpha=0.25).trainer()


def _all_weights_cached(tier, rows):
    return methods.AllWeightsCached(tier, 0, rows).trainer()


def _all_weights_features(tier, rows):
    how = Features("hint", pairs_of(tier, "sibling"))
    return methods.AllWeightsFeatures(tier, 0, rows, features=how).trainer()


def _specialists(tier) -> dict:
    """Two adapters that say something, on the student's base, by name. They differ, in the first weights too."""
    found = {}
    for seed, name in enumerate(("one", "other"), 1):
        found[name] = tier.artifacts / f"measured-{name}"
        if (found[name] / "adapter_model.safetensors").is_file():
            continue
        model = models.add_lora(models.load_student(tier)[0], tier.lora, seed)
        random = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for weight_name, weight in model.named_parameters():
                if "lora_B" in weight_name:
                    weight.copy_(0.1 * torch.randn(weight.shape, generator=random))
        model.save_pretrained(found[name])
        models.unload(model)
    return found


def _ensemble(tier, rows):
    how = {"specialists": _specialists(tier), "weights": {"one": 1.0, "other": 2.0}, "alpha": 0.25}
    return methods.Ensemble(tier, 0, rows, **how).trainer()


def _routed(tier, rows):
    routes = {question: ("one", "other")[number % 2] for number, question in enumerate(rows["question"][:])}
    return methods.Specialists(tier, 0, rows, specialists=_specialists(tier), routes=routes).trainer()


METHODS = {
    "token": Method(_token, "student", "token"),
    "logits": Method(_logits, planned="logits"),
    "cached": Method(_cached, planned="cached logits"),
    "across": Method(_across, "student", "across"),
    "on_policy": Method(_on_policy, writes=True),
    "on_policy_across": Method(_on_policy_across, "student", writes=True),
    "without_teacher": Method(_without_teacher, writes=True),
    "features_hint": Method(_features("hint"), planned="features live"),
    "features_relations": Method(_features("relations"), planned="features live"),
    "features_cached": Method(_features_cached, planned="features"),
    "features_across": Method(_features_across, "student"),
    "halved": Method(_halved, whole=True),
    "quantized": Method(_quantized(), "student", whole=True),
    "quantized_labels": Method(_quantized(alpha=1.0), "student", whole=True),
    "quantized_adapter": Method(_quantized(adapter=True), "student"),
    "quantized_on_policy": Method(_quantized(lam=1.0), "student", whole=True, writes=True),
    "preference": Method(_preference, "student"),
    "all_weights": Method(_all_weights, whole=True),
    "all_weights_cached": Method(_all_weights_cached, whole=True),
    "all_weights_features": Method(_all_weights_features, whole=True),
    "ensemble": Method(_ensemble, "student"),
    "specialists": Method(_routed, "student", writes=True),
}
