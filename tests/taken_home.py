"""A mini student with a really trained adapter, of a few steps: what the tests of taking it home stand on."""

import json
from dataclasses import replace

import pytest

from helpers import methods, problems, tiers
from helpers.tiers import TIERS, ModelSpec
from helpers.traces import store
from helpers.training import method as form

PLACE = tiers.ROOT / "data" / "mini"
RECORD = {"teacher": "data/mini/teacher", "data": "helpers.problems", "data_config": None, "data_revision": None}


def lessons(n: int):
    """Traces as `traces.load` gives them, of problems that the mini models know."""
    rows = [
        {
            "question": one.question, "gold": list(one.answer), "family": one.family, "tokens": 40, "ended": True,
            store.ANSWER: f"<think>\nLet me count.\n</think>\n\nThe answer is {' and '.join(map(str, one.answer))}.",
            "verdict": "kept",
        }
        for one in problems.draw("train", n, 3)
    ]  # fmt: skip
    return store.as_dataset(rows, json.dumps(RECORD))


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """The method of a finished training, and its tier in a folder of the test's own. Both students can be had."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiers, "ROOT", tmp_path_factory.mktemp("home"))
        patch.setattr(form, "VALIDATION", 4)
        tier = replace(
            TIERS["mini"], epochs=2, batch_size=8, micro_batch=8, answer_tokens=40, name="mini",
            **{role: ModelSpec(str(PLACE / role)) for role in ("teacher", "student", "sibling")},
        )  # fmt: skip
        tier = replace(tier, lora=replace(tier.lora, r=8, alpha=16))

        def trained(role: str):
            method = methods.Token(tier, 0, lessons(24), role=role)
            method.run()
            return method

        yield trained
