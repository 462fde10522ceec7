"""How a reader names a model, a dataset or a file: a path, or a name on the Hub with its commit."""

import re
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = r"[\w.-]+(?:/[\w.-]+)?"
# A commit: a branch or a tag can move to other weights.
COMMIT = r"[0-9a-f]{7,40}"


def place_of(named: str | Path, places: Sequence[Path] | None = None) -> Path | None:
    """The file or folder of a path, looked for from where the program runs and from the project's root on.

    Args:
        named: a path; a notebook runs in its own folder.
        places: folders to look from, the first one first; None for these two, which must not both have it.

    Raises:
        ValueError: where both have one, naming the two.
    """
    folders = [Path.cwd(), ROOT] if places is None else places
    found = list(dict.fromkeys((folder / Path(named).expanduser()).resolve() for folder in folders))
    there = [path for path in found if path.exists()]
    if places is None and len(there) > 1:
        raise ValueError(f"{named} may be {there[0]} or {there[1]}: write the whole path of the one that is meant")
    return there[0] if there else None


def from_root(path: Path) -> str:
    """A path as a tier holds it: from the project's root on, or whole where it lies elsewhere."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def on_the_hub(named: str, who: str, what: str, places: Sequence[Path], datasets: bool = False) -> tuple[str, str]:
    """The name and the commit of NAME@COMMIT.

    Args:
        named: what was written.
        who: the variable or argument that it was written to, for the message.
        what: what it is no path of, "folder" or "file or folder".
        places: where that was looked for.
        datasets: whether it is a dataset and no model.

    Raises:
        ValueError: for a name without a commit, saying where one is found.
    """
    found = re.fullmatch(f"({NAME})@({COMMIT})", named)
    if found:
        return found[1], found[2]
    name, _, commit = named.partition("@")
    mend = f"write {who}=NAME@COMMIT"
    if re.fullmatch(NAME, name):
        page = f"https://huggingface.co/{'datasets/' * datasets}{name}/commits/main"
        mend = f"write {who}={name}@COMMIT, with one from {page}"
    no_commit = f"{commit!r} is no commit" if commit else "it names no commit"
    there = " or ".join(dict.fromkeys(map(str, places)))
    raise ValueError(
        f"{who} is {named!r}: there is no such {what} ({there}), and {no_commit}, so the "
        f"{'data' if datasets else 'model'} could change under a result: {mend}"
    )
