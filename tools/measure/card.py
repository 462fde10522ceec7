"""The card's own counters: its memory, the peak, the clock and a cap. The tests replace this and nothing else."""

import gc
import json
import subprocess
import sys
import time

import torch
from planner.cards import GB, RUNTIME, card_of


class Card:
    """The first card that PyTorch sees. Raises RuntimeError where there is none, saying what is needed."""

    def __init__(self):
        if not torch.cuda.is_available():
            raise RuntimeError(
                "this needs an NVIDIA GPU that PyTorch can use (a CUDA build of PyTorch; 24 GB for `full`, 16 GB for "
                "`small`), and none is seen here: nothing was measured"
            )
        found = torch.cuda.get_device_properties(0)
        self.name, self.memory, self.fraction = found.name, found.total_memory, 1.0

    def about(self) -> dict:
        """Name, memory in GB, CUDA's version and the driver's."""
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        try:
            driver = subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.strip().splitlines()[0]
        except (OSError, subprocess.SubprocessError, IndexError):
            driver = None
        return {"name": self.name, "memory_gb": self.memory / GB, "cuda": torch.version.cuda, "driver": driver}

    def cap(self, gb: int) -> None:
        """Lets this process have no more for tensors than a card that is sold with so many GB gives it."""
        self.fraction = min(1.0, (card_of(str(gb)).memory - RUNTIME) / self.memory)
        self.capped(True)

    def capped(self, on: bool) -> None:
        """Lifts the cap for a while, or puts it back. It is looked at whenever PyTorch asks for more."""
        torch.cuda.set_per_process_memory_fraction(self.fraction if on else 1.0, 0)

    def clear(self) -> None:
        """Gives back what is free, and begins a new peak."""
        gc.collect()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()

    def used(self) -> float:
        """GB of tensors now."""
        return torch.cuda.memory_allocated() / GB

    def peak(self) -> dict[str, float]:
        """GB since `clear`: of tensors, and of what PyTorch held for them."""
        return {
            "peak_gb": torch.cuda.max_memory_allocated() / GB, "held_gb": torch.cuda.max_memory_reserved() / GB,
        }  # fmt: skip

    def now(self) -> float:
        """Seconds, when all that was asked of the card is done."""
        torch.cuda.synchronize()
        return time.perf_counter()


if __name__ == "__main__":
    # A process of its own asks: one that has asked holds a part of the card until it ends.
    try:
        print(json.dumps(Card().about()))
    except RuntimeError as error:
        sys.exit(str(error))
