"""What a training's step costs, from the rows on the disk to the new weights, without the rest of a training."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from helpers.training.method import Method

if TYPE_CHECKING:
    from transformers import Trainer


def steps(method: Method, batches: Sequence[Sequence[int]]) -> list[float]:
    """A fresh student learns some batches.

    Args:
        method: whose trainer is made; nothing of it is written.
        batches: of each, the numbers of its rows. The first does not count: what is slow once only, is slow in it.

    Returns:
        The seconds of each batch but the first.
    """
    trainer = method.trainer()
    trainer.create_optimizer()
    trainer.model.train()
    return [step(trainer, numbers) for numbers in batches][1:]


def step(trainer: "Trainer", numbers: Sequence[int]) -> float:
    """The seconds of one step.

    Args:
        trainer: with its optimizer.
        numbers: of the rows of its batch.
    """
    begun = time.perf_counter()
    data = [trainer.train_dataset[number] for number in numbers]
    batch = {name: each.to(trainer.model.device) for name, each in trainer.data_collator(data).items()}
    trainer.compute_loss(trainer.model, batch).backward()
    trainer.optimizer.step()
    trainer.optimizer.zero_grad()
    return time.perf_counter() - begun
