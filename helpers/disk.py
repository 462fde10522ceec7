"""What comes to the disk: whole or not at all, by one writer at a time, and told where it was damaged since."""

import errno
import hashlib
import os
import shutil
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import tiers
from helpers.sources import digest

if TYPE_CHECKING:  # datasets takes a second to import: only what stores or reads one does it
    from datasets import Dataset

try:
    import fcntl
except ImportError:  # Windows, which has msvcrt instead
    fcntl = None

WAIT = 0.1  # seconds between two looks at a lock
CHECKSUM = "checksum"
WRITTEN = ("data-*.arrow", "dataset_info.json", "state.json")  # by `save_to_disk`; a trainer's `map` adds others
TAKEN = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # by another; any other error: the file system has no locks

_inside: set[tuple[Path, int]] = set()  # the locks of this process, each with its thread


class Damaged(ValueError):
    """What is there is not what was written."""


def shown(path: Path | str) -> str:
    """A path as it is told: from the project's root on, or its last part, so that it is the same on every machine."""
    path = Path(os.path.abspath(path))
    return path.relative_to(tiers.ROOT).as_posix() if path.is_relative_to(tiers.ROOT) else path.name


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file, and its folder, whole or not at all: who reads meanwhile sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.part")  # no other writer's
    try:
        with open(part, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def fetch(url: str, checksum: str, algorithm: str = "sha256") -> bytes:
    """A file from the network, if it has the checksum, in hexadecimal digits, that was promised.

    Raises:
        OSError: if it cannot be reached.
        Damaged: if it is another file.
    """
    try:
        with urllib.request.urlopen(url, timeout=120) as answer:
            content = answer.read()
    except OSError as error:
        raise OSError(f"{url} could not be loaded: {error}") from error
    found = hashlib.new(algorithm, content).hexdigest()
    if found != checksum:
        raise Damaged(f"{url} gave another file than expected: its {algorithm} is {found}, not {checksum}")
    return content


@contextmanager
def one_writer(folder: Path | str) -> Iterator[None]:
    """While the block runs, nobody else is in a block for the same folder: no other process, no other thread.

    Who has to wait prints who is writing, and goes on once that one is done or gone: so look again, inside, at what is
    there. The lock is the operating system's and ends with its process, even one that is killed. Its file lies beside
    the folder. On a file system that knows no locks nobody waits.

    Raises:
        RuntimeError: where waiting would never end: for a thread that is inside already, and for a process that was
            started by one that is.
    """
    place = Path(os.path.abspath(folder))
    lock, told = place.with_name(f"{place.name}.lock"), False
    me = (lock, threading.get_ident())
    lock.parent.mkdir(parents=True, exist_ok=True)
    while (file := _taken(lock)) is None:
        holder = _holder(lock)
        if me in _inside or holder == os.getppid():
            raise RuntimeError(
                f"process {holder} is writing to {place} and would wait for itself: close what it has begun, or start "
                "no second one from within it"
            )
        if not told:
            who = f"process {holder}" if holder else "another process"
            print(f"{shown(place)}: {who} is writing there; waiting until it ends or is stopped", flush=True)
            told = True
        time.sleep(WAIT)
    _inside.add(me)
    try:
        yield
    finally:
        _inside.discard(me)
        with suppress(OSError):  # Windows deletes no open file; then it stays, and nobody is kept out by it
            lock.unlink()
        file.close()


def _taken(lock: Path):
    """The lock file, locked; None while another has it."""
    while True:
        file = open(lock, "a+b")  # noqa: SIM115  (whoever asked closes it)
        if not _locked(file):
            file.close()
            return None
        # Who goes deletes it: a file that was deleted between its opening and its locking keeps nobody out.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), os.stat(lock)):
                file.truncate(0)
                file.write(str(os.getpid()).encode())
                file.flush()
                return file
        file.close()


def _locked(file) -> bool:
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            file.seek(2**30)  # a byte that is not there: the others may read who has the lock
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as error:
        return error.errno not in TAKEN
    return True


def _holder(lock: Path) -> int | None:
    """The process that has a lock, once it has said so."""
    with suppress(OSError, ValueError):
        return int(lock.read_bytes())
    return None


def save(dataset: "Dataset", folder: Path) -> None:
    """Stores a dataset, with a checksum, in the place of what was there; never half. `restore` after a kill."""
    part, old = (folder.with_name(f"{folder.name}.{end}") for end in ("part", "old"))
    shutil.rmtree(part, ignore_errors=True)
    dataset.save_to_disk(str(part))
    (part / CHECKSUM).write_text(_checksum(part) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        os.replace(folder, old)
    os.replace(part, folder)
    shutil.rmtree(old, ignore_errors=True)


def restore(folder: Path) -> None:
    """Puts the dataset back that a killed `save` had moved away."""
    old = folder.with_name(f"{folder.name}.old")
    if old.exists() and not folder.exists():
        os.replace(old, folder)


def load(folder: Path) -> "Dataset":
    """A dataset that `save` stored, mapped from the disk.

    Raises:
        Damaged: with what is wrong, if it is not as it was. A file that is missing or cut, a changed letter: all of it
            is seen, because all of it is read.
    """
    from datasets import load_from_disk

    try:
        written = (folder / CHECKSUM).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise Damaged("it has no checksum") from error
    found = _checksum(folder)
    if found != written:
        raise Damaged(f"its checksum is {found} and was {written}")
    return load_from_disk(str(folder))


def _checksum(folder: Path) -> str:
    """Of the files that `save_to_disk` wrote, names and contents, in their order."""
    paths = [path for name in WRITTEN for path in sorted(folder.glob(name))]
    return digest(*(part for path in paths for part in (path.name.encode(), path)))
