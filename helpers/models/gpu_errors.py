"""What keeps a model from running on a card, and what to do about it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# What takes the memory of a phase, as fields of a Tier, and how to make it smaller.
SMALLER = {
    "training": "micro_batch (a batch stays as large, in more parts), then max_length: "
    "tier = dataclasses.replace(tier, micro_batch=1)",
    "answers": "generate_batch for the teacher's traces, answer_batch for a student's answers, then max_new_tokens "
    "and answer_tokens: tier = dataclasses.replace(tier, generate_batch=2, answer_batch=4)",
}
# A card before Ampere, such as a T4: float16 would overflow in Gemma 3.
NO_BFLOAT16 = (
    "this card has no bfloat16, and in float16 Gemma 3 overflows, so float32 is used: what is not in 4 bits takes "
    "twice the memory, and products of matrices take several times as long (NVIDIA gives a T4 8 TFLOPS in float32 "
    "and 65 in float16)"
)


def unseen_card() -> str | None:
    """Why PyTorch sees no GPU though there is an NVIDIA card; None if it sees one, there is none, or it is hidden."""
    import torch

    if torch.cuda.is_available() or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1") or not _card_there():
        return None
    if torch.version.cuda is None:
        return (
            f"there is an NVIDIA card, and PyTorch {torch.__version__} was built without CUDA: make the GPU "
            "environment, as README says, with requirements-gpu.txt"
        )
    reason = "torch.cuda.is_available() is False"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        reason = str(error)  # of an old driver PyTorch says itself that it is to be updated
    return (
        f"there is an NVIDIA card that PyTorch {torch.__version__}, built for CUDA {torch.version.cuda}, cannot use: "
        f"{reason}. Restart; if it stays, install the newest driver (`nvidia-smi` shows the one that is there)"
    )


@contextmanager
def enough_memory(phase: str) -> Iterator[None]:
    """Where the card's memory runs out, says what to make smaller.

    Args:
        phase: a key of SMALLER, or "loading".

    Raises:
        torch.OutOfMemoryError: as PyTorch does.
    """
    import torch

    try:
        yield
    except torch.OutOfMemoryError as error:
        then = f"make smaller {SMALLER[phase]}" if phase in SMALLER else "take the smaller tier: DISTILL_TIER=small"
        raise torch.OutOfMemoryError(
            f"the card's memory does not do for the {phase}: see with `nvidia-smi` who else uses it, let go of models "
            f"that are not needed (models.unload), or {then}. PyTorch said: {error}"
        ) from error


def _card_there() -> bool:
    """Whether the driver's own program lists a card."""
    with suppress(OSError, subprocess.SubprocessError):  # there may be no such program
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
        return listed.returncode == 0 and "GPU " in listed.stdout
    return False
