"""Logit distillation, with the teacher beside the student or from a cache: made where it is missing, else read."""

from dataclasses import asdict, dataclass

from tqdm.auto import tqdm

from helpers import cache, distil, losses, models, sources, traces, trainers
from helpers.tiers import ModelSpec, Tier

DRAWS = 16  # tokens kept of each of the teacher's distributions
ROLE = "sibling"  # the student that shares the teacher's tokenizer


@dataclass(frozen=True)
class Soft:
    """How a teacher's logits are learnt: as `losses.each_divergence`, and alpha, the share of the hard labels.

    Raises ValueError for a kind, temperature, beta or alpha that is none: so no cache is made with one either.
    """

    kind: str = "forward"
    temperature: float = 1.0
    beta: float = 0.5
    alpha: float = 0.0

    def __post_init__(self):
        losses.check(1, 1, self.kind, self.temperature, self.beta)
        losses.check_alpha(self.alpha)


def logits(tier: Tier, seed: int, soft: Soft, rows=None) -> trainers.Run:
    """Logit distillation, as in notebook 05: the sibling learns the teacher's distributions on its verified traces.

    rows: kept traces, `traces.load` if None. The teacher is loaded beside the student and asked again at each step.
    Trained where it is not finished yet, else read. Raises as `traces.load`, `models.load_sibling` and `shared`.
    """
    rows = traces.load(tier, seed=seed) if rows is None else rows

    def begin():
        sibling, tokenizer = models.load_sibling(tier)
        return logit_trainer(sibling, tokenizer, rows, tier, seed, soft, models.load_teacher(tier)[0])

    return distil.once(logit_folder(tier, seed, rows, soft), begin)


def logit_trainer(sibling, tokenizer, rows, tier: Tier, seed: int, soft: Soft, teacher):
    """As `distil.token_trainer`, with the loss of `trainers.logits.LogitTrainer`.

    Raises ValueError if teacher and sibling do not share a tokenizer, and as `models.add_lora`.
    """
    from helpers.trainers.logits import LogitTrainer  # not at the top: see helpers.models.loading

    args = trainers.settings(tier, seed, logit_folder(tier, seed, rows, soft), loss_type="nll")
    return distil.trainer_of(
        LogitTrainer, sibling, tokenizer, traces.messages(rows, tier, ROLE), tier, seed, args, teacher=teacher,
        **shared(tier, tokenizer, teacher, sibling), **asdict(soft),
    )  # fmt: skip


def cached(tier: Tier, seed: int, soft: Soft, rows=None, draws: int = DRAWS, encoding: str = "draws") -> trainers.Run:
    """As `logits`, from a cache: the teacher is asked once, at most, and is gone before the training begins.

    draws: how many tokens are kept of each of the teacher's distributions; encoding: how, a key of
    `cache.encodings.KINDS`. Raises as `fill_cache`.
    """
    rows = traces.load(tier, seed=seed) if rows is None else rows
    folder = cached_folder(tier, seed, rows, soft, draws, encoding)
    return distil.once(folder, lambda: cached_trainer(tier, seed, soft, rows, draws, encoding))


def cached_trainer(tier: Tier, seed: int, soft: Soft, rows, draws: int = DRAWS, encoding: str = "draws"):
    """A trainer for a fresh sibling that reads its targets from a cache. Raises as `fill_cache`."""
    models.prepare(tier)
    from helpers.trainers.cached import CachedTrainer  # not at the top: see helpers.models.loading

    targets, made = fill_cache(tier, seed, soft, rows, draws, encoding)
    more = {key: made[key] for key in ("temperature", "vocabulary", "opening")}
    sibling, tokenizer = models.load_sibling(tier)
    folder = cached_folder(tier, seed, rows, soft, draws, encoding)
    # The targets are a column of their own, which Trainer would drop. And the rows are ready: TRL's preparation would
    # write them to the disk a second time.
    ready = {"remove_unused_columns": False, "dataset_kwargs": {"skip_prepare_dataset": True}}
    args = trainers.settings(tier, seed, folder, loss_type="nll", **ready)
    return distil.trainer_of(
        CachedTrainer, sibling, tokenizer, targets, tier, seed, args, alpha=soft.alpha,
        encoding=cache.Encoding(encoding, draws), **more,
    )  # fmt: skip


