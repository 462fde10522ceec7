"""What a tier is made of: where its problems come from, a teacher's address, how it samples, an adapter, a budget."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

URL, MODEL = "DISTILL_TEACHER_URL", "DISTILL_TEACHER_MODEL"  # the environment variables that name a server


@dataclass(frozen=True)
class DataSpec:
    """Where the problems come from; `helpers.problems` makes its own and has neither config nor revision."""

    name: str
    config: str | None = None
    revision: str | None = None
    most: int | None = None  # how many a validation or a test has of problems that are made here; None: no end of them

    # Of a reader's own questions the last two are fields: how they are answered (`tiers.kinds`), and how many traces
    # the teacher writes to each.
    own = False
    kind = "number"
    samples = 1

    @property
    def made_here(self) -> bool:
        """Whether the project makes them itself, as many as are wanted."""
        return self.name == "helpers.problems"


@dataclass(frozen=True)
class EndpointSpec:
    """A teacher behind an OpenAI-compatible server, in the place of a `ModelSpec`: it answers, and is not here.

    Attributes:
        base_url: the server's address up to its version, such as http://127.0.0.1:8000/v1.
        model: what the model is called there.

    Raises:
        ValueError: for an address that is none, and for one with a password or a key in it, which is not shown.
    """

    base_url: str
    model: str

    local = False  # no folder
    revision = None  # whoever runs the server may change what stands behind a name

    def __post_init__(self):
        fault = url_fault(self.base_url)
        object.__setattr__(self, "base_url", "" if fault else self.base_url.rstrip("/"))
        if fault:
            raise ValueError(f"base_url {fault}")
        if not isinstance(self.model, str) or not self.model.strip():
            raise ValueError(f"model is {self.model!r}: give the name that the server has for it")

    @property
    def name(self) -> str:
        """What the model is called."""
        return self.model

    @property
    def source(self) -> str:
        """Nothing to load: raises ValueError, with what to do instead."""
        raise ValueError(
            f"{self.model} is behind a server, which gives a teacher's words and neither its tokenizer nor its "
            "logits: learn from its traces (methods.Token), or name a folder or a model on the Hub as the teacher"
        )


def endpoint(base_url: str | None = None, model: str | None = None) -> EndpointSpec:
    """A teacher behind an OpenAI-compatible server, for `Tier.teacher`.

    Args:
        base_url: the server's address; DISTILL_TEACHER_URL if None.
        model: its name for the model; DISTILL_TEACHER_MODEL if None.

    Raises:
        ValueError: where neither names one, and as `EndpointSpec`.
    """
    for value, variable, example in ((base_url, URL, "http://127.0.0.1:8000/v1"), (model, MODEL, "qwen3:4b")):
        if value is None and not os.environ.get(variable):
            raise ValueError(f"no server has been named: set {variable}, for example to {example}")
    # Looked at here, where no variable holds it: a password in it would stand in a traceback that shows them.
    fault = url_fault(os.environ[URL]) if base_url is None else ""
    if fault:
        raise ValueError(f"{URL} {fault}")
    return EndpointSpec(os.environ[URL] if base_url is None else base_url, model or os.environ[MODEL])


def url_fault(url: object) -> str:
    """What is wrong with a server's address; "" where it can be one. It repeats nothing: a key may stand in it."""
    shape = "such as http://127.0.0.1:8000/v1"
    if not isinstance(url, str) or not url.lower().startswith(("http://", "https://")):
        return f"is no address that begins with http:// or https://, {shape}"
    if any(mark in url for mark in "@?#"):
        return f"has a name, a password or a key in it: give the address alone, {shape}, and the key as it is told"
    try:
        parts = urlsplit(url)
        there = bool(parts.hostname) and parts.port != 0 and not any(letter.isspace() for letter in url)
    except ValueError:
        there = False
    if not there:
        return f"has no host, or a port that is none: give an address {shape}"
    if parts.path.rstrip("/").endswith("/completions"):
        return f"goes too far: leave /chat/completions out, {shape}"
    return ""


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

    own = True
