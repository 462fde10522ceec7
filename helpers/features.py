"""Feature distillation by its name, live, from a cache or across tokenizers: made where it is missing, else read."""

from dataclasses import asdict

from datasets import Dataset

from helpers import cache, distil, models, soft, traces, trainers
from helpers.across import Across
from helpers.losses import layer_maps
from helpers.tiers import Tier


def live(tier: Tier, seed: int, how, features, rows=None) -> trainers.Run:
    """Logits and features, with the teacher beside the student: as `soft.logits`, with more in the loss.

    how: a `soft.Soft`. features: a `trainers.features.Features`. rows: kept traces, `traces.load` if None.
    Trained where it is not finished yet, else read. Raises as `soft.logits`, and ValueError for a map with a layer that
    the models do not have.
    """
    rows = traces.load(tier, seed=seed) if rows is None else rows

    def begin():
        sibling, tokenizer = models.load_sibling(tier)
        return live_trainer(sibling, tokenizer, rows, tier, seed, how, features, models.load_teacher(tier)[0])

    return distil.once(folder_of(tier, seed, rows, how, features, "live"), begin)


def live_trainer(sibling, tokenizer, rows, tier: Tier, seed: int, how, features, teacher):
    """As `soft.logit_trainer`, with `trainers.features.FeatureTrainer`. Raises as `live`."""
    from helpers.trainers.features import FeatureTrainer  # not at the top: see helpers.models.loading

    layer_maps.check(features.pairs, layer_maps.blocks(sibling), layer_maps.blocks(teacher))
    if features.signal == "attention":
        sibling.set_attn_implementation("eager"), teacher.set_attn_implementation("eager")
    args = trainers.settings(tier, seed, folder_of(tier, seed, rows, how, features, "live"), loss_type="nll")
    return distil.trainer_of(
        FeatureTrainer, sibling, tokenizer, traces.messages(rows, tier, soft.ROLE), tier, seed, args, teacher=teacher,
        features=features, widths=widths(sibling, teacher),
        **soft.shared(tier, tokenizer, teacher, sibling), **asdict(how),
    )  # fmt: skip


def cached(tier: Tier, seed: int, how, features, rows=None, draws: int = soft.DRAWS) -> trainers.Run:
    """As `live`, from a cache: the teacher is asked once, at most, and is gone before the training begins.

    draws: as `soft.cached`. Raises as `live` and `soft.fill_cache`.
    """
    rows = traces.load(tier, seed=seed) if rows is None else rows
    folder = folder_of(tier, seed, rows, how, features, f"cached {draws}")
    return distil.once(folder, lambda: cached_trainer(tier, seed, how, features, rows, draws))


def cached_trainer(tier: Tier, seed: int, how, features, rows, draws: int = soft.DRAWS):
    """A trainer for a fresh sibling that reads targets and states from a cache. Raises as `cached`."""
    models.prepare(tier)
    from helpers.trainers.features import CachedFeatureTrainer  # not at the top: see helpers.models.loading

    settings = {role: settings_of(tier, role) for role in ("teacher", "sibling")}
    layer_maps.check(features.pairs, *(settings[role].num_hidden_layers for role in ("sibling", "teacher")))
    kept = tuple(sorted({theirs for _, theirs in features.pairs}))
    targets, made = soft.fill_cache(tier, seed, how, rows, draws, inside=(features.signal, kept))
    sibling, tokenizer = models.load_sibling(tier)
    if features.signal == "attention":
        sibling.set_attn_implementation("eager")
    folder = folder_of(tier, seed, rows, how, features, f"cached {draws}")
    ready = {"remove_unused_columns": False, "dataset_kwargs": {"skip_prepare_dataset": True}}  # as soft.cached_trainer
    args = trainers.settings(tier, seed, folder, loss_type="nll", **ready)
    return distil.trainer_of(
        CachedFeatureTrainer, sibling, tokenizer, targets, tier, seed, args, alpha=how.alpha, layers=kept,
        encoding=cache.Encoding("draws", draws), features=features,
        widths=tuple(settings[role].hidden_size for role in ("sibling", "teacher")),
        **{key: made[key] for key in ("temperature", "vocabulary", "opening")},
    )  # fmt: skip


def across(tier: Tier, seed: int, features, rows=None, how=None) -> trainers.Run:
    """As `live`, for the student with another tokenizer: as `across.logits`, with more in the loss.

    how: a `helpers.across.Across`, the usual one if None. Raises as `across.logits` and `live`, and ValueError for
    attention.
    """
    rows = traces.load(tier, seed=seed) if rows is None else rows
    folder = across_folder(tier, seed, features, rows, how)
    return distil.once(folder, lambda: across_trainer(tier, seed, features, rows, how))


def across_trainer(tier: Tier, seed: int, features, rows, how=None):
    """As `across.across_trainer`, with `trainers.across_features.AcrossFeatureTrainer`. Raises as `across`."""
    from helpers.trainers.across import rows_of, sides_of  # not at the top: see helpers.models.loading
    from helpers.trainers.across_features import AcrossFeatureTrainer

    student, tokenizer = models.load_student(tier)
    teacher, teacher_tokenizer = models.load_teacher(tier)
    layer_maps.check(features.pairs, layer_maps.blocks(student), layer_maps.blocks(teacher))
    both = sides_of(teacher_tokenizer, tokenizer)
    dataset = Dataset.from_list(rows_of(traces.messages(rows), both, tier.max_length))
    folder = across_folder(tier, seed, features, rows, how)
    ready = {"remove_unused_columns": False, "dataset_kwargs": {"skip_prepare_dataset": True}}  # as across
    args = trainers.settings(tier, seed, folder, loss_type="nll", **ready)
    return distil.trainer_of(
        AcrossFeatureTrainer, student, tokenizer, dataset, tier, seed, args, teacher=teacher, sides=both,
        features=features, widths=widths(student, teacher), **asdict(how or Across()),
    )  # fmt: skip


def across_folder(tier: Tier, seed: int, features, rows, how=None):
    """Where a feature distillation across tokenizers lies."""
    made = {"teacher": distil.taught(tier), "across": asdict(how or Across()), "features": _told(features)}
    by = ("features", "trainers/across_features")
    return distil.folder_of("features-across", tier, seed, rows, "student", by, **made)


def settings_of(tier: Tier, role: str):
    """What a model's settings say of its text part; its weights stay where they are."""
    from transformers import AutoConfig  # as above

    spec = getattr(tier, role)
    return AutoConfig.from_pretrained(spec.source, revision=spec.revision).get_text_config()


def widths(student, teacher) -> tuple[int, int]:
    """How wide the hidden states of both are."""
    return tuple(model.config.get_text_config().hidden_size for model in (student, teacher))


def folder_of(tier: Tier, seed: int, rows, how, features, source: str):
    """Where a feature distillation lies. source: "live", or "cached" and how many draws."""
    made = {"teacher": distil.taught(tier), "soft": asdict(how), "features": _told(features), "source": source}
    return distil.folder_of("features", tier, seed, rows, soft.ROLE, ("features", "trainers/features"), **made)


def _told(features) -> dict:
    return {**asdict(features), "pairs": [list(pair) for pair in features.pairs]}
