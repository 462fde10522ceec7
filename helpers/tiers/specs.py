"""What a tier is made of: where its problems come from, how a teacher samples, an adapter, a budget."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class DataSpec:
    """Where the problems come from; `helpers.problems` makes its own and has neither config nor revision."""

    name: str
    config: str | None = None
    revision: str | None = None
    most: int | None = None  # how many a validation or a test has of problems that are made here; None: no end of them

    own: ClassVar[bool] = False  # whether they are the reader's
    kind: ClassVar[str] = "number"  # how they are answered: one of `tiers.kinds`
    samples: ClassVar[int] = 1  # how many traces the teacher writes to a question

    @property
    def made_here(self) -> bool:
        """Whether the project makes them itself, as many as are wanted."""
        return self.name == "helpers.problems"


@dataclass(frozen=True)
class OwnData(DataSpec):
    """Questions of the reader's own: a file, a folder, or a dataset on the Hub with its commit. `tiers.own` makes it.

    name: a path from the project's root on or a whole one, or a dataset's name. split: of a dataset that has several.
    kind: how the questions are answered, as `tiers.kinds.named` gives it. question, answer, options: what the columns
    are called; options None: the question itself lists them. test: a file, a folder or NAME@COMMIT with questions that
    are the test, whose split is test_split; None: some of the questions are held out for it. near: from which likeness
    on, 0 to 1, two questions are near-duplicates.
    """

    split: str = "train"
    kind: str = "number"
    question: str = "question"
    answer: str = "answer"
    options: str | None = None
    test: str | None = None
    test_split: str = "test"
    samples: int = 1
    near: float = 0.8

    own: ClassVar[bool] = True


@dataclass(frozen=True)
class EndpointSpec:
    """A model behind a server that speaks OpenAI's protocol. It can be asked, and neither loaded nor looked into."""

    base_url: str
    model: str

    local: ClassVar[bool] = False
    revision: ClassVar[None] = None

    @property
    def name(self) -> str:
        """What the server calls the model."""
        return self.model


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
