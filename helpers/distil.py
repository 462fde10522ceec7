"""The distillations of the series, each by its name: made where they are missing, else read."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers import evaluate, losses, models, traces, trainers
from helpers.intervals import Share
from helpers.tiers import Tier
from helpers.traces import store

VALIDATION = 120  # problems at each epoch's end, the same ones whatever the seed


@dataclass(frozen=True)
class Soft:
    """How a teacher's logits are learnt: as `losses.each_divergence`, and alpha, the share of the hard labels."""

    kind: str = "forward"
    temperature: float = 1.0
    beta: float = 0.5
    alpha: float = 0.0


def tokens(tier: Tier, seed: int, role: str = "student", rows=None) -> trainers.Run:
    """Token distillation, as in notebook 03: the student learns the teacher's verified traces, word for word.

    role: "student", or "sibling", which shares the teacher's tokenizer. rows: kept traces, `traces.load` if None.
    Trained where it is not finished yet, else read. Raises as `traces.load` and `models.load_student`.
    """
    return _run(tier, seed, role, rows, None)


def logits(tier: Tier, seed: int, soft: Soft, rows=None) -> trainers.Run:
    """Logit distillation, as in notebook 05: the sibling learns the teacher's distributions on the same traces.

    The teacher is loaded beside it and asked again at each step. The rest as `tokens`.
    """
    return _run(tier, seed, "sibling", rows, soft)


def _run(tier: Tier, seed: int, role: str, rows, soft: Soft | None) -> trainers.Run:
    rows = traces.load(tier, seed=seed) if rows is None else rows
    folder = _folder(tier, seed, rows, role, soft)
    if trainers.finished(folder):
        return trainers.read(folder)
    student, tokenizer = models.load_sibling(tier) if role == "sibling" else models.load_student(tier)
    if soft is None:
        trainer, teacher = token_trainer(student, tokenizer, rows, tier, seed, role), None
    else:
        teacher, _ = models.load_teacher(tier)
        trainer = logit_trainer(student, tokenizer, rows, tier, seed, soft, teacher)
    try:
        return trainers.run(trainer)
    finally:
        models.unload(trainer.model, *([teacher] if teacher is not None else []))


def token_trainer(student, tokenizer, rows, tier: Tier, seed: int, role: str = "student"):
    """TRL's SFTTrainer for kept traces (`traces.load`): a fresh adapter, the tier's settings, validation every epoch.

    Raises as `models.add_lora`.
    """
    from trl import SFTTrainer  # not at the top: see helpers.models.loading

    args = trainers.settings(tier, seed, _folder(tier, seed, rows, role, None))
    return _trainer(SFTTrainer, student, tokenizer, rows, tier, seed, args)


def logit_trainer(sibling, tokenizer, rows, tier: Tier, seed: int, soft: Soft, teacher):
    """As `token_trainer`, with the loss of `trainers.logits.LogitTrainer`.

    Raises ValueError if teacher and sibling do not share a tokenizer, and as `models.add_lora`.
    """
    from helpers.trainers.logits import LogitTrainer  # as above

    args = trainers.settings(tier, seed, _folder(tier, seed, rows, "sibling", soft), loss_type="nll")
    return _trainer(
        LogitTrainer, sibling, tokenizer, rows, tier, seed, args, teacher=teacher,
        **shared(tier, tokenizer, teacher, sibling), **asdict(soft),
    )  # fmt: skip


def shared(tier: Tier, tokenizer, teacher, sibling) -> dict[str, int]:
    """What the teacher and a student of its family have in common.

    vocabulary: the tokens that both really have. opening: how many tokens the teacher's prompt has behind the
    student's, which the teacher therefore did not write.
    Raises ValueError if they do not share a tokenizer, or if a prompt of the one does not begin as the other's.
    """
    other = models.load_tokenizer(tier, "teacher")
    sizes = (model.get_output_embeddings().weight.shape[0] for model in (teacher, sibling))
    vocabulary = losses.common_vocabulary(other, tokenizer, *sizes)
    longer, shorter = (models.prompt_ids(each, "How many?") for each in (other, tokenizer))
    if longer[: len(shorter)] != shorter:
        raise ValueError("the teacher's prompt does not begin as the student's: their chat templates differ too much")
    return {"vocabulary": vocabulary, "opening": len(longer) - len(shorter)}


def token_folder(tier: Tier, seed: int, rows) -> Path:
    """Where the student's token distillation lies. Other traces, models or settings have another folder."""
    return _folder(tier, seed, rows, "student", None)


def _folder(tier: Tier, seed: int, rows, role: str, soft: Soft | None) -> Path:
    spec = getattr(tier, role)
    made = {
        "traces": [rows["question"][:], rows[traces.ANSWER][:]],
        "student": [spec.name, store.revision(spec)],
        "settings": [repr(tier.lora), tier.epochs, tier.batch_size, tier.max_length],
    }
    if soft is not None:
        made |= {"teacher": [tier.teacher.name, store.revision(tier.teacher)], "soft": asdict(soft)}
    digest = store.digest(json.dumps(made).encode())
    return tier.artifacts / f"{'token' if soft is None else 'logit'}-{seed}-{digest.removeprefix('sha256:')[:8]}"


def _trainer(made_by, student, tokenizer, rows, tier: Tier, seed: int, args, **more):
    with store.no_bars():  # of the trainer's preparation, which takes a moment
        trainer = made_by(
            model=models.add_lora(student, tier.lora, seed),
            args=args,
            train_dataset=traces.messages(rows),
            processing_class=tokenizer,
            callbacks=[trainers.validation(lambda model: right_answers(model, tokenizer, tier))],
            **more,
        )
    trainers.keep_float32(trainer.model)
    return trainer


def right_answers(model, tokenizer, tier: Tier) -> Share:
    """The share of the VALIDATION problems that a model answers rightly, greedily."""
    problems = traces.questions(tier, "validation", VALIDATION, seed=0)
    asked = [problem.question for problem in problems]
    answers = evaluate.generate(model, tokenizer, asked, tier.answer_tokens, tier.answer_batch, progress=False)
    return evaluate.accuracy(answers, problems)
