"""A model card: what it says is what the run's files say; what they do not, is unknown."""

import json
from dataclasses import replace

import pytest
from datasets import Dataset
from huggingface_hub import ModelCard
from taken_home import PLACE, taught  # noqa: F401  (a fixture)

from helpers import export, provenance, tiers, training
from helpers.evaluation import results, wilson
from helpers.evaluation.tables import said
from helpers.export import card
from helpers.tiers import EndpointSpec, ModelSpec

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


def changed(pupil, **changes):
    """The same student, as if its method had been another."""
    object.__setattr__(method := replace(pupil.method, **changes), "folder", pupil.method.folder)
    return replace(pupil, method=method)


def test_what_nobody_said_is_unknown(pupil, monkeypatch):
    monkeypatch.setattr(card.constants, "HF_HUB_OFFLINE", True)
    bare = changed(pupil, rows=Dataset.from_list(pupil.method.rows.to_list()))
    text = card.card_of(replace(bare, run=replace(pupil.run, validation=[])), "merged", "my-student")
    told = cells(text)
    assert told["terms of its outputs"] == told["questions"] == ["unknown"]
    assert "It is unknown: no figures were kept." in text
    assert card.license_of(ModelSpec("some/model", "0" * 40)) == card.license_of(ModelSpec("nowhere")) == "unknown"


def test_of_ones_own_tier_and_a_teacher_behind_a_server_it_says_what_is_known(pupil):
    mine = tiers.own("mini", questions="data/own/questions.jsonl", name="mini")
    mine = replace(pupil.method.tier, data=mine.data, teacher=EndpointSpec("http://10.0.0.7:8000/v1", "qwen3:4b"))
    rows = Dataset.from_list(pupil.method.rows.to_list())
    rows.info.description = json.dumps({"imported": "theirs.jsonl"})
    text = card.card_of(changed(pupil, tier=mine, rows=rows), "merged", "a")
    told = cells(text)
    assert told["teacher"] == ["`qwen3:4b`, as a server calls it"] and "10.0.0.7" not in text
    assert told["licence of the teacher"] == ["unknown"]
    assert told["terms of its outputs"][0].startswith("unknown: look them up where the server is offered")
    assert told["questions"] == ["the file questions.jsonl"]
    assert told["teacher's answers that were learnt"] == ["24, from theirs.jsonl"]


@pytest.mark.parametrize(
    ("form", "rounded", "said", "not_said"),
    [
        ("merged", False, "meets those that were not rounded", "as it was in training"),
        ("merged", True, "rounded to 4 bits as it was in training", "meets those"),
        ("gguf", False, "llama-server -m a-f16.gguf", "from transformers"),
        ("adapter", False, "AutoPeftModelForCausalLM", "meets those"),
    ],
)
def test_each_form_says_what_it_is_and_how_it_is_loaded(pupil, form, rounded, said, not_said):
    told = card.card_of(pupil, form, "a", rounded, file="a-f16.gguf").replace("\n", " ")
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
