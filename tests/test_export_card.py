"""A model card: what it says is what the run's files say; what they do not, is unknown."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from datasets import Dataset
from huggingface_hub import ModelCard
from taken_home import PLACE, taught  # noqa: F401  (a fixture)

from helpers import export, provenance, training
from helpers.evaluation import results, wilson
from helpers.evaluation.tables import said
from helpers.export import card
from helpers.tiers import ModelSpec

FIGURES = {
    "before.accuracy": wilson(3, 40), "after.accuracy": wilson(31, 40), "mcnemar.before_after": 0.000123,
    "seconds": 12.5, "export.f16.accuracy": wilson(30, 40),
}  # fmt: skip
TERMS = "its owner allows training on them: https://example.org/terms"


@pytest.fixture(scope="module")
def method(taught):  # noqa: F811
    return taught("student")


@pytest.fixture(scope="module")
def file(method, tmp_path_factory):
    return results.write("16_your_own", FIGURES, method.tier, 0, folder=tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def pupil(method):
    return export.pupil_of(method)


@pytest.fixture(scope="module")
def text(pupil, file):
    return card.card_of(pupil, "merged", "my-student", figures=file, terms=TERMS)


def cells(text: str) -> dict[str, list[str]]:
    """The rows of its tables by their first cell."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {first: others for first, *others in rows}


def test_the_figures_are_those_of_the_results_file(text, file):
    told, kept = cells(text), json.loads(file.read_text())
    for who in ("before", "after"):
        share = kept[who]["accuracy"]
        assert told[f"{who}.accuracy"] == [said(share), str(share["n"])]
    assert told["export.f16.accuracy"] == [said(kept["export"]["f16"]["accuracy"]), "40"]
    assert told["mcnemar.before_after"][0] == "p = 0.00012"
    assert "seconds" not in told


def test_the_validation_is_that_of_the_run(text, method):
    run = training.read(method.folder)
    for epoch, found in run.validation:
        assert cells(text)[f"right answers, validation after epoch {epoch:g}"] == [str(found), str(found.n)]
    assert cells(text)["steps"][0].startswith(f"{run.steps} in all; this is checkpoint-")


def test_it_says_who_taught_whom_on_what(text, method):
    told = cells(text)
    assert told["teacher"] == [f"`teacher`, at `{provenance.revision(method.tier.teacher)}`"]
    assert told["student before"] == [f"`student`, at `{provenance.revision(method.tier.student)}`"]
    assert told["licence of the teacher"] == told["licence of the student"] == ["apache-2.0"]
    assert told["terms of its outputs"] == [TERMS] and told["questions"] == ["helpers.problems"]
    assert told["teacher's answers that were learnt"] == ["24"]
    assert told["method"] == ["token"] and told["seed"] == ["0"]
    assert told["adapter"] == ["rank 8, alpha 16, learning rate 0.008"]


def test_the_hub_can_read_its_head(text, pupil, monkeypatch):
    monkeypatch.setattr(card.constants, "HF_HUB_OFFLINE", True)
    data = ModelCard(text).data
    assert (data.license, data.library_name, data.tags) == ("apache-2.0", "transformers", ["distillation", "token"])
    assert data.base_model is None, "a folder is nothing that the Hub has"
    there = replace(pupil, base=ModelSpec("Qwen/Qwen3-0.6B", "c1899de289a04d12100db370d81485cdf75e47ca"))
    assert ModelCard(card.card_of(there, "adapter", "a")).data.base_model == "Qwen/Qwen3-0.6B"


def test_what_nobody_said_is_unknown(pupil):
    told = card.card_of(pupil, "merged", "my-student")
    assert cells(told)["terms of its outputs"] == ["unknown"]
    rows = Dataset.from_list(pupil.method.rows.to_list())
    object.__setattr__(other := replace(pupil.method, rows=rows), "folder", pupil.method.folder)
    assert cells(card.card_of(replace(pupil, method=other), "merged", "a"))["questions"] == ["unknown"]


@pytest.mark.parametrize(
    "spec", [ModelSpec("some/model", "0" * 40), ModelSpec("nowhere/at/all"), SimpleNamespace(name="gpt", local=False)]
)
def test_a_licence_that_nobody_told_is_unknown(spec, monkeypatch):
    monkeypatch.setattr(card.constants, "HF_HUB_OFFLINE", True)
    assert card.license_of(spec) == "unknown"


def test_without_figures_it_says_so(pupil):
    bare = replace(pupil, run=replace(pupil.run, validation=[]))
    assert "It is unknown: no figures were kept." in card.card_of(bare, "merged", "a")


def test_a_teacher_behind_an_address_is_named_without_it(pupil):
    spec = SimpleNamespace(name="some-model", base_url="http://10.0.0.7:8000/v1", local=False, revision=None)
    object.__setattr__(method := replace(pupil.method, tier=replace(pupil.method.tier, teacher=spec)), "folder", "x")
    told = card.card_of(replace(pupil, method=method), "merged", "a")
    assert cells(told)["teacher"] == ["`some-model`, revision unknown"] and "10.0.0.7" not in told


@pytest.mark.parametrize(
    ("form", "rounded", "said", "not_said"),
    [
        ("merged", False, "meets those that were not rounded", "as it was in training"),
        ("merged", True, "rounded to 4 bits as it was in training", "meets those"),
        ("gguf", False, "llama-server -m a.gguf", "from transformers"),
        ("adapter", False, "AutoPeftModelForCausalLM", "meets those"),
    ],
)
def test_each_form_says_what_it_is_and_how_it_is_loaded(pupil, form, rounded, said, not_said):
    told = card.card_of(pupil, form, "a", rounded, file="a.gguf", kind="f16").replace("\n", " ")
    assert said in told and not_said not in told


def test_figures_that_are_not_there_are_named(pupil, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there are no figures in 16.json: run the exam first"):
        card.card_of(pupil, "merged", "a", figures=tmp_path / "16.json")


def test_new_figures_reach_the_card_and_a_hand_s_edit_stays(method, file, tmp_path, capsys):
    folder = export.adapter(method, folder=tmp_path / "home")
    path = folder / "README.md"
    assert "after.accuracy" not in path.read_text()
    export.adapter(method, figures=file, folder=folder)
    assert "after.accuracy" in path.read_text()
    export.adapter(method, folder=folder)
    assert "after.accuracy" in path.read_text(), "asked again without figures, it lost them"
    path.write_text(path.read_text() + "\nMine.\n")
    export.adapter(method, figures=file, terms=TERMS, folder=folder)
    assert path.read_text().endswith("\nMine.\n") and "was edited since, and stays" in capsys.readouterr().out
    assert PLACE.name not in path.read_text().split("## How it was trained")[0].split("teacher")[0]
