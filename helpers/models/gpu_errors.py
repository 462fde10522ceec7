"""What keeps a model from running on a card, and what to do about it: a function for each trouble."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# What takes the memory of a phase, as fields of a Tier, and how to make it smaller.
SMALLER = {
    "training": "micro_batch (a batch stays as large, in more parts), then max_length: "
    "tier = dataclasses.replace(tier, micro_batch=1)",
    "answers": "generate_batch for the teacher's traces, answer_batch for a student's answers, then max_new_tokens "
    "and answer_tokens: tier = dataclasses.replace(tier, generate_batch=2, answer_batch=4)",
}


def unseen_card() -> str | None:
    """Why PyTorch sees no GPU though there is an NVIDIA card; None if it sees one, there is none, or it is hidden."""
    if torch.cuda.is_available() or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1") or not _card_there():
        return None
    if torch.version.cuda is None:
        return (
            f"there is an NVIDIA card, and PyTorch {torch.__version__} was built without CUDA: make the GPU "
            "environment, as README says, with requirements-gpu.txt"
        )
    try:
        torch.cuda.init()
        reason = "torch.cuda.is_available() is False"
    except (RuntimeError, AssertionError) as error:
        reason = str(error)
    if "driver" in reason and "too old" in reason:
        return (
            f"the NVIDIA driver is too old for PyTorch {torch.__version__}, which was built for CUDA "
            f"{torch.version.cuda}: update the driver (`nvidia-smi` shows its version, and at its top the newest CUDA "
            f"that it can run), and restart. PyTorch said: {reason}"
        )
    return f"there is an NVIDIA card that PyTorch cannot use: {reason}. Restart; if it stays, install the driver anew"


def no_bfloat16() -> str:
    """A card before Ampere, such as a T4: float16 would overflow in Gemma 3."""
    return (
        "this card has no bfloat16, and in float16 Gemma 3 overflows, so float32 is used: what is not in 4 bits takes "
        "twice the memory, and products of matrices take several times as long (NVIDIA gives a T4 8 TFLOPS in float32 "
        "and 65 in float16)"
    )


@contextmanager
def enough_memory(phase: str) -> Iterator[None]:
    """Where the card's memory runs out in a phase, a key of SMALLER, or "loading": says what to make smaller.

    Raises torch.OutOfMemoryError, as PyTorch does.
    """
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise torch.OutOfMemoryError(f"{out_of_memory(phase)}. PyTorch said: {error}") from error


def out_of_memory(phase: str) -> str:
    """The card's memory is full. phase: as `enough_memory`."""
    if phase not in SMALLER:
        return (
            "the card's memory is full before the model is whole: see with `nvidia-smi` who else uses it, let go of "
            "models that are not needed (models.unload), or take the smaller tier: DISTILL_TIER=small"
        )
    return (
        f"the card's memory does not do for the {phase}: let go of models that are not needed (models.unload), or make "
        f"smaller {SMALLER[phase]}"
    )


def _card_there() -> bool:
    """Whether the driver's own program lists a card."""
    if shutil.which("nvidia-smi") is None:
        return False
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return False
    return listed.returncode == 0 and "GPU " in listed.stdout
