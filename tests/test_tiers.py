"""helpers.tiers: names, pins, and which tier a machine gets."""

import json
import re
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helpers import tiers
from helpers.tiers import ROOT, TIERS, resolve

SPECS = [
    pytest.param(spec, id=f"{tier.name}-{role}")
    for tier in TIERS.values()
    for role, spec in (("teacher", tier.teacher), ("student", tier.student), ("sibling", tier.sibling))
    if spec is not None
]


@pytest.fixture
def free_choice(monkeypatch):
    monkeypatch.delenv("DISTILL_TIER", raising=False)


def pretend_gpu(monkeypatch, gigabytes: float | None):
    card = SimpleNamespace(total_memory=int((gigabytes or 0) * 1e9))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gigabytes is not None)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)


def test_tiers_are_known_by_their_own_names():
    assert {name: tier.name for name, tier in TIERS.items()} == {"mini": "mini", "small": "small", "full": "full"}


def test_a_tier_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        TIERS["mini"].epochs = 1


@pytest.mark.parametrize("spec", SPECS)
def test_a_model_is_pinned_or_lies_in_the_project(spec):
    if spec.local:
        assert spec.source == str(ROOT / spec.name) and spec.name.startswith("data/mini/")
    else:
        assert spec.source == spec.name and re.fullmatch(r"[0-9a-f]{40}", spec.revision)


@pytest.mark.parametrize("tier", TIERS.values(), ids=TIERS)
def test_settings_fit_together(tier):
    assert tier.batch_size % tier.micro_batch == 0
    assert 0 < tier.answer_tokens <= tier.max_new_tokens
    assert tier.teacher != tier.student
    assert tier.sampling.temperature > 0 and 0 < tier.sampling.top_p <= 1
    assert tier.data.made_here or re.fullmatch(r"[0-9a-f]{40}", tier.data.revision)
    assert tier.artifacts == ROOT / "artifacts" / tier.name


@pytest.mark.parametrize("name", ["small", "full"])
def test_what_was_not_run_says_so(name):
    assert "not yet run" in str(TIERS[name].budget)


def test_the_minutes_of_mini_are_those_of_the_series_as_it_ran():
    seconds = json.loads((ROOT / "data" / "results" / "minutes.json").read_text(encoding="utf-8"))["seconds"]
    assert len(seconds) == len(list((ROOT / "notebooks").glob("*.ipynb")))
    assert TIERS["mini"].budget.minutes == round(sum(seconds.values()) / 60)


@pytest.mark.parametrize(
    ("gigabytes", "name"), [(None, "mini"), (8, "mini"), (12.5, "small"), (20.9, "small"), (23.6, "full")]
)
def test_auto_follows_the_hardware(monkeypatch, free_choice, gigabytes, name):
    pretend_gpu(monkeypatch, gigabytes)
    assert resolve() is resolve("auto") is TIERS[name]


def test_a_name_is_taken_as_given(monkeypatch, free_choice):
    pretend_gpu(monkeypatch, 23.6)
    assert resolve("small") is TIERS["small"]


def test_the_environment_goes_before_a_name(monkeypatch):
    monkeypatch.setenv("DISTILL_TIER", "small")
    assert resolve("mini") is TIERS["small"]


def test_the_environment_may_ask_for_auto(monkeypatch):
    pretend_gpu(monkeypatch, 23.6)
    monkeypatch.setenv("DISTILL_TIER", "auto")
    assert resolve("mini") is TIERS["full"]


def test_an_empty_variable_is_none(monkeypatch):
    monkeypatch.setenv("DISTILL_TIER", "")
    assert resolve("small") is TIERS["small"]


def test_a_tier_comes_back_as_it_is(monkeypatch):
    monkeypatch.setenv("DISTILL_TIER", "small")
    own = replace(TIERS["mini"], epochs=1)
    assert resolve(own) is own


def test_an_unknown_argument_is_named(free_choice):
    with pytest.raises(ValueError, match=r"argument `tier` is 'huge'.*auto, mini, small, full"):
        resolve("huge")


def test_an_unknown_variable_is_named(monkeypatch):
    monkeypatch.setenv("DISTILL_TIER", "Mini")
    with pytest.raises(ValueError, match=r"DISTILL_TIER is 'Mini'.*auto, mini, small, full"):
        resolve("mini")


def test_none_is_not_a_tier(free_choice):
    with pytest.raises(ValueError, match="None"):
        resolve(None)


@pytest.mark.parametrize("seed", ["a", "0", 1.5, -1, 2**32, None, True, float("nan"), [0]])
def test_a_seed_that_some_library_would_refuse_is_refused_at_once(free_choice, seed):
    with pytest.raises(ValueError, match=r"the seed is .*: take a whole number from 0 to 4,294,967,295, such"):
        resolve("mini", seed)


@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1, np.int64(3)])
def test_a_seed_that_every_library_takes(free_choice, seed):
    assert resolve("mini", seed) is TIERS["mini"]
    torch.Generator().manual_seed(int(seed)), np.random.RandomState(seed)


def test_problems_are_made_here_or_come_from_elsewhere():
    assert [tier.data.made_here for tier in TIERS.values()] == [True, False, False]


def test_the_root_is_the_repository():
    assert (ROOT / "helpers" / "tiers" / "__init__.py").samefile(tiers.__file__)


def test_the_tier_of_contributing_is_one():
    """Its ten lines run as they stand, up to the training."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"## A tier of your own.*?```python\n(.*?)```", text, re.DOTALL)
    made: dict = {}
    exec(block.partition("run = ")[0], made)
    mine = tiers.resolve(made["mine"])
    assert mine.teacher.local and mine.student.local and mine.artifacts == ROOT / "artifacts" / "mine"
    assert mine.data == tiers.TIERS["small"].data and len(block.splitlines()) <= 10


def test_a_tier_may_be_a_json_file(monkeypatch, tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"like": "mini", "name": "mine", "epochs": 2, "data": {"most": 24}}')
    monkeypatch.setenv("DISTILL_TIER", str(path))
    mine = tiers.resolve("auto")
    assert (mine.name, mine.epochs, mine.data.most, mine.data.name) == ("mine", 2, 24, TIERS["mini"].data.name)
    assert mine.artifacts.name == "mine" and mine.traces == TIERS["mini"].traces


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"), ("[]", 'must name as "like"'), ('{"like": "huge"}', "one of mini, small, full"),
        ('{"like": "mini", "epoch": 2}', "Tier has no epoch; it has name, teacher"),
        ('{"like": "mini", "data": {"least": 2}}', "DataSpec has no least; it has name, config, revision, most"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_tier_says_what_is_wrong(monkeypatch, tmp_path, text, said):
    path = tmp_path / "mine.json"
    path.write_text(text)
    monkeypatch.setenv("DISTILL_TIER", str(path))
    with pytest.raises(ValueError, match=re.escape(said)):
        tiers.resolve("auto")
