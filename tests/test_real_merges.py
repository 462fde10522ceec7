"""The part of the real run on merges: what each of them has lost, on texts alone."""

import json

import pytest
import torch
from readme.real_parts import merges as table
from real import merges
from taken_home import lessons, taught  # noqa: F401  (taught: a fixture)

from helpers import models, training
from helpers.training.rows import of_traces

pytestmark = pytest.mark.tools


@pytest.fixture(scope="module")
def method(taught):  # noqa: F811
    return taught("student")


@pytest.fixture(scope="module")
def held():
    return lessons(30).select(range(24, 30))


def test_each_merge_beside_the_student_that_was_trained(method, held):
    found = merges.merged(method, held)
    assert list(found) == ["trained", *merges.WAYS]
    assert found["trained"]["kl"] == 0 and found["trained"]["agreement"] == 1
    assert found["rounded"]["kl"] < 1e-6 and found["rounded"]["noise"] < 1e-4
    assert found["rounded"]["loss"] == pytest.approx(found["trained"]["loss"], rel=1e-4)
    for name in ("whole", "again"):
        assert found[name]["kl"] > 1e-4 and found[name]["noise"] > 1e-2 and found[name]["agreement"] <= 1
    said = "\n".join(table({"merged": found}))
    assert f"| whole base + update | {found['whole']['kl']:.2g} |" in said and table({}) == []


def test_what_is_there_is_read_and_what_was_stopped_goes_on(method, held, monkeypatch):
    found, folder = merges.merged(method, held), method.folder / "merged"
    (folder / "again.json").unlink()
    asked = []
    monkeypatch.setattr(merges, "beside", lambda pupil, trained, name, rows: asked.append(name) or {"kl": 7.0})
    assert merges.merged(method, held) == found | {"again": {"kl": 7.0}} and asked == ["again"]
    monkeypatch.setattr(models, "load_student", lambda *_, **__: pytest.fail("there is nothing left to do"))
    assert merges.merged(method, held)["again"] == {"kl": 7.0}
    with pytest.raises(ValueError, match="made with other settings: held was"):
        merges.merged(method, held.select(range(5)))
    (folder / "again.json").write_text(json.dumps(found["again"]), encoding="utf-8")


def test_the_loss_is_that_of_the_model_itself(method):
    model, tokenizer = models.load_student(method.tier, adapter=training.adapters(method.folder)[-1])
    (row,) = of_traces(method.tier, tokenizer, lessons(1), "student").to_list()
    with torch.no_grad():
        wanted = model(**{name: torch.tensor([row[name]]) for name in ("input_ids", "labels")}).loss.item()
    assert merges.compared(model, model, [row])["loss"] == pytest.approx(wanted, rel=1e-4)
