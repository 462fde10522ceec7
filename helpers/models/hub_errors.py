"""What keeps a model of the Hub from being had, and what to do about it: a function for each trouble."""

import errno
import json
import re
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.tiers import ModelSpec, student_override

NEEDED = ("*.safetensors", "*.json", "*.model", "*.jinja", "*.txt")  # of a repository, to load a model from it
POINTER = b"version https://git-lfs"  # what a file of Git LFS begins with, until it is fetched
META = "__metadata__"  # in the header of a file of weights: what is no weight


def mend(error: BaseException, name: str) -> str | None:
    """What to do about an error of the Hub; None if it is none of those that are known here.

    name: of the model or the data set that was asked for. What caused the error is looked at too.
    """
    from huggingface_hub import errors

    chain = list(_causes(error))
    if any(isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT) for one in chain):
        return no_space()
    status = next(filter(None, map(_status, chain)), None)
    if status in (401, 403):
        return no_token(name) if status == 401 else no_access(name)
    if any(isinstance(one, errors.GatedRepoError) for one in chain) or re.search(r"\bgated\b", str(error).lower()):
        return gated(name)
    if any(isinstance(one, errors.RevisionNotFoundError) for one in chain):
        return f"the Hub has no such commit of it: see https://huggingface.co/{name}/commits/main"
    unreachable = (errors.LocalEntryNotFoundError, ConnectionError, TimeoutError)
    if any(isinstance(one, unreachable) for one in chain) or "couldn't connect" in str(error).lower():
        return not_reached()
    return None


def gated(name: str) -> str:
    """Its owner lets in only who accepted the terms, and the Hub did not say what is missing."""
    return f"accept the terms on {_page(name)} and log in with `hf auth login`{student_override.instead_of(name)}"


def no_token(name: str) -> str:
    """401: the Hub does not know who asks."""
    return (
        "the Hub got no token, or one that is no longer valid (401): make one on "
        f"https://huggingface.co/settings/tokens, log in with `hf auth login` or put it in HF_TOKEN, and accept the "
        f"terms on {_page(name)}{student_override.instead_of(name)}"
    )


def no_access(name: str) -> str:
    """403: the Hub knows who asks, and does not let them in."""
    return (
        "the Hub knows the token and does not let it in (403): accept the terms on "
        f"{_page(name)} with the account that `hf auth whoami` names, let the token read gated repositories, or log in "
        f"with another by `hf auth login`{student_override.instead_of(name)}"
    )


def not_reached() -> str:
    """No network, or the Hub is switched off."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        here = f"HF_HUB_OFFLINE is set, and it is not in {constants.HF_HUB_CACHE}: unset it once to download it"
    else:
        here = "see whether the Hub can be reached (behind a proxy, set HTTPS_PROXY)"
    return f"{here}, or take the tier that needs no network: DISTILL_TIER=mini"


def no_space(needed: float | None = None) -> str:
    """The disk is full, or would be. needed: bytes that are still to be downloaded, if that is known."""
    from huggingface_hub import constants

    free = shutil.disk_usage(_existing(Path(constants.HF_HUB_CACHE))).free
    wanted = "" if needed is None else f"{needed / 1e9:.1f} GB are to be downloaded and "
    return (
        f"there is no space for it on the disk: {wanted}{free / 1e9:.1f} GB are free at {constants.HF_HUB_CACHE}. "
        "`hf cache ls` shows what lies there and `hf cache rm` deletes it; HF_HOME names another disk"
    )


def check_space(spec: ModelSpec) -> None:
    """Raises OSError, before a byte of a model is downloaded, if the disk has no room for what is still missing.

    Says nothing where nothing can be asked: then the download itself tells what is wrong.
    """
    from huggingface_hub import constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        return
    try:
        with _no_bars():
            files = snapshot_download(spec.name, revision=spec.revision, allow_patterns=list(NEEDED), dry_run=True)
    except OSError:
        return
    needed = sum(file.file_size or 0 for file in files if file.will_download)
    if needed > shutil.disk_usage(_existing(Path(constants.HF_HUB_CACHE))).free:
        raise OSError(errno.ENOSPC, f"{spec.name} at revision {spec.revision} was not loaded: {no_space(needed)}")


def check_files(folder: Path) -> None:
    """Raises OSError, naming the file, where what lies in a folder is only a pointer to it, or only a part of it.

    A clone without Git LFS has pointers; a copy that broke off has half a file. Looked at are the weights' headers,
    which say how long they are, and no weight is read.
    """
    for path in sorted(path for kind in NEEDED for path in folder.glob(kind)):
        with open(path, "rb") as file:
            begin = file.read(len(POINTER))
            if begin == POINTER:
                raise OSError(f"{path} is a pointer of Git LFS and not the file: get it with `git lfs pull`")
            if path.suffix == ".safetensors":
                _check_weights(path, file, begin)
    for index in sorted(folder.glob("*.safetensors.index.json")):
        named = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        missing = sorted({name for name in named if not (folder / name).is_file()})
        if missing:
            raise OSError(f"{folder} has no {missing[0]}, which {index.name} names: copy the model again")


def _check_weights(path: Path, file, begin: bytes) -> None:
    """As `check_files`, for a file of weights. begin: its first bytes, which are read already."""
    size = path.stat().st_size
    try:
        length = struct.unpack("<Q", begin[:8])[0]
        file.seek(8)
        header = json.loads(file.read(min(length, size)))
        whole = 8 + length + max((one["data_offsets"][1] for name, one in header.items() if name != META), default=0)
    except (struct.error, ValueError, TypeError, KeyError) as error:
        raise OSError(f"{path} is no whole file of weights ({size:,} bytes): copy or download it again") from error
    if size != whole:
        raise OSError(f"{path} has {size:,} bytes of {whole:,}: copy or download it again")


@contextmanager
def _no_bars() -> Iterator[None]:
    """No progress bars of the Hub for a moment."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    shown = not are_progress_bars_disabled()
    disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            enable_progress_bars()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _status(error: BaseException) -> int | None:
    """The status of an HTTP error, told by itself or by its text."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    said = re.search(r"\b(40[13]) Client Error", str(error))
    return status or (int(said[1]) if said else None)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that there is: the cache is made at the first download."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())


def _page(name: str) -> str:
    return f"https://huggingface.co/{name}"
