"""Training an adapter: one set of settings for every method, resumed after a kill, read where finished."""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from tqdm.auto import tqdm

from helpers import disk, memory
from helpers.evaluation.statistics import Estimate
from helpers.models import gpu_errors, unsloth
from helpers.tiers import Tier
from helpers.training import checkpoints
from helpers.training.checkpoints import adapters as adapters

if TYPE_CHECKING:
    from transformers import Trainer, TrainingArguments

RUN = "run.json"


@dataclass(frozen=True)
class Run:
    """How a training went, over all its parts if it was killed and went on.

    Attributes:
        seconds: of training and validation.
        steps: of the optimizer.
        loss: (step, mean loss since the entry before, in nats a learnt token).
        validation: (epoch, Estimate of right answers).
        folder: where its checkpoints are.
        before: MB in use before the training, before its last part if it was killed.
        peak: MB in use at its peak, in its last part if it was killed.
    """

    seconds: float
    steps: int
    loss: list[tuple[int, float]]
    validation: list[tuple[int, Estimate]]
    folder: Path
    before: float
    peak: float


def settings(
    tier: Tier, seed: int, folder: Path | str, of_trl: bool = False, form: type | None = None, **changes: object
) -> "TrainingArguments":
    """`TrainingArguments`: one optimizer and one schedule over all epochs, a checkpoint at each epoch's end.

    Args:
        tier: whose batches, epochs and learning rate they are.
        seed: of the order of rows.
        folder: where the checkpoints go.
        of_trl: TRL's `SFTConfig` with the same settings, and the loss on the answer alone, without packing.
        form: another class of settings that derives from `TrainingArguments`.
        **changes: fields to set otherwise.

    Raises:
        ValueError: for a micro_batch that does not divide batch_size.
    """
    from transformers import TrainingArguments  # not at the top: see helpers.models.loading

    check_batches(tier)
    on_gpu = torch.cuda.is_available()
    chosen = {
        "output_dir": str(folder),
        "num_train_epochs": tier.epochs,
        "per_device_train_batch_size": tier.micro_batch,
        "gradient_accumulation_steps": tier.batch_size // tier.micro_batch,
        "learning_rate": tier.lora.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 0.05,  # a share of all steps
        # Unsloth has defaults of its own for these two, which would make another run of it than on a CPU.
        "optim": "adamw_torch_fused",
        "weight_decay": 0.0,
        "adam_beta2": 0.98,  # a memory of fifty steps: the mini tier's run has only some hundred
        "train_sampling_strategy": "group_by_length",
        "gradient_checkpointing": on_gpu,
        "bf16": on_gpu and torch.cuda.is_bf16_supported(including_emulation=False),
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        # Several processes: each weight of an adapter gets a gradient, and a projection is used outside of the model,
        # where a search for what is unused would not see it.
        "ddp_find_unused_parameters": False,
        "save_strategy": "epoch",
        "logging_steps": 10,
        "logging_nan_inf_filter": False,  # a loss of NaN is not to be logged as 0: see callbacks.Finite
        "report_to": "none",
        "disable_tqdm": True,  # `run` shows a bar of its own, which goes when it is done
        "seed": seed,
    }
    if form:
        return on_one_card(form(**chosen | changes))
    if not of_trl:
        return on_one_card(TrainingArguments(**chosen | changes))
    from trl import SFTConfig

    # Unsloth makes one row of a batch (padding_free) if it is not told otherwise, and so another run.
    own = {"max_length": tier.max_length, "completion_only_loss": True, "packing": False, "padding_free": False}
    return on_one_card(SFTConfig(**chosen | own | changes))


def on_one_card(args: "TrainingArguments") -> "TrainingArguments":
    """The settings for one card in a process: Trainer would share a batch among all that it sees, and make it as large.

    Several cards are for several processes (torchrun, accelerate).
    """
    if args.n_gpu > 1:
        args._n_gpu = 1
    return args


def check_batches(tier: Tier) -> None:
    """Refuses a tier whose batch cannot be cut into its micro-batches: another batch would be trained.

    Raises:
        ValueError: with the micro-batches that fit.
    """
    if not 1 <= tier.micro_batch <= tier.batch_size or tier.batch_size % tier.micro_batch:
        fit = [str(size) for size in range(1, tier.batch_size + 1) if tier.batch_size % size == 0]
        raise ValueError(
            f"micro_batch is {tier.micro_batch}, and a batch of {tier.batch_size} cannot be cut into such parts: "
            f"choose {', '.join(fit)}"
        )


def run(trainer: "Trainer") -> Run:
    """Trains what is left to train: from the last whole checkpoint on if there is one, nothing if it is finished.

    A finished run is read from its folder, `trainer.args.output_dir`, and the trainer's model stays as it is: load
    an adapter from `adapters(folder)`. A checkpoint that a kill left half written is deleted. Where another process
    trains in the same folder, this one waits, says so, and then reads.

    Raises:
        FloatingPointError: before a step is made of it, for a gradient or a loss that is not finite.
    """
    folder = Path(trainer.args.output_dir)
    first = trainer.is_world_process_zero()  # of the processes of one training, which share the folder
    with disk.one_writer(folder) if first else nullcontext():
        return read_again(folder) if finished(folder) else _run(trainer, folder, first)


def _run(trainer, folder: Path, first: bool) -> Run:
    """As `run`. first: whether this process is the one that writes."""
    from transformers import PrinterCallback

    from helpers.training.callbacks import Bar, Clock, Finite, Whole

    folder.mkdir(parents=True, exist_ok=True)
    trainer.remove_callback(PrinterCallback)  # a line for every tenth step
    enough, shown = gpu_errors.enough_memory("training"), tqdm(desc="steps", delay=5, leave=False)
    with memory.track("training") as cost, shown, enough, unsloth.without_logits():
        for callback in (Clock(), Finite(), Whole(), Bar(shown)):
            trainer.add_callback(callback)
        trainer.train(resume_from_checkpoint=checkpoints.last_whole(folder))
    log = trainer.state.log_history
    told = {
        "seconds": round(sum(entry.get("part_seconds", 0.0) for entry in log), 1),
        "steps": trainer.state.global_step,
        "loss": [(entry["step"], entry["loss"]) for entry in log if "loss" in entry],
        "validation": [(entry["epoch"], entry["validation"]) for entry in log if "validation" in entry],
        "before": round(cost.before),
        "peak": round(cost.peak),
    }
    if first:
        disk.write_whole(folder / RUN, json.dumps(told, indent=1) + "\n")
    trainer.accelerator.wait_for_everyone()
    return read(folder)


def read_again(folder: Path) -> Run:
    """As `read`, and says so: a cell that trains took no time."""
    print(f"trained before, and read from {disk.shown(folder)}")
    return read(folder)


def finished(folder: Path) -> bool:
    """Whether a training in this folder came to its end."""
    return (Path(folder) / RUN).is_file()


def read(folder: Path) -> Run:
    """The finished run of a folder.

    Raises:
        FileNotFoundError: if it is not finished.
    """
    if not finished(folder):
        raise FileNotFoundError(f"there is no finished training in {folder}: `training.run` makes one")
    told = json.loads((Path(folder) / RUN).read_text(encoding="utf-8"))
    found = [(epoch, Estimate(**share)) for epoch, share in told["validation"]]
    losses = [(step, loss) for step, loss in told["loss"]]
    return Run(told["seconds"], told["steps"], losses, found, Path(folder), told["before"], told["peak"])
