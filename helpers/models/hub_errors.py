"""What keeps a model or a data set of the Hub from being had: the Hub's own words, and the mend that they lack."""

import errno
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from helpers.provenance import no_bars
from helpers.tiers import ModelSpec, student_override

NEEDED = ("*.safetensors", "*.json", "*.model", "*.jinja", "*.txt")  # of a repository, to load a model from it
POINTER = b"version https://git-lfs"  # what a file of Git LFS begins with, until it is fetched
REFUSED = re.compile(r"\bgated\b|\b40[13] (Client Error|Forbidden|Unauthorized)")


def mend(error: BaseException, name: str) -> str | None:
    """What to do about an error of the Hub.

    Args:
        error: what caused it is looked at too.
        name: of the model or the data set that was asked for.

    Returns:
        The mend, and what the Hub said; None for an error that is none of the Hub's or the disk's.
    """
    from huggingface_hub import errors

    chain = list(_causes(error))

    def caused(*kinds: type) -> bool:
        return any(isinstance(one, kinds) for one in chain)

    if any(isinstance(one, OSError) and one.errno in (errno.ENOSPC, errno.EDQUOT) for one in chain):
        return no_space()
    page = f"https://huggingface.co/{name}"
    if caused(errors.RevisionNotFoundError):
        return f"the Hub has no such commit of it: see {page}/commits/main"
    # To who is not known, the Hub answers that there is no such repository.
    if caused(errors.GatedRepoError, errors.RepositoryNotFoundError) or any(map(REFUSED.search, map(str, chain))):
        said = next((one for one in chain if isinstance(one, errors.HfHubHTTPError)), error)
        return (
            f"accept the terms on {page}, and log in with `hf auth login`, or put a token in HF_TOKEN that may read it "
            f"(`hf auth whoami` names the account){student_override.instead_of(name)}. The Hub said: "
            f"{' '.join(str(said).split())}"
        )
    if caused(errors.LocalEntryNotFoundError, ConnectionError, TimeoutError) or "couldn't connect" in str(error):
        return not_reached()
    return None


def not_reached() -> str:
    """What to do without a network, or where the Hub is switched off."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        here = f"HF_HUB_OFFLINE is set, and it is not in {constants.HF_HUB_CACHE}: unset it once to download it"
    else:
        here = "see whether the Hub can be reached (behind a proxy, set HTTPS_PROXY)"
    return f"{here}, or take the tier that needs no network: DISTILL_TIER=mini"


def no_space(needed: float | None = None) -> str:
    """What to do where the disk is full, or would be.

    Args:
        needed: bytes that are still to be downloaded, if that is known.
    """
    from huggingface_hub import constants

    wanted = "" if needed is None else f"{needed / 1e9:.1f} GB are to be downloaded and "
    return (
        f"there is no space for it on the disk: {wanted}{_free() / 1e9:.1f} GB are free at {constants.HF_HUB_CACHE}. "
        "`hf cache ls` shows what lies there and `hf cache rm` deletes it; HF_HOME names another disk"
    )


def check_space(spec: ModelSpec) -> None:
    """Looks, before a byte of a model is downloaded, whether the disk has room for what is still missing.

    Says nothing where nothing can be asked: then the download itself tells what is wrong.

    Raises:
        OSError: if it has no room.
    """
    from huggingface_hub import constants, snapshot_download

    if constants.HF_HUB_OFFLINE:
        return
    try:
        with no_bars():
            files = snapshot_download(spec.name, revision=spec.revision, allow_patterns=list(NEEDED), dry_run=True)
    except OSError:
        return
    needed = sum(file.file_size or 0 for file in files if file.will_download)
    if needed > _free():
        raise OSError(errno.ENOSPC, f"{spec.name} at revision {spec.revision} was not loaded: {no_space(needed)}")


def check_files(folder: Path) -> None:
    """Looks whether what lies in a folder is only a pointer to a file, as in a clone without Git LFS, or a part of it.

    Of weights the header alone is read, which says how long they are.

    Raises:
        OSError: naming the file.
    """
    from safetensors import SafetensorError, safe_open

    for path in sorted(path for kind in NEEDED for path in folder.glob(kind)):
        with open(path, "rb") as file:
            if file.read(len(POINTER)) == POINTER:
                raise OSError(f"{path} is a pointer of Git LFS and not the file: get it with `git lfs pull`")
        if path.suffix == ".safetensors":
            try:
                safe_open(path, "numpy")
            except SafetensorError as error:
                size = path.stat().st_size
                raise OSError(
                    f"{path} is no whole file of weights ({size:,} bytes): copy or download it again. {error}"
                ) from error
    for index in sorted(folder.glob("*.safetensors.index.json")):
        named = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        missing = sorted({name for name in named if not (folder / name).is_file()})
        if missing:
            raise OSError(f"{folder} has no {missing[0]}, which {index.name} names: copy the model again")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _free() -> int:
    """The bytes that are free where models are kept; the cache is made at the first download."""
    from huggingface_hub import constants

    cache = Path(constants.HF_HUB_CACHE)
    return shutil.disk_usage(next(path for path in (cache, *cache.absolute().parents) if path.exists())).free
