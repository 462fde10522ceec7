"""helpers.disk: files and datasets whole or not at all, one writer at a time, and every form of damage seen."""

import errno
import hashlib
import os
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from datasets import Dataset
from kills import ended, forked, killed, until

from helpers import disk, tiers
from helpers.disk import Damaged, one_writer, write_whole

# --- files --------------------------------------------------------------------------------------


def test_a_file_is_there_whole_whenever_its_writer_is_killed(tmp_path):
    path, letters = tmp_path / "new" / "file", 500_000
    write_whole(path, "a" * letters)

    def write_on():
        while True:
            for letter in "bcde":
                write_whole(path, letter * letters)

    for i in range(20):
        writer = forked(write_on)
        time.sleep(0.003 + 0.002 * (i % 7))
        killed(writer)
        text = path.read_text()
        assert len(text) == letters and len(set(text)) == 1


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path = tmp_path / "file"

    def write_on(letter):
        for _ in range(100):
            write_whole(path, letter * 100_000)

    writers = [forked(lambda letter=letter: write_on(letter)) for letter in "ab"]
    assert [ended(one) for one in writers] == [0, 0]
    assert path.read_bytes() in (b"a" * 100_000, b"b" * 100_000)
    assert [one.name for one in tmp_path.iterdir()] == ["file"], "and nothing is left beside it"


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path):
    write_whole(tmp_path / "file", b"old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "file", "\ud83d")
    assert [(one.name, one.read_bytes()) for one in tmp_path.iterdir()] == [("file", b"old")]


@pytest.mark.parametrize(("inside", "told"), [(True, "artifacts/mini/x"), (False, "x")])
def test_a_path_is_told_alike_on_every_machine(tmp_path, monkeypatch, inside, told):
    monkeypatch.setattr(tiers, "ROOT", tmp_path if inside else tmp_path / "elsewhere")
    assert disk.shown(tmp_path / "artifacts" / "mini" / "x") == told


@pytest.mark.parametrize(("content", "told"), [(b"wheel", None), (b"another", "another file than expected: its sha")])
def test_what_is_fetched_is_what_was_promised(tmp_path, content, told):
    (tmp_path / "file").write_bytes(content)
    url, checksum = (tmp_path / "file").as_uri(), hashlib.sha256(b"wheel").hexdigest()
    with pytest.raises(Damaged, match=told) if told else nullcontext():
        assert disk.fetch(url, checksum) == b"wheel"
    with pytest.raises(OSError, match="nowhere could not be loaded"):
        disk.fetch((tmp_path / "nowhere").as_uri(), checksum)


# --- one writer ---------------------------------------------------------------------------------


def test_one_process_after_the_other(tmp_path):
    """Each reads a number and writes the next: none is lost, though all want to at once."""
    (tmp_path / "number").write_text("0")

    def count():
        for _ in range(10):
            with one_writer(tmp_path / "store"):
                number = int((tmp_path / "number").read_text())
                time.sleep(0.001)
                (tmp_path / "number").write_text(str(number + 1))

    processes = [forked(count) for _ in range(4)]
    assert [ended(one) for one in processes] == [0] * 4
    assert (tmp_path / "number").read_text() == "40"
    assert [one.name for one in tmp_path.iterdir()] == ["number"], "the locks are gone"


def test_threads_wait_too(tmp_path):
    seen = []

    def enter(name):
        with one_writer(tmp_path / "store"):
            seen.append(f"{name} in")
            time.sleep(0.05)
            seen.append(f"{name} out")

    threads = [threading.Thread(target=enter, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen in (["a in", "a out", "b in", "b out"], ["b in", "b out", "a in", "a out"])


def test_a_killed_writer_keeps_nobody_out_and_who_waits_says_so_once(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    holder = forked(lambda: hold(tmp_path / "store"))
    until((tmp_path / "inside").exists)
    waiter = forked(lambda: enter(tmp_path / "store"))
    time.sleep(5 * disk.WAIT)
    assert not (tmp_path / "entered").exists()
    killed(holder)
    assert ended(waiter) == 0 and (tmp_path / "entered").exists()
    assert capfd.readouterr().out == (
        f"store: process {holder} is writing there; waiting until it ends or is stopped\n"
    )
    with one_writer(tmp_path / "store"):
        pass
    assert capfd.readouterr().out == ""


def hold(folder: Path) -> None:
    with one_writer(folder):
        (folder.parent / "inside").touch()
        time.sleep(60)


def enter(folder: Path) -> None:
    with one_writer(folder):
        (folder.parent / "entered").touch()


def test_who_would_wait_for_itself_is_refused(tmp_path):
    """A thread inside the block, and a process that it started: both would wait for ever."""
    with one_writer(tmp_path / "store"):
        with pytest.raises(RuntimeError, match=f"process {os.getpid()} is writing to .* and would wait for itself"):
            enter(tmp_path / "store")
        assert ended(forked(lambda: refused(tmp_path / "store"))) == 0
    enter(tmp_path / "store")


def refused(folder: Path) -> None:
    disk._inside.clear()  # as in a process that was not forked
    with pytest.raises(RuntimeError, match="would wait for itself"):
        enter(folder)


def test_an_error_inside_lets_the_next_one_in(tmp_path):
    with pytest.raises(KeyboardInterrupt), one_writer(tmp_path / "store"):
        raise KeyboardInterrupt
    enter(tmp_path / "store")


def test_a_lock_that_was_deleted_meanwhile_is_none(tmp_path, monkeypatch):
    """Who goes deletes the file; who had opened it before, and locks it after, has locked what nobody else sees."""
    lock, locked, quicker = tmp_path / "store.lock", disk._locked, []

    def too_late(file):
        if not quicker:
            quicker.append(None)
            lock.unlink()
            quicker.append(disk._taken(lock))
        return locked(file)

    monkeypatch.setattr(disk, "_locked", too_late)
    assert disk._taken(lock) is None, "another was quicker"
    quicker[1].close()
    disk._taken(lock).close()


@pytest.mark.skipif(disk.fcntl is None, reason="flock is not on Windows")
def test_a_file_system_without_locks_keeps_nobody_out(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(disk.fcntl, "flock", refuse)
    enter(tmp_path / "store")


# --- datasets -----------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path):
    """(folder, rows) of a dataset that says where it comes from."""
    rows = [{"text": f"number {i}", "number": i} for i in range(50)]
    dataset = Dataset.from_list(rows)
    dataset.info.description = "from here"
    disk.save(dataset, tmp_path / "dataset")
    return tmp_path / "dataset", rows


def test_a_dataset_comes_back_as_it_was(stored):
    folder, rows = stored
    found = disk.load(folder)
    assert found.to_list() == rows and found.info.description == "from here"
    disk.save(Dataset.from_list(rows[:3]), folder)
    assert disk.load(folder).to_list() == rows[:3]
    assert [one.name for one in folder.parent.iterdir()] == ["dataset"]


def test_what_a_trainer_puts_beside_the_rows_is_no_damage(stored):
    folder, rows = stored
    disk.load(folder).map(lambda row: {"number": 2 * row["number"]})
    assert len(list(folder.glob("*.arrow"))) == 2 and disk.load(folder).to_list() == rows


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path):
    path.write_bytes(b"")


def changed(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def zeroed(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


@pytest.mark.parametrize("damage", [cut, emptied, changed, zeroed, Path.unlink])
@pytest.mark.parametrize("name", ["data-00000-of-00001.arrow", "dataset_info.json", "state.json", "checksum"])
def test_every_damage_is_seen(stored, name, damage):
    folder, _ = stored
    damage(folder / name)
    with pytest.raises(Damaged):
        disk.load(folder)


def test_a_dataset_that_is_not_there_is_damaged_too(tmp_path):
    with pytest.raises(Damaged, match="it has no checksum"):
        disk.load(tmp_path / "nowhere")


def test_a_dataset_survives_a_kill_at_any_step_of_its_replacement(stored, monkeypatch):
    folder, rows = stored
    replace, steps = os.replace, []

    def killed_at(number):
        def step(*paths):
            steps.append(paths)
            if len(steps) == number:
                raise KeyboardInterrupt
            replace(*paths)

        steps.clear()
        return step

    for number in (1, 2):
        monkeypatch.setattr(os, "replace", killed_at(number))
        with pytest.raises(KeyboardInterrupt):
            disk.save(Dataset.from_list(rows[:3]), folder)
        monkeypatch.setattr(os, "replace", replace)
        disk.restore(folder)
        assert disk.load(folder).to_list() == rows
    disk.save(Dataset.from_list(rows[:3]), folder)
    disk.restore(folder)
    assert disk.load(folder).to_list() == rows[:3]
