"""The trial that makes the mini tier worth having: does a QLoRA student learn to reason within two minutes?

`python -m data.making.trial` lets the teacher work 3,000 problems, keeps what is right, trains an adapter on the 4-bit
student with TRL for at most 120 seconds, and scores before and after. It writes data/results/mini/trial.json.
"""

import argparse
import time
from pathlib import Path

from datasets import Dataset, load_from_disk
from transformers import TrainerCallback
from trl import SFTConfig, SFTTrainer

from helpers import models, results, tiers
from helpers.evaluate import generate, right
from helpers.problems import draw, draw_twins
from helpers.score import score

SECONDS = 120.0
TRACES = 3000
TEST_SEED = 11  # not the problems that settings were chosen on


class TimeLimit(TrainerCallback):
    """Stops after so many seconds of training, at the end of a step."""

    def __init__(self, seconds: float):
        self.seconds, self.began = seconds, 0.0

    def on_train_begin(self, args, state, control, **_):
        self.began = time.monotonic()

    def on_step_end(self, args, state, control, **_):
        if time.monotonic() - self.began > self.seconds:
            control.should_training_stop = True


def traces(tier, count: int, seed: int, folder: Path) -> Dataset:
    """What the teacher writes for `count` problems at its own temperature, kept if it is right and ends."""
    where = folder / f"traces-{count}-{seed}"
    if where.exists():
        return load_from_disk(str(where))
    teacher, tokenizer = models.load_teacher(tier)
    problems = draw("train", count, seed, impossible=True)
    said = generate(
        teacher,
        tokenizer,
        [problem.question for problem in problems],
        tier.max_new_tokens,
        batch_size=tier.generate_batch,
        temperature=tier.sampling.temperature,
        seed=seed,
    )
    models.unload(teacher)
    kept = [
        {
            "prompt": [{"role": "user", "content": problem.question}],
            "completion": [{"role": "assistant", "content": answer.whole}],
        }
        for problem, answer, hit in zip(problems, said, right(said, problems), strict=True)
        if hit and answer.ended
    ]
    dataset = Dataset.from_list(kept)
    dataset.save_to_disk(str(where))
    return dataset


def distil(student, tokenizer, rows: Dataset, tier, seed: int, folder: Path, seconds: float = SECONDS):
    """Trains an adapter on the student for `tier.epochs` epochs of the rows, or until the time is over."""
    student = models.add_lora(student, tier.lora, seed)
    settings = SFTConfig(
        output_dir=str(folder / "trainer"),
        num_train_epochs=tier.epochs,
        per_device_train_batch_size=tier.batch_size,
        learning_rate=tier.lora.learning_rate,
        lr_scheduler_type="cosine",
        warmup_ratio=0.05,
        adam_beta2=0.98,
        max_length=tier.max_length,
        completion_only_loss=True,
        train_sampling_strategy="group_by_length",
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=True,
        save_strategy="no",
        logging_steps=20,
        report_to="none",
        disable_tqdm=True,
        seed=seed,
    )
    trainer = SFTTrainer(
        student, settings, train_dataset=rows, processing_class=tokenizer, callbacks=[TimeLimit(seconds)]
    )
    began = time.monotonic()
    trainer.train()
    return trainer.model, {
        "seconds": round(time.monotonic() - began, 1),
        "steps": trainer.state.global_step,
        "of": trainer.state.max_steps,
        "loss": [log["loss"] for log in trainer.state.log_history if "loss" in log],
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=200)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    tier = tiers.TIERS["mini"]
    folder = tier.artifacts / "trial"
    rows = traces(tier, TRACES, options.seed, folder)
    print(f"{len(rows)} of {TRACES} traces are right and end by themselves")
    teacher, teacher_tokenizer = models.load_teacher(tier)
    asked, pairs = draw("test", options.problems, TEST_SEED), draw_twins("test", options.pairs, TEST_SEED)
    figures = {"traces": {"asked": TRACES, "kept": len(rows)}}
    figures["teacher"] = score(teacher, teacher_tokenizer, tier, asked, pairs)
    student, tokenizer = models.load_student(tier)
    figures["before"] = score(student, tokenizer, tier, asked, pairs)
    student, figures["training"] = distil(student, tokenizer, rows, tier, options.seed, folder)
    figures["after"] = score(student, tokenizer, tier, asked, pairs)
    figures["retained"] = figures["after"]["accuracy"].value / figures["teacher"]["accuracy"].value
    results.write(
        "trial", figures, tier, options.seed, time.monotonic() - began, tiers.ROOT / "data" / "results" / "mini"
    )
    for who in ("teacher", "before", "after"):
        found = figures[who]
        print(f"{who}: right {found['accuracy']}, caught {found['impossible']['detected']}, ", end="")
        print(f"false alarms {found['impossible']['false_alarms']}, ended {found['ended']}")
    print(f"{figures['retained']:.1%} of the teacher's accuracy, after {figures['training']['seconds']} s of training")


if __name__ == "__main__":
    main()
