"""Every trouble on the way to a model has its own message, which names the mend. The causes are made up here."""

import builtins
import errno
import re
from collections import namedtuple
from dataclasses import fields, replace

import datasets
import httpx
import huggingface_hub
import pytest
import torch
import transformers
from huggingface_hub import constants, errors

from helpers import generation, models, questions, tiers, training
from helpers.models import gpu_errors, hub_errors, loading
from helpers.tiers import TIERS, Tier, student_override

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
    "no token": (caused(GATED, from_the_hub(errors.GatedRepoError, 401)), r"HF_TOKEN .* The Hub said: 401 Client"),
    "no access": (caused(GATED, from_the_hub(errors.GatedRepoError, 403)), r"whoami` .* The Hub said: 403 Client"),
    "unknown": (caused("not a valid model", from_the_hub(errors.RepositoryNotFoundError, 401)), "said: 401 Client"),
    "gated": (OSError(GATED), "^accept the terms on .* The Hub said: You are trying to access a gated repo"),
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


# --- where they are told --------------------------------------------------------------------------


@pytest.fixture
def known(monkeypatch):
    """The Hub gives the settings of every model, and the disk has room for it."""
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", lambda name, revision: None)
    monkeypatch.setattr(hub_errors, "check_space", lambda spec: None)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_model_that_is_refused_says_so(monkeypatch, trouble):
    error, mend = TROUBLES[trouble]

    def refuse(name, revision):
        raise error

    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", refuse)
    with pytest.raises(OSError, match=mend.removeprefix("^")) as caught:
        models.load_student(FULL)
    assert str(caught.value).startswith(f"{STUDENT.name} at revision {STUDENT.revision} could not be loaded: ")


@pytest.mark.parametrize("trouble", ["no access", "disk", "missing"])
def test_a_download_that_breaks_off_says_so(monkeypatch, known, trouble):
    error, mend = TROUBLES[trouble]

    def refuse(*args):
        raise error

    monkeypatch.setattr(loading, "_from_transformers", refuse)
    with pytest.raises(OSError, match=mend):
        models.load_student(FULL)


def test_a_damaged_file_is_told_as_it_is(monkeypatch, known):
    def refuse(*args):
        raise OSError("model.safetensors is damaged")

    monkeypatch.setattr(loading, "_from_transformers", refuse)
    with pytest.raises(OSError, match=r"^model\.safetensors is damaged$"):
        models.load_student(FULL)


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_tokenizer_that_is_refused_says_so(monkeypatch, trouble):
    error, mend = TROUBLES[trouble]

    def refuse(name, revision):
        raise error

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", refuse)
    with pytest.raises(OSError, match=r"tokenizer of google/gemma-3-1b-it, the student, .*" + mend.removeprefix("^")):
        models.load_tokenizer(FULL, "student")


@pytest.mark.parametrize("trouble", ["offline", "disk"])
def test_problems_that_are_refused_say_so(monkeypatch, trouble):
    error, mend = TROUBLES[trouble]

    def refuse(*args, **settings):
        raise error

    monkeypatch.delenv(questions.FOLDER, raising=False)
    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(OSError, match=f"{questions.FOLDER} name a folder.*{mend}"):
        questions.draw(FULL, "test", 1, 0)


# --- the disk -------------------------------------------------------------------------------------


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


# --- the card -------------------------------------------------------------------------------------

DRIVER = (
    "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver by downloading "
    "and installing a new version"
)


@pytest.fixture
def unseen(monkeypatch):
    """A card that the driver's program lists, and PyTorch, built for CUDA, does not see; what it says goes in here."""

    def init():
        if reason:
            raise RuntimeError(reason[0])

    reason: list[str] = []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setattr(gpu_errors, "_card_there", lambda: True)
    return reason


def test_an_old_driver_is_named(unseen):
    unseen.append(DRIVER)
    told = r"built for CUDA 13\.0, cannot use: .*driver .* too old .*version 11040.* update .*Restart; .*newest driver"
    for load in (models.load_student, lambda tier: models.load_tokenizer(tier, "student")):
        with pytest.raises(RuntimeError, match=told):
            load(FULL)


def test_a_card_that_does_not_answer_is_named(unseen):
    unseen.append("CUDA unknown error - this may be due to an incorrectly set up environment")
    assert "CUDA unknown error" in gpu_errors.unseen_card()


def test_a_pytorch_without_cuda_is_named(unseen, monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "built without CUDA" in gpu_errors.unseen_card() and "requirements-gpu.txt" in gpu_errors.unseen_card()


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_card_that_is_hidden_on_purpose_is_not_missed(unseen, monkeypatch, hidden):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpu_errors.unseen_card() is None


def test_no_card_no_word(unseen, monkeypatch):
    monkeypatch.setattr(gpu_errors, "_card_there", lambda: False)
    assert gpu_errors.unseen_card() is None


def test_the_mini_tier_needs_no_card(unseen, tiny):
    unseen.append(DRIVER)
    assert models.load_tokenizer(tiny, "student")


@pytest.mark.parametrize(("status", "listed", "there"), [(0, "GPU 0: Tesla T4", True), (0, "", False), (9, "", False)])
def test_the_drivers_program_is_asked(monkeypatch, status, listed, there):
    answer = namedtuple("Answer", "returncode stdout")(status, listed)
    monkeypatch.setattr(gpu_errors.subprocess, "run", lambda *args, **how: answer)
    assert gpu_errors._card_there() == there
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "")
    assert not gpu_errors._card_there()


