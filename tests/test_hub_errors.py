"""Every trouble on the way to a model has its own message, which names the mend. The causes are made up here."""

import builtins
import errno
import re
from collections import namedtuple

import datasets
import httpx
import huggingface_hub
import pytest
import transformers
from huggingface_hub import constants, errors

from helpers import models, questions
from helpers.models import gpu_errors, hub_errors, loading
from helpers.tiers import TIERS

FULL = TIERS["full"]
STUDENT = FULL.student


Disk = namedtuple("Disk", "total used free")


def from_the_hub(kind, status: int) -> Exception:
    """An error as huggingface_hub makes it of an answer."""
    answer = httpx.Response(status, request=httpx.Request("GET", "https://huggingface.co/api"))
    return kind(f"{status} Client Error. (Request ID: Root=1-2)", response=answer)


def caused(text: str, cause: Exception) -> OSError:
    """As transformers tells an error of the Hub."""
    error = OSError(text)
    error.__cause__ = cause
    return error


GATED = "You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/x."
TROUBLES = {
    "no token": (caused(GATED, from_the_hub(errors.GatedRepoError, 401)), r"HF_TOKEN .* said: 401 Client Error\. \(R"),
    "no access": (caused(GATED, from_the_hub(errors.GatedRepoError, 403)), r"whoami` .* said: 403 Client Error\. \(R"),
    "unknown": (caused("not a valid model", from_the_hub(errors.RepositoryNotFoundError, 401)), "said: 401 Client"),
    "gated": (OSError(GATED), "^accept the terms on .* The Hub said: You are trying to access a gated repo"),
    "in words": (OSError("403 Client Error: Forbidden"), "hf auth login.* The Hub said: 403 Client Error: Forbidden"),
    "commit": (caused("no", from_the_hub(errors.RevisionNotFoundError, 404)), "no such commit.*/commits/main"),
    "offline": (caused("We couldn't connect", errors.OfflineModeIsEnabled()), "Hub can be reached.*DISTILL_TIER=mini"),
    "missing": (caused("no", errors.LocalEntryNotFoundError("no")), "Hub can be reached"),
    "disk": (caused("no", OSError(errno.ENOSPC, "No space left on device")), r"GB are free at .*HF_HOME"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_each_trouble_of_the_hub_is_told_from_the_others(trouble):
    error, mend = TROUBLES[trouble]
    found = hub_errors.mend(error, STUDENT.name)
    assert re.search(mend, found), found
    others = [other for name, (_, other) in TROUBLES.items() if name not in (trouble, "unknown", "missing", "offline")]
    assert sum(bool(re.search(other, found)) for other in others) <= (trouble in ("unknown",)), found


@pytest.mark.parametrize("trouble", ["no token", "no access", "gated"])
def test_a_closed_gate_names_its_page_and_the_copy_without_one(trouble):
    found = hub_errors.mend(TROUBLES[trouble][0], STUDENT.name)
    assert f"terms on https://huggingface.co/{STUDENT.name}" in found
    assert "DISTILL_STUDENT=unsloth/gemma-3-1b-it@COMMIT" in found
    other = hub_errors.mend(TROUBLES[trouble][0], "google/gemma-3-12b-it")
    assert "google/gemma-3-12b-it" in other and "DISTILL_STUDENT" not in other


def test_an_error_that_is_not_known_is_not_explained():
    assert hub_errors.mend(OSError("model.safetensors is damaged"), STUDENT.name) is None
    assert hub_errors.mend(OSError("all losses were aggregated"), STUDENT.name) is None


def test_a_circle_of_causes_is_walked_once():
    one, other = OSError("a"), OSError("b")
    one.__cause__, other.__cause__ = other, one
    assert hub_errors.mend(one, STUDENT.name) is None


def test_the_switched_off_hub_is_named(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in hub_errors.mend(TROUBLES["offline"][0], STUDENT.name)


@pytest.fixture
def known(monkeypatch):
    """The Hub gives the settings of every model, and the disk has room for it."""
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", lambda name, revision: None)
    monkeypatch.setattr(hub_errors, "check_space", lambda spec: None)


CALLED = f"^{STUDENT.name} at revision {STUDENT.revision} could not be loaded: "
# Where it is told: what is refused, who asks for it, and how the message begins.
PLACES = {
    "model": (transformers.AutoConfig, "from_pretrained", models.load_student, CALLED),
    "download": (loading, "_from_transformers", models.load_student, CALLED),
    "tokenizer": (
        transformers.AutoTokenizer, "from_pretrained", lambda tier: models.load_tokenizer(tier, "student"),
        f"^the tokenizer of {STUDENT.name}, the student, could not be loaded: ",
    ),
    "problems": (
        datasets, "load_dataset", lambda tier: questions.draw(tier, "test", 1, 0),
        f"^openai/gsm8k at revision .* could not be loaded: let {questions.FOLDER} name a folder .*, or ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("place", PLACES)
def test_what_is_refused_says_so(monkeypatch, known, place, trouble):
    error, mend = TROUBLES[trouble]
    (where, name, ask, begins), asked = PLACES[place], []

    def refuse(*given, **settings):
        asked.append((*given, *settings.values()))
        raise error

    monkeypatch.delenv(questions.FOLDER, raising=False)
    monkeypatch.setattr(where, name, refuse)
    with pytest.raises(OSError, match=begins + ".*" + mend.removeprefix("^")):
        ask(FULL)
    if name == "from_pretrained":
        assert asked == [(STUDENT.name, STUDENT.revision)]


def test_a_damaged_file_is_told_as_it_is(monkeypatch, known):
    def refuse(*args):
        raise OSError("model.safetensors is damaged")

    monkeypatch.setattr(loading, "_from_transformers", refuse)
    with pytest.raises(OSError, match=r"^model\.safetensors is damaged$"):
        models.load_student(FULL)


def dry_run(monkeypatch, sizes, free: float) -> None:
    """The Hub says how large the files are, None where one is there already; the disk has so much room."""
    kind = namedtuple("File", "file_size will_download")
    files = [kind(size or 7e9, size is not None) for size in sizes]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **how: files if how["dry_run"] else None)
    monkeypatch.setattr(hub_errors.shutil, "disk_usage", lambda folder: Disk(9e9, 0, free))


def test_a_full_disk_is_known_before_the_download(monkeypatch):
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", lambda name, revision: None)
    monkeypatch.setattr(loading, "_from_transformers", lambda *args: pytest.fail("it began to download"))
    dry_run(monkeypatch, [2e9, None, 1e7], free=1.9e9)
    with pytest.raises(OSError, match=r"gemma-3-1b-it at .* 2\.0 GB are to be .* 1\.9 GB are free") as caught:
        models.load_student(FULL)
    assert caught.value.errno == errno.ENOSPC


@pytest.mark.parametrize(("sizes", "free"), [([2e9], 2.1e9), ([None], 0), ([], 0)])
def test_room_enough_is_not_spoken_of(monkeypatch, sizes, free):
    dry_run(monkeypatch, sizes, free)
    hub_errors.check_space(STUDENT)


@pytest.mark.parametrize("offline", [True, False])
def test_where_nothing_can_be_asked_the_download_tells(monkeypatch, offline):
    def refuse(name, **how):
        if offline:
            pytest.fail("it asked")
        raise errors.DryRunError("no network")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    hub_errors.check_space(STUDENT)


def test_a_cache_that_is_not_there_yet_has_a_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "a" / "b"))
    assert "GB are free" in hub_errors.no_space()


def test_no_module_of_the_messages_needs_transformers(monkeypatch):
    """They are told where Unsloth is imported, and it must come before transformers."""
    real = builtins.__import__

    def watched(name, *args, **how):
        assert name.split(".")[0] not in ("transformers", "peft", "trl"), name
        return real(name, *args, **how)

    monkeypatch.setattr(builtins, "__import__", watched)
    hub_errors.mend(TROUBLES["no token"][0], STUDENT.name)
    gpu_errors.unseen_card()
