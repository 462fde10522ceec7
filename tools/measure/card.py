"""The card's own counters: its memory, the peak, the clock and a cap. The tests replace this and nothing else."""

import gc
import subprocess
import time

import torch

GB = 1e9


class Card:
    """The first card that PyTorch sees. Raises RuntimeError where there is none, saying what is needed."""

    def __init__(self):
        if not torch.cuda.is_available():
            raise RuntimeError(
                "this needs an NVIDIA GPU that PyTorch can use (a CUDA build of PyTorch; 24 GB for `full`, 16 GB for "
                "`small`), and none is seen here: nothing was measured"
            )
        found = torch.cuda.get_device_properties(0)
        self.name, self.memory = found.name, found.total_memory

    def about(self) -> dict:
        """Name, memory in GB, CUDA's version and the driver's."""
        asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        try:
            driver = subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.strip().splitlines()[0]
        except (OSError, subprocess.SubprocessError, IndexError):
            driver = None
        return {"name": self.name, "memory_gb": self.memory / GB, "cuda": torch.version.cuda, "driver": driver}

    def cap(self, gb: float) -> None:
        """Lets this process have no more of the card than a card of so many GB has."""
        torch.cuda.set_per_process_memory_fraction(min(1.0, gb * GB / self.memory), 0)

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
