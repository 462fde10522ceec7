"""Taking a student home: merged, and as an adapter; whole or not at all, read where it is there, nothing lost."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from taken_home import PLACE, taught  # noqa: F401  (a fixture)
from transformers import AutoModelForCausalLM, AutoTokenizer

from helpers import export, models, problems, provenance, training
from helpers.export import place
from helpers.export.merging import merge
from helpers.models.chat import end_of_turn
from helpers.training import checkpoints


@pytest.fixture(scope="module")
def method(taught):  # noqa: F811
    return taught("student")


@pytest.fixture(scope="module")
def home(method):
    return export.merged(method)


def logits(model, tokenizer) -> torch.Tensor:
    ids = [models.prompt_ids(tokenizer, one.question) for one in problems.draw("test", 3, 7)]
    with torch.no_grad():
        return torch.cat([model(torch.tensor([row])).logits[0] for row in ids])


def test_the_merged_model_says_what_base_and_adapter_say_together(method, home):
    whole, tokenizer = AutoModelForCausalLM.from_pretrained(home), AutoTokenizer.from_pretrained(home)
    apart, _ = models.load_student(method.tier, four_bit=False, adapter=training.adapters(method.folder)[-1])
    assert torch.allclose(logits(whole, tokenizer), logits(apart, tokenizer), atol=1e-3)
    before, _ = models.load_student(method.tier, four_bit=False)
    assert not torch.allclose(logits(whole, tokenizer), logits(before, tokenizer), atol=0.1), "it learnt nothing"


def test_rounded_it_says_what_was_examined_in_four_bits(method):
    rounded = AutoModelForCausalLM.from_pretrained(export.merged(method, rounded=True))
    examined, tokenizer = models.load_student(method.tier, adapter=training.adapters(method.folder)[-1])
    assert torch.allclose(logits(rounded, tokenizer), logits(examined, tokenizer), atol=1e-3)


def test_it_is_asked_and_stopped_as_the_student_was(method, home):
    ours, theirs = AutoTokenizer.from_pretrained(home), models.load_tokenizer(method.tier, "student")
    assert models.chat_prompt(ours, "How many?") == models.chat_prompt(theirs, "How many?")
    assert ours.eos_token_id == end_of_turn(theirs) and ours.get_vocab() == theirs.get_vocab()
    settings = json.loads((home / "generation_config.json").read_text())
    assert end_of_turn(theirs) in settings["eos_token_id"]
    assert settings["do_sample"] is False and settings["max_new_tokens"] == method.tier.answer_tokens


def test_the_adapter_alone_is_what_was_trained(method):
    folder = export.adapter(method)
    ours, theirs = (
        load_file(each / "adapter_model.safetensors") for each in (folder, training.adapters(method.folder)[-1])
    )
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)
    model, _ = models.load_student(method.tier, adapter=folder)
    assert model.peft_config


@pytest.mark.parametrize("form", ["merged", "adapter"])
def test_nothing_tells_where_this_computer_keeps_its_files(method, form):
    for path in getattr(export, form)(method).iterdir():
        content = path.read_bytes()
        assert str(PLACE).encode() not in content and str(method.tier.artifacts).encode() not in content, path.name


def test_done_twice_it_is_read_and_another_checkpoint_is_another(method, home, capsys):
    before = {path: path.stat().st_mtime_ns for path in home.iterdir()}
    assert export.merged(method) == home
    assert "exported before, and read from artifacts/mini/export/" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in home.iterdir()} == before
    first = training.adapters(method.folder)[0]
    folder = export.merged(method, checkpoint=first)
    assert folder != home and provenance.read(folder, "")["checkpoint"] == first.name


def test_what_is_there_already_is_not_written_over(method, home, tmp_path):
    folder, file = tmp_path / "home", tmp_path / "others" / "mine.txt"
    shutil.copytree(home, folder)
    file.parent.mkdir()
    file.write_text("mine")
    for said, where, checkpoint in (
        ("no provenance.json says how they were made: take another folder", file.parent, None),
        ("is a file: name a folder", file, None),
        ("was made with other settings: .*checkpoint was", folder, training.adapters(method.folder)[0]),
    ):
        with pytest.raises(ValueError, match=said):
            export.merged(method, folder=where, checkpoint=checkpoint)
    with pytest.raises(ValueError, match="was made with other settings: form was 'merged'"):
        export.adapter(method, folder=folder)
    assert [path.read_text() for path in file.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize(("change", "said"), [(lambda path: path.unlink(), "is missing"),
                                              (lambda path: path.write_text("{}"), "has changed")])  # fmt: skip
def test_what_was_damaged_since_is_named(method, home, tmp_path, change, said):
    folder = tmp_path / "home"
    shutil.copytree(home, folder)
    change(folder / "config.json")
    with pytest.raises(ValueError, match=f"config.json, exported to home, {said}: delete that folder, and run again"):
        export.merged(method, folder=folder)


def test_a_kill_leaves_nothing_half_written(method, tmp_path, monkeypatch):
    def killed(pupil, rounded, folder, again):
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(export, "save_merged", killed)
        export.merged(method, folder=tmp_path / "home")
    assert not (tmp_path / "home").exists()
    folder = export.merged(method, folder=tmp_path / "home")
    assert place.files_of(folder) and not (tmp_path / "home.part").exists()


def test_what_is_not_finished_is_not_taken_home(method, tmp_path, monkeypatch):
    (tmp_path / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match=r"is no whole checkpoint: choose one of `training.adapters"):
        export.merged(method, checkpoint=tmp_path)
    monkeypatch.setitem(method.__dict__, "folder", tmp_path)
    with pytest.raises(FileNotFoundError, match="no finished training"):
        export.merged(method)


def test_an_update_that_is_not_finite_is_refused(method, tmp_path):
    adapter = tmp_path / "checkpoint-1"
    shutil.copytree(training.adapters(method.folder)[-1], adapter)
    weights = load_file(adapter / "adapter_model.safetensors")
    name = next(iter(weights))
    save_file(weights | {name: weights[name] * float("nan")}, adapter / "adapter_model.safetensors")
    (adapter / checkpoints.WHOLE).unlink()
    checkpoints.say_whole(adapter)
    with pytest.raises(ValueError, match=r"checkpoint-1 .*choose another of `training.adapters"):
        merge(export.pupil_of(method, adapter), rounded=False)
