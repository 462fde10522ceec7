"""How a reader names a model, a dataset or a file: a path, or a name on the Hub with its commit."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAME = r"[\w.-]+(?:/[\w.-]+)?"
# A commit: a branch or a tag can move to other weights.
COMMIT = r"[0-9a-f]{7,40}"


def place_of(named: str | Path) -> Path | None:
    """The file or folder of a path, looked for from where the program runs and from the project's root on.

    A notebook runs in its own folder.

    Raises:
        ValueError: where both have one, naming the two.
    """
    there = [path for path in _looked(named) if path.exists()]
    if len(there) > 1:
        raise ValueError(f"{named} may be {there[0]} or {there[1]}: write the whole path of the one that is meant")
    return there[0] if there else None


def from_root(path: Path) -> str:
    """A path as a tier holds it: from the project's root on, or whole where it lies elsewhere."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)


def model(named: str, who: str) -> tuple[str, str | None]:
    """A model's folder and None, or its name on the Hub and its commit.

    Args:
        named: what was written.
        who: the variable or argument that it was written to, for the message.

    Raises:
        ValueError: for a folder that is not there, and for a name without a commit, saying where one is found.
    """
    folder = place_of(named)
    return (from_root(folder), None) if folder and folder.is_dir() else _on_the_hub(named, who, "folder")


def data(named: str | Path, who: str) -> tuple[str, str | None]:
    """The place of data, a file or folder, and None; or a dataset's name on the Hub and its commit. Args as `model`.

    Raises:
        ValueError: for a name without a commit.
        FileNotFoundError: for a path that is none.
    """
    path = place_of(named)
    if path:
        return from_root(path), None
    if isinstance(named, Path) or Path(named).suffix or named.startswith((".", "/", "~")):
        looked = " or ".join(map(str, _looked(named)))
        raise FileNotFoundError(f"{who} is {str(named)!r}, and there is no such file or folder ({looked}): correct it")
    return _on_the_hub(named, who, "file or folder")


def _looked(named: str | Path) -> list[Path]:
    return list(dict.fromkeys((folder / Path(named).expanduser()).resolve() for folder in (Path.cwd(), ROOT)))


def _on_the_hub(named: str, who: str, what: str) -> tuple[str, str]:
    found = re.fullmatch(f"({NAME})@({COMMIT})", named)
    if found:
        return found[1], found[2]
    name, _, commit = named.partition("@")
    data, mend = what != "folder", f"write {who}=NAME@COMMIT"
    if re.fullmatch(NAME, name):
        page = f"https://huggingface.co/{'datasets/' * data}{name}/commits/main"
        mend = f"write {who}={name}@COMMIT, with one from {page}"
    no_commit = f"{commit!r} is no commit" if commit else "it names no commit"
    raise ValueError(
        f"{who} is {named!r}: there is no such {what} ({' or '.join(map(str, _looked(named)))}), and {no_commit}, so "
        f"the {'data' if data else 'model'} could change under a result: {mend}"
    )
