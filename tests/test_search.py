"""The search of settings: one rule for all methods, the best of validation, and what is read of it afterwards."""

import json

import pytest
import search

from helpers.evaluation.statistics import wilson
from helpers.tiers import TIERS
from helpers.training import searched

MINI = TIERS["mini"]


@pytest.fixture
def scored(monkeypatch):
    """The search with trainings that are only asked for: accuracy(epochs, settings) says what each would bring."""

    def with_scores(accuracy):
        asked = []

        def tried(tier, what, seed, epochs, settings, problems):
            asked.append((seed, epochs, search.plain(settings)))
            return {"hits": round(accuracy(epochs, search.plain(settings)) * 100) + seed, "n": 100, "seconds": 1.0}

        monkeypatch.setattr(search, "tried", tried)
        return asked

    return with_scores


def test_first_the_grid_then_the_epochs_of_the_best(scored):
    asked = scored(lambda epochs, settings: 0.1 * settings["temperature"] - settings["alpha"] / 10 + epochs / 100)
    found = search.chosen(MINI, "logits", [0, 1], [])
    grid = [(epochs, settings) for seed, epochs, settings in asked if seed == 0]
    assert len(grid) == 6 + 3 and all(epochs == 8 for epochs, _ in grid[:6])
    assert found["chosen"] == {"epochs": 32, "temperature": 4.0, "alpha": 0.0}
    assert [one["epochs"] for one in found["tried"][6:]] == [4, 16, 32] and found["traces"] == 75


def test_the_setting_tried_first_wins_where_all_are_equal(scored):
    scored(lambda epochs, settings: 0.5)
    assert search.chosen(MINI, "logits", [0], [])["chosen"] == {"epochs": 8, "temperature": 1.0, "alpha": 0.0}
    assert search.chosen(MINI, "token, sibling", [0], [])["chosen"] == {"epochs": 4}


def test_the_best_of_the_grid_is_kept_where_other_epochs_are_worse(scored):
    scored(lambda epochs, settings: 0.9 if epochs == 8 else 0.5)
    assert search.chosen(MINI, "cross-tokenizer", [0], [])["chosen"]["epochs"] == 8


def test_what_is_added_to_a_method_is_tried_with_that_ones_settings(scored):
    asked = scored(lambda epochs, settings: settings["weight"] / 10)
    logits = {"chosen": {"epochs": 16, "temperature": 2.0, "alpha": 0.5}}
    found = search.chosen(MINI, "features", [0], [], {"logits": logits})
    assert all(settings["temperature"] == 2.0 and settings["alpha"] == 0.5 for _, _, settings in asked)
    assert found["chosen"] == {"epochs": 8, "temperature": 2.0, "alpha": 0.5, "weight": 1.0} and len(asked) == 6


def test_what_was_chosen_is_read_and_a_tier_without_a_search_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(searched, "ROOT", tmp_path)
    assert searched.searched(MINI, "logits", epochs=7) == {"epochs": 7}
    assert "no settings of logits were searched" in capsys.readouterr().out
    path = tmp_path / "data" / "results" / "mini" / "search.json"
    path.parent.mkdir(parents=True)
    found = {"chosen": {"epochs": 16}, "tried": [{"epochs": 16, "hits": [300, 401]}], "run": {"problems": 500}}
    path.write_text(json.dumps({"methods": {"logits": found}}))
    assert searched.searched(MINI, "logits", epochs=7) == {"epochs": 16}
    (one,) = searched.tried(MINI, "logits")
    assert one["epochs"] == 16 and one["seeds"] == [0.6, 0.802] and one["share"] == wilson(350, 500)
    with pytest.raises(ValueError, match=r"has no 'token'; it has logits"):
        searched.searched(MINI, "token")


def test_the_committed_file_holds_every_method_and_chose_by_the_rule():
    found = json.loads(searched.file_of(MINI).read_text(encoding="utf-8"))["methods"]
    assert list(found) == list(search.SEARCHES)
    for name, one in found.items():
        what, tried = search.SEARCHES[name], one["tried"]
        assert len(tried) == len(list(what.settings())) + len(what.epochs) - 1, name
        assert all(
            each["accuracy"] == sum(each["hits"]) / (one["run"]["problems"] * len(each["hits"])) for each in tried
        )
        best = max(each["accuracy"] for each in tried)
        assert one["chosen"].items() <= next(each for each in tried if each["accuracy"] == best).items(), name
        assert one["run"]["commit"] and "dirty" not in one["run"]["commit"]
