"""The real student in few bits, on a tiny random one: its figures, what goes on after a kill, its table."""

import json
from dataclasses import replace

import pytest
from readme import real_parts as real_tables
from readme import real_table
from readme.tables import percent
from real import __main__ as real
from real import parts as real_parts
from real import rounded
from real import traces as real_traces
from test_real import HELD, Kill, parts, tier  # noqa: F401  (one is a fixture)

from helpers import models, tiers
from helpers.quantization import Format
from helpers.training.nearness import nearness
from helpers.training.rows import of_traces

pytestmark = pytest.mark.tools


@pytest.fixture
def given(tier, monkeypatch):  # noqa: F811
    """(tier, all traces, those held out), in float32: a step on three texts, and a checkpoint after each."""
    changes = rounded.Rounded.changes | {"bf16": False, "save_steps": 1}
    monkeypatch.setattr(rounded.Rounded, "changes", changes)
    monkeypatch.setattr(rounded, "EPOCHS", 4)
    tier = replace(tier, teacher=real.REAL.teacher)  # of which there is nothing here but its answers
    return tier, real_traces.read(real_traces.path()), parts(tier)[1]


def test_each_number_of_bits_has_before_after_and_the_rival_and_what_came_back(given, monkeypatch):
    found = rounded.part(*given, 0)
    assert found["whole"]["kl"] == 0 and found["whole"]["agreement"] == 1
    assert (found["texts"], found["held_out"]) == (9 - HELD, HELD)
    for bits in ("3", "2"):
        one = found[bits]
        assert all(one[name]["kl"] > 0 for name in ("before", "after", "labels"))
        lost, back = one["before"]["kl"], one["recovered"]["after"]["kl"]
        assert back["value"] == pytest.approx(1 - one["after"]["kl"] / lost)
    assert found["2"]["before"]["kl"] > found["3"]["before"]["kl"]
    assert found["2"]["before"]["kl"] > found["2"]["after"]["kl"]
    json.dumps(found)
    # Read again, nothing is loaded.
    monkeypatch.setattr(models, "load_student", lambda *_, **__: pytest.fail("there is nothing left to do"))
    assert rounded.part(*given, 0) == found


def test_what_is_held_out_is_never_learnt_and_every_learnt_token_of_it_is_read(given):
    one, every, held = given
    learnt = rounded._unheld(every, held)
    assert set(learnt["question"]) | set(held["question"]) == set(every["question"])
    assert not set(learnt["question"]) & set(held["question"])
    found = rounded.part(*given, 0)
    sized = rounded._sized(one)
    model, tokenizer = models.load_student(one, four_bit=False)
    rows = of_traces(sized, tokenizer, held, "student").to_list()
    once = nearness(rounded._once(sized, Format(2)), model, rows, tokenizer.pad_token_id)
    assert found["tokens"] == sum(once.tokens) and found["2"]["before"]["kl"] == pytest.approx(once.nats, rel=1e-4)


def test_of_a_long_text_the_beginning_is_read_and_none_is_left_out(given, monkeypatch):
    one, every, held = given
    monkeypatch.setattr(rounded, "LENGTH", 50)
    sized = rounded._sized(one)
    _, tokenizer = models.load_student(one, four_bit=False)
    arm = rounded.Rounded(sized, 0, rounded._unheld(every, held), format=Format(2), rate=1e-3)
    for rows, texts in ((arm.tokens(tokenizer), arm.rows), (real_traces.beginnings(sized, tokenizer, held), held)):
        assert len(rows) == len(texts) and {len(row["input_ids"]) for row in rows} == {50}
    found = rounded.part(*given, 0)
    assert found["settings"]["length"] == 50 and 0 < found["tokens"] < 50 * len(held)


def test_a_kill_in_the_middle_of_an_arm_costs_what_came_after_its_checkpoint(given, tmp_path, monkeypatch):
    whole = rounded.part(*given, 0)
    monkeypatch.setattr(tiers, "ROOT", tmp_path / "other")
    trainer_of = rounded.Rounded.trainer

    def killed(self, *words):
        trainer = trainer_of(self, *words)
        trainer.add_callback(Kill())
        return trainer

    monkeypatch.setattr(rounded.Rounded, "trainer", killed)
    with pytest.raises(KeyboardInterrupt):
        rounded.part(*given, 0)
    left = sorted(path.name for path in (given[0].artifacts / "rounded").glob("*.json"))
    assert {"whole.json", "3 before.json"} <= set(left) and "3 after.json" not in left
    monkeypatch.setattr(rounded.Rounded, "trainer", trainer_of)
    again = rounded.part(*given, 0)
    assert {**again, "seconds": 0} == {**whole, "seconds": 0}


def test_other_texts_are_refused_beside_what_is_there(given):
    one, every, held = given
    rounded.part(*given, 0)
    with pytest.raises(ValueError, match="other settings"):
        rounded.part(one, every.select(range(6)), held, 0)


def test_the_part_joins_the_file_and_the_table_has_it_only_then(given, tmp_path):
    folder = tmp_path / "results"
    path = real.real(given[0], held=HELD, folder=folder)
    alone = json.loads(path.read_text(encoding="utf-8"))
    assert real_tables.in_few_bits(alone) == []
    before = real_table.real_table(alone)
    real_parts.add(path, "qad", given[0], 0, HELD)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert {**found, "qad": None} == {**alone, "qad": None} and found["qad"]["run"]["machine"]
    table, note = real_tables.in_few_bits(found)
    one = found["qad"]["2"]
    assert f"| 2 bits, taught by its whole self | {one['after']['kl']:.3f} |" in table
    assert percent(one["recovered"]["after"]["kl"]) in table and f"{HELD} held-out texts" in note
    assert table in real_table.real_table(found) and table not in before


def test_a_part_that_is_none_is_refused(capsys):
    assert real.main(["nothing"]) == 2 and "choose from qad" in capsys.readouterr().err
