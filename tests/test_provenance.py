"""provenance: what names a model, a piece of code and a thing on disk, and what is told where that is damaged."""

import os
import time
import tracemalloc
from pathlib import Path

import pytest

from helpers import provenance, sources
from helpers.tiers import TIERS, ModelSpec

MINI = TIERS["mini"]


def model(folder: Path, weights: bytes = b"weights") -> ModelSpec:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return ModelSpec(str(folder))


@pytest.fixture
def reads(monkeypatch):
    """The files that are read, in their order."""
    found, digest = [], sources.digest

    def note(*parts):
        found.extend(part.name for part in parts if isinstance(part, Path))
        return digest(*parts)

    monkeypatch.setattr(sources, "digest", note)
    monkeypatch.setattr(provenance, "_known", {})
    return found


def later(monkeypatch, seconds: float = 60.0) -> None:
    now = time.time() + seconds
    monkeypatch.setattr(provenance.time, "time", lambda: now)


# --- revision -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "name"),
    [(MINI.teacher, "22d0b1df5206df84"), (MINI.student, "7e02cdb14e971aa9"), (MINI.sibling, "ee23995e899cd780")],
)
def test_the_shipped_models_have_the_names_that_traces_and_figures_hold(spec, name):
    assert provenance.revision(spec) == f"sha256:{name}"


def test_the_name_is_of_names_and_contents_in_their_order(tmp_path):
    spec = model(tmp_path / "a")
    assert provenance.revision(spec) == provenance.digest(b"config.json{}model.safetensorsweights")
    other = model(tmp_path / "b", b"Weights")
    assert provenance.revision(spec) != provenance.revision(other)


def test_large_weights_are_never_in_memory(tmp_path):
    spec = model(tmp_path / "large")
    size = 50 * 2**20
    os.truncate(tmp_path / "large" / "model.safetensors", size)
    tracemalloc.start()
    found = provenance.revision(spec)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10e6
    assert found == provenance.digest(b"config.json{}model.safetensorsweights" + bytes(size - 7))


def test_a_model_is_read_again_only_after_a_change(tmp_path, reads, monkeypatch):
    spec = model(tmp_path / "a")
    later(monkeypatch)
    first = provenance.revision(spec)
    assert provenance.revision(spec) == first and reads == ["config.json", "model.safetensors"]
    path = tmp_path / "a" / "model.safetensors"
    before = path.stat()
    (tmp_path / "new").write_bytes(b"WEIGHTS")
    os.utime(tmp_path / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(tmp_path / "new", path)  # of the same size, and as old
    assert provenance.revision(spec) != first and len(reads) == 4


def test_a_file_that_was_just_written_is_read_again(tmp_path, reads):
    """Its next change may fall into the same tick of the clock."""
    spec = model(tmp_path / "a")
    assert provenance.revision(spec) == provenance.revision(spec) and len(reads) == 4


@pytest.mark.parametrize(
    ("name", "mend", "other"),
    [("data/mini/nowhere", "`make mini-models`", "name a folder"), ("{}/mine", "name a folder", "mini-models")],
)
def test_a_model_that_is_not_there_has_its_own_mend(tmp_path, name, mend, other):
    with pytest.raises(FileNotFoundError, match=f"there is no model in .*: {mend}") as caught:
        provenance.revision(ModelSpec(name.format(tmp_path)))
    assert other not in str(caught.value)


# --- provenance ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"seed": 0', b"\xff\xfe{"])
def test_a_damaged_provenance_is_named_with_its_mend(tmp_path, content):
    (tmp_path / provenance.PROVENANCE).write_bytes(content)
    for use in (
        lambda: provenance.read(tmp_path, "x"),
        lambda: provenance.refuse_others(tmp_path, {"seed": 0}, "x", ()),
    ):
        with pytest.raises(ValueError, match=r"provenance\.json is damaged.*: delete .*, and run again"):
            use()


def test_a_provenance_is_written_whole(tmp_path):
    provenance.write(tmp_path / "new", {"seed": 0, "name": "ü"})
    assert provenance.read(tmp_path / "new", "x") == {"seed": 0, "name": "ü"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == [provenance.PROVENANCE]
