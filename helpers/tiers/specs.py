"""What a tier is made of: where its problems come from, how a teacher samples, an adapter, a budget."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DataSpec:
    """Where the problems come from; `helpers.problems` makes its own and has neither config nor revision."""

    name: str
    config: str | None = None
    revision: str | None = None
    most: int | None = None  # how many a validation or a test has of problems that are made here; None: no end of them

    @property
    def made_here(self) -> bool:
        """Whether the project makes them itself, as many as are wanted."""
        return self.name == "helpers.problems"


@dataclass(frozen=True)
class Sampling:
    """How the teacher samples its traces. top_k 0 and top_p 1.0 leave the distribution whole."""

    temperature: float
    top_p: float = 1.0
    top_k: int = 0


@dataclass(frozen=True)
class Lora:
    """A low-rank adapter: rank, scale (alpha / r), learning rate, and the linear layers that get one.

    Their names, or "all-linear" for all but the output layer.
    """

    r: int
    alpha: int
    learning_rate: float
    targets: str | tuple[str, ...] = "all-linear"


@dataclass(frozen=True)
class Budget:
    """Minutes and gigabytes (RAM on a CPU, else GPU memory): on mini of the whole series, measured.

    What is planned comes from `make plan`: traces and token distillation, on a T4 for small, an L4 for full.
    """

    minutes: int
    memory_gb: float
    state: str = "planned, not yet run"

    def __str__(self) -> str:
        return f"about {self.minutes} min and {self.memory_gb:g} GB ({self.state})"
