"""The distillations of the series, each by its name: made where they are missing, else read."""

import json
from pathlib import Path

from helpers import evaluate, models, traces, trainers
from helpers.intervals import Share
from helpers.tiers import Tier
from helpers.traces import store

VALIDATION = 200  # problems at each epoch's end, the same ones whatever the seed


def tokens(tier: Tier, seed: int) -> trainers.Run:
    """Token distillation, as in notebook 03: the student learns the teacher's verified traces, word for word.

    Trained where it is not finished yet, else read. Raises as `traces.load` and `models.load_student`.
    """
    rows = traces.load(tier, seed=seed)
    folder = token_folder(tier, seed, rows)
    if trainers.finished(folder):
        return trainers.read(folder)
    student, tokenizer = models.load_student(tier)
    trainer = token_trainer(student, tokenizer, rows, tier, seed)
    try:
        return trainers.run(trainer)
    finally:
        models.unload(trainer.model)


def token_trainer(student, tokenizer, rows, tier: Tier, seed: int):
    """TRL's SFTTrainer for kept traces (`traces.load`): a fresh adapter, the tier's settings, validation every epoch.

    Raises as `models.add_lora`.
    """
    from trl import SFTTrainer  # not at the top: see helpers.models.loading

    with store.no_bars():  # of the trainer's preparation, which takes a moment
        trainer = SFTTrainer(
            model=models.add_lora(student, tier.lora, seed),
            args=trainers.settings(tier, seed, token_folder(tier, seed, rows)),
            train_dataset=traces.messages(rows),
            processing_class=tokenizer,
            callbacks=[trainers.validation(lambda model: right_answers(model, tokenizer, tier))],
        )
    trainers.keep_float32(trainer.model)
    return trainer


def token_folder(tier: Tier, seed: int, rows) -> Path:
    """Where a token distillation lies. Other traces, another student or other settings have another folder."""
    made = {
        "traces": [rows["question"][:], rows[traces.ANSWER][:]],
        "student": [tier.student.name, store.revision(tier.student)],
        "settings": [repr(tier.lora), tier.epochs, tier.batch_size, tier.max_length],
    }
    digest = store.digest(json.dumps(made).encode())
    return tier.artifacts / f"token-{seed}-{digest.removeprefix('sha256:')[:8]}"


def right_answers(model, tokenizer, tier: Tier) -> Share:
    """The share of the VALIDATION problems that a model answers rightly, greedily."""
    problems = traces.questions(tier, "validation", VALIDATION, seed=0)
    asked = [problem.question for problem in problems]
    answers = evaluate.generate(model, tokenizer, asked, tier.answer_tokens, tier.answer_batch, progress=False)
    return evaluate.accuracy(answers, problems)
