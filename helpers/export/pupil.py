"""What is taken home: the base and the adapter of a finished training, and where each of them came from."""

from dataclasses import dataclass
from pathlib import Path

from helpers import disk, provenance, training
from helpers.tiers import ModelSpec
from helpers.training.checkpoints import is_whole
from helpers.training.method import Method


@dataclass(frozen=True)
class Pupil:
    """A student after its lessons, as it is taken home.

    Attributes:
        method: the distillation that taught it.
        run: how its training went.
        adapter: the folder of the checkpoint whose adapter it has.
        base: the model that the adapter belongs to.
    """

    method: Method
    run: training.Run
    adapter: Path
    base: ModelSpec

    @property
    def record(self) -> dict:
        """What makes it what it is, without a path of this computer."""
        return {
            "base": shown(self.base), "base_revision": provenance.revision(self.base),
            "run": self.method.folder.name, "checkpoint": self.adapter.name,
            "adapter": provenance.digest(self.adapter / "adapter_model.safetensors"),
        }  # fmt: skip


def pupil_of(method: Method, adapter: Path | str | None = None) -> Pupil:
    """The student of a finished training.

    Args:
        method: the distillation.
        adapter: the checkpoint, one of `training.adapters(method.folder)`; the last one if None.

    Raises:
        FileNotFoundError: where the training is not finished or has no adapter.
        ValueError: for a checkpoint that is not whole.
    """
    run = training.read(method.folder)
    chosen = Path(adapter) if adapter is not None else training.adapters(method.folder)[-1]
    if not is_whole(chosen):
        raise ValueError(f"{chosen} is no whole checkpoint: choose one of `training.adapters(method.folder)`")
    return Pupil(method, run, chosen, getattr(method.tier, method.role))


def shown(spec: ModelSpec) -> str:
    """A model's name as others may read it: the Hub's, or a folder's from the project's root on, or its last part."""
    return disk.shown(spec.source) if spec.local else spec.name