def test_a_card_without_bfloat16_is_told_what_it_costs(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    with pytest.warns(UserWarning, match="no bfloat16.*float32 is used.*twice the memory"):
        assert loading._dtype() == torch.float32


def full_card(*args, **settings):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_a_card_that_is_full_while_loading_says_what_to_let_go(monkeypatch, known):
    monkeypatch.setattr(loading, "_from_transformers", full_card)
    with pytest.raises(torch.OutOfMemoryError, match=r"loading: .*models\.unload.*DISTILL_TIER=small.*2\.00 GiB"):
        models.load_teacher(FULL)


def test_a_card_that_is_full_while_answering_names_the_fields(tiny):
    model, tokenizer = models.load_student(tiny)
    model.generate = full_card
    with pytest.raises(torch.OutOfMemoryError, match=r"answers: .*generate_batch.*answer_batch.*2\.00 GiB"):
        generation.generate(model, tokenizer, ["Why?"], 3)


def test_a_card_that_is_full_while_training_names_the_fields(tmp_path):
    trainer = namedtuple("Trainer", "args is_world_process_zero remove_callback add_callback train")(
        namedtuple("Args", "output_dir")(str(tmp_path)), lambda: True, print, print, full_card
    )
    with pytest.raises(torch.OutOfMemoryError, match=r"training: .*micro_batch.*max_length.*2\.00 GiB"):
        training.run(trainer)


def test_the_fields_to_make_smaller_are_a_tier_s():
    named = {field.name for field in fields(Tier)}
    words = set(re.findall(r"\b[a-z]+_[a-z_]+\b", " ".join(gpu_errors.SMALLER.values())))
    assert words and words <= named


# --- another student ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["small", "full"])
def test_every_gated_student_has_a_copy(name):
    assert TIERS[name].student.name in student_override.COPIES


def test_another_student_is_named_with_its_commit(monkeypatch):
    monkeypatch.delenv("DISTILL_TIER", raising=False)
    monkeypatch.setenv("DISTILL_STUDENT", "unsloth/gemma-3-1b-it@0123abc")
    tier = tiers.resolve("full")
    assert (tier.student.name, tier.student.revision) == ("unsloth/gemma-3-1b-it", "0123abc")
    assert replace(tier, student=FULL.student) == FULL
    monkeypatch.setenv("DISTILL_STUDENT", "unsloth/gemma-3-1b-it")
    with pytest.raises(ValueError, match=r"names no commit.*unsloth/gemma-3-1b-it/commits/main"):
        tiers.resolve("full")


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("unsloth/gemma-3-1b-it@main", r"'main' is no commit.*unsloth/gemma-3-1b-it@COMMIT, with one from https"),
        ("unsloth/gemma-3-1b-it@v1.0", "'v1.0' is no commit"), ("unsloth/gemma-3-1b-it@", "it names no commit"),
        ("unsloth/gemma-3-1b-it@0123ABC", "'0123ABC' is no commit"), ("@0123abc", "write DISTILL_STUDENT=NAME@COMMIT"),
        ("a/b/c@0123abc", "write DISTILL_STUDENT=NAME@COMMIT"), ("./nowhere", "no such folder .*nowhere or .*nowhere"),
    ],
)  # fmt: skip
def test_a_student_without_a_commit_or_a_name_is_refused(monkeypatch, tmp_path, named, told):
    """A branch moves: the weights under a result would not be known."""
    monkeypatch.delenv("DISTILL_TIER", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISTILL_STUDENT", named)
    with pytest.raises(ValueError, match=told):
        tiers.resolve("full")


@pytest.mark.parametrize("beside", ["the project", "the notebook"])
def test_a_folder_is_found_from_the_project_and_from_the_notebook(monkeypatch, tmp_path, beside):
    monkeypatch.delenv("DISTILL_TIER", raising=False)
    monkeypatch.setattr(student_override, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    folder = tmp_path / ("models/mine" if beside == "the project" else "notebooks/models/mine")
    folder.mkdir(parents=True)
    monkeypatch.setenv("DISTILL_STUDENT", "models/mine")
    assert tiers.resolve("full").student.source == str(folder)


def test_another_student_may_be_a_folder(monkeypatch, tiny):
    monkeypatch.delenv("DISTILL_TIER", raising=False)
    monkeypatch.setenv("DISTILL_STUDENT", tiny.student.source)
    tier = tiers.resolve("small")
    assert tier.student.local and tier.student.source == tiny.student.source
    assert models.load_tokenizer(replace(tier, engine="transformers"), "student")


def test_the_mini_tier_keeps_its_own_student(monkeypatch):
    monkeypatch.setenv("DISTILL_TIER", "mini")
    monkeypatch.setenv("DISTILL_STUDENT", "unsloth/gemma-3-1b-it@0123abc")
    assert tiers.resolve() is TIERS["mini"]


def test_no_module_of_the_messages_needs_transformers(monkeypatch):
    """They are told where Unsloth is imported, and it must come before transformers."""
    real = builtins.__import__

    def watched(name, *args, **how):
        assert name.split(".")[0] not in ("transformers", "peft", "trl"), name
        return real(name, *args, **how)

    monkeypatch.setattr(builtins, "__import__", watched)
    hub_errors.mend(TROUBLES["no token"][0], STUDENT.name)
    gpu_errors.unseen_card()