def fill_cache(tier: Tier, seed: int, soft: Soft, rows, draws: int = DRAWS, encoding: str = "draws", inside=()):
    """The cache of the teacher's targets for some traces, and what it was made of: read if it is there, else made.

    inside: what is kept beside them, as `trainers.cached.targets`: a signal and the teacher's layers, or nothing.
    No model is loaded where the cache is finished. Raises ValueError for a kind other than "forward", whose gradient
    alone a few tokens give, and as `cache.Encoding`, `shared` and `cache.load`.
    """
    models.prepare(tier)
    from helpers.trainers.cached import targets, tokenized

    if soft.kind != "forward":
        raise ValueError(f"a cache of draws gives the forward divergence, not {soft.kind!r}: use `soft.logits`")
    how, tokenizer = cache.Encoding(encoding, draws), models.load_tokenizer(tier, ROLE)
    made = made_of(tier, seed, soft, rows, how, tokenizer)
    if inside:
        made |= {"signal": inside[0], "layers": list(inside[1])}
    folder = cache_folder(tier, seed, made)
    there = cache.finished(folder)
    if not there:
        teacher, _ = models.load_teacher(tier)
        if inside and inside[0] == "attention":
            teacher.set_attn_implementation("eager")  # the others never hold it
        sequences = tokenized(traces.messages(rows, tier, ROLE), tokenizer, tier.max_length)
        size = tier.generate_batch
        starts, pad = range(0, len(sequences), size), tokenizer.pad_token_id

        def part(i: int) -> list[dict]:
            batch = sequences[starts[i] : starts[i] + size]
            return targets(teacher, batch, pad, made["vocabulary"], how, soft.temperature, seed * 100_003 + i, *inside)

        try:
            with tqdm(total=len(starts), desc="targets", delay=5, leave=False) as bar:
                for _ in cache.make(folder, made, len(starts), part):
                    bar.update()
        finally:
            models.unload(teacher)
    return cache.load(folder, made, tell=there), made


def made_of(tier: Tier, seed: int, soft: Soft, rows, encoding: cache.Encoding, tokenizer) -> dict:
    """What makes a cache what it is: its provenance. tokenizer: the sibling's."""
    teacher_tokenizer = models.load_tokenizer(tier, "teacher")
    tokens = sorted(tokenizer.get_vocab().items())  # which come in another order each time
    return {
        **distil.taught(tier),
        "tokenizer": distil.short({"tokens": tokens, "template": tokenizer.chat_template}),
        "prompt": models.chat_prompt(teacher_tokenizer, "{question}"),
        "traces": distil.digest_of(rows), "encoding": encoding.kind, "kept": encoding.n,
        "temperature": soft.temperature, "max_length": tier.max_length, "seed": seed,
        "code": sources.code("cache", "cache/encodings", "cache/states", "losses/chunked"),
        **_in_common(teacher_tokenizer, tokenizer, *map(vocabulary_of, (tier.teacher, tier.sibling))),
    }  # fmt: skip


def cache_folder(tier: Tier, seed: int, made: dict):
    """Where a cache lies."""
    return tier.artifacts / f"cache-{seed}-{distil.short(made)}"


def vocabulary_of(spec: ModelSpec) -> int:
    """How many logits a model gives, as its settings say: its weights stay where they are."""
    from transformers import AutoConfig  # as above

    return AutoConfig.from_pretrained(spec.source, revision=spec.revision).get_text_config().vocab_size


def shared(tier: Tier, tokenizer, teacher, sibling) -> dict[str, int]:
    """What the teacher and a student of its family have in common.

    vocabulary: the tokens that both really have. opening: how many tokens the teacher's prompt has behind the
    student's, which the teacher therefore did not write.
    Raises ValueError if they do not share a tokenizer, or if a prompt of the one does not begin as the other's.
    """
    sizes = (model.get_output_embeddings().weight.shape[0] for model in (teacher, sibling))
    return _in_common(models.load_tokenizer(tier, "teacher"), tokenizer, *sizes)


def _in_common(other, tokenizer, *sizes: int) -> dict[str, int]:
    """As `shared`. other: the teacher's tokenizer; sizes: the logits of teacher and student."""
    vocabulary = losses.common_vocabulary(other, tokenizer, *sizes)
    longer, shorter = (models.prompt_ids(each, "How many?") for each in (other, tokenizer))
    if longer[: len(shorter)] != shorter:
        raise ValueError("the teacher's prompt does not begin as the student's: their chat templates differ too much")
    return {"vocabulary": vocabulary, "opening": len(longer) - len(shorter)}


def logit_folder(tier: Tier, seed: int, rows, soft: Soft):
    """Where a logit distillation lies."""
    by = ("soft", "trainers/logits")
    return distil.folder_of("logit", tier, seed, rows, ROLE, by, teacher=distil.taught(tier), soft=asdict(soft))


def cached_folder(tier: Tier, seed: int, rows, soft: Soft, draws: int = DRAWS, encoding: str = "draws"):
    """Where a distillation from a cache lies."""
    more = {"teacher": distil.taught(tier), "soft": asdict(soft), "draws": draws, "encoding": encoding}
    return distil.folder_of("cached", tier, seed, rows, ROLE, ("soft", "trainers/cached"), **more)
