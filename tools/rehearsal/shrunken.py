"""What a kernel of the rehearsal begins with: small and full tiers of a few steps, and no way out of its folder.

The rehearsal puts this before the first cell of each notebook. The notebooks and helpers stay as they are: what
changes is how much of everything there is, where it is kept, and that there is no network.
"""

import os
import socket
import sys
from dataclasses import replace
from importlib.machinery import PathFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "DISTILL_REHEARSAL"  # the environment variable that names the folder in which everything has to stay
# As few as the notebooks allow: 06 looks at 24 of 3/64 of the traces, 03 divides its steps by 10. 04 goes through the
# epochs before the last, so the cheaper tier has one of those.
ALIKE = {"traces": 512, "max_new_tokens": 64, "answer_tokens": 16, "generate_batch": 32, "answer_batch": 24}
FEWER = {"small": {**ALIKE, "epochs": 2, "batch_size": 16}, "full": {**ALIKE, "epochs": 1, "batch_size": 8}}
COLLECTED = 128  # of those traces
QUESTIONS = 24  # of a validation or a test
# What GSM8K has: 7,473 and 1,319 questions, and one in ten of the first held back, by its text.
REAL = {"train": 6_759, "validation": 714, "test": 1_319}
HERE = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def shrunken(tier):
    """The tier with less of everything, its models, data and training as they are.

    Without top_p too: the library sorts 151,936 logits a token for it, which would be most of a rehearsal's time on a
    CPU. `late_faults` asks a few questions with the tier's own sampling.
    """
    return replace(tier, sampling=replace(tier.sampling, top_p=1.0), **FEWER[tier.name])


def fewer(questions, many: int = QUESTIONS):
    """`questions.draw` with at most so many for validation and test. Raises ValueError where GSM8K has not enough."""

    def asked(tier, split: str, n: int, seed: int, **how):
        if n > REAL.get(split, n):
            raise ValueError(f"GSM8K has {REAL[split]:,} {split} questions, and {n:,} were asked for")
        return questions(tier, split, n if split == "train" else min(n, many), seed, **how)

    return asked


def collected(collect, many: int = COLLECTED):
    """`traces.collect` with at most so many traces."""

    def made(tier, n: int, *more, **others):
        return collect(tier, min(n, many), *more, **others)

    return made


def watch(folder: Path, root: Path = ROOT):
    """An audit hook: no connection but to this machine, and nothing written to the project outside of the folder."""

    def hook(event: str, arguments: tuple) -> None:
        if event == "socket.connect":
            address = arguments[1]
            if isinstance(address, tuple) and address[0] not in HERE:
                raise OSError(f"the rehearsal has no network, and something asked for {address[0]}")
        elif event == "socket.getaddrinfo":
            if arguments[0] not in HERE | {socket.gethostname()}:
                raise OSError(f"the rehearsal has no network, and something asked for {arguments[0]}")
        elif event == "open":
            path, mode, flags = arguments
            if isinstance(path, str | bytes | os.PathLike) and _writes(mode, flags):
                _refuse(path, folder, root)
        elif event in ("os.mkdir", "os.rename"):
            _refuse(arguments[1 if event == "os.rename" else 0], folder, root)

    return hook


def _writes(mode: str | None, flags: int | None) -> bool:
    return any(letter in mode for letter in "wax+") if mode else bool((flags or 0) & WRITING)


def _refuse(path, folder: Path, root: Path) -> None:
    # Compiled code may be kept beside its source: `__pycache__` is no result.
    place = Path(os.path.abspath(os.fsdecode(path)))
    if place.is_relative_to(root) and not place.is_relative_to(folder) and "__pycache__" not in place.parts:
        raise PermissionError(f"a rehearsal keeps nothing outside of {folder}, and something writes to {place}")


def begin() -> None:
    """Begins a rehearsal in this process. Raises KeyError where DISTILL_REHEARSAL does not name the folder.

    Nothing is imported yet, so that the first import of a notebook stays the first: the modules are changed when they
    come.
    """
    folder = Path(os.environ[FOLDER])
    changes = {
        "helpers.tiers": lambda tiers: shrink(tiers, folder), "helpers.questions": ask_fewer,
        "helpers.traces": collect_fewer,
    }  # fmt: skip
    sys.meta_path.insert(0, Changed(changes))
    sys.addaudithook(watch(folder))


def shrink(tiers, folder: Path) -> None:
    """Puts the shrunken tiers in the place of the real ones, and their artifacts into the folder."""
    for name in ("small", "full"):
        real = tiers.TIERS[name]
        if real.traces > REAL["train"]:
            raise ValueError(f"the {name} tier wants {real.traces:,} traces of {REAL['train']:,} questions")
        tiers.TIERS[name] = shrunken(real)
    tiers.Tier.artifacts = property(lambda tier: folder / tier.name / "made")


def ask_fewer(module) -> None:
    """Puts `fewer` in the place of what it calls."""
    module.draw = fewer(module.draw)


def collect_fewer(module) -> None:
    """Puts `collected` in the place of what it calls."""
    module.collect = collected(module.collect)


class Changed:
    """A finder of modules that calls a function with some of them as soon as they are imported."""

    def __init__(self, changes: dict):
        self.changes = changes

    def find_spec(self, name, path=None, target=None):
        change = self.changes.get(name)
        found = PathFinder.find_spec(name, path, target) if change else None
        if found:
            run = found.loader.exec_module

            def run_and_change(module):
                run(module)
                change(module)

            found.loader.exec_module = run_and_change
        return found
