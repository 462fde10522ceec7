"""Another student than the tier's: named with its commit, or as a folder."""

from dataclasses import replace

import pytest

from helpers import models, tiers
from helpers.tiers import TIERS, naming, student_override

FULL = TIERS["full"]


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
    for module in (tiers, naming):
        monkeypatch.setattr(module, "ROOT", tmp_path)
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
