"""The real run from end to end on a tiny random student: its figures, its parts after a kill, its table."""

import json
from dataclasses import replace

import pytest
import torch
from readme.real_table import real_table
from readme.tables import percent
from real import __main__ as real
from real import learning
from real import traces as real_traces
from transformers import TrainerCallback

from helpers import methods, models, tiers, training
from helpers.generation.with_transformers import Answer
from helpers.training import method

pytestmark = pytest.mark.tools

HELD = 3


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    """A tier whose student is random, and nine traces short enough for it."""
    file = tmp_path / "traces.jsonl"
    lines = [
        {"question": f"{i} and {i}?", "answer": f"#### {2 * i}", "response": f"{i} twice.</think>It is {2 * i}."}
        for i in range(9)
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    monkeypatch.setenv(real_traces.FILE, str(file))
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    monkeypatch.setattr(real, "DRAWS", 2)
    monkeypatch.setattr(method, "right_answers", lambda *_: pytest.fail("its validation takes most of an hour"))
    lora = replace(tiny.lora, r=4, alpha=8)
    return replace(tiny, name="real", answer_tokens=4, batch_size=4, micro_batch=2, answer_batch=3, epochs=2, lora=lora)


def parts(tier, seed=0):
    return real_traces.split(real_traces.read(real_traces.path()), tier, HELD, seed)


def test_the_file_has_every_figure_and_the_table_tells_them(tier, tmp_path, capsys, monkeypatch):
    path = real.real(tier, held=HELD, folder=tmp_path / "results")
    found = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == "real.json" and found["run"]["seed"] == 0 and "machine" in found["run"]
    assert found["traces"]["learnt"] == 6 and found["traces"]["went"] == {"learnt": 6, "held out": HELD}
    losses = found["held_out"]
    assert len(losses["per_epoch"]) == 2 and losses["per_epoch"][-1] == losses["after"] != losses["before"]
    assert found["minutes"]["all"] > found["minutes"]["training"] > 0
    assert all(found["answers"][when][name]["n"] == HELD for when in ("before", "after")
               for name in ("opens", "reasons", "ended", "right"))  # fmt: skip
    assert len(found["crayons"]["after"]["sampled"]) == 2 and found["packages"]["gguf"]
    table = real_table(found)
    assert f"nats a token | {losses['before']:.3f} | {losses['after']:.3f} |" in table
    assert f"| right answers | {percent(found['answers']['before']['right'])} |" in table

    monkeypatch.setattr(models, "load_student", lambda *_: pytest.fail("there is nothing left to do"))
    again = json.loads(real.real(tier, held=HELD, folder=tmp_path / "again").read_text(encoding="utf-8"))
    assert again == found


class Kill(TrainerCallback):
    def on_step_end(self, args, state, control, **_):
        if state.global_step == 3:  # an epoch has two steps
            raise KeyboardInterrupt


def by_hand(tier, adapter, held) -> tuple[float, int]:
    """Nats a learnt token and how many there are, from a model that is loaded again."""
    model, tokenizer = models.load_student(tier, adapter=adapter)
    nats, tokens = 0.0, 0
    for row in held:
        turns = [{"role": "user", "content": row["question"]}, {"role": "assistant", "content": row["teacher_answer"]}]
        whole = tokenizer.apply_chat_template(turns, tokenize=False)
        ids = tokenizer(whole, add_special_tokens=False, return_tensors="pt").input_ids
        begin = len(models.prompt_ids(tokenizer, row["question"]))
        with torch.no_grad():
            said = model(input_ids=ids).logits[0].log_softmax(-1)
        nats -= sum(said[t - 1, ids[0, t]].item() for t in range(begin, ids.shape[1]))
        tokens += ids.shape[1] - begin
    return nats / tokens, tokens


def test_held_out_losses_are_those_of_the_saved_adapters_and_outlive_a_kill(tier, tmp_path, monkeypatch):
    monkeypatch.setattr(learning, "BFLOAT16", False)  # for the sums by hand
    learnt, held, _ = parts(tier)
    run = learning.train(tier, learnt, held, 0)
    whole = [(entry["epoch"], entry["held_out"]) for entry in real.held_out(run)]
    assert [epoch for epoch, _ in whole] == [0, 1, 2] and len({loss for _, loss in whole}) == 3
    for adapter, entry in zip([None, *training.adapters(run.folder)], real.held_out(run), strict=True):
        loss, tokens = by_hand(tier, adapter, held)
        assert entry["tokens"] == tokens and entry["held_out"] == pytest.approx(loss, rel=1e-5)

    monkeypatch.setattr(tiers, "ROOT", tmp_path / "other")
    trainer_of = method.trainer_of

    def killed(*words, **named):
        trainer = trainer_of(*words, **named)
        trainer.add_callback(Kill())
        return trainer

    monkeypatch.setattr(method, "trainer_of", killed)
    with pytest.raises(KeyboardInterrupt):
        learning.train(tier, learnt, held, 0)
    assert not training.finished(methods.Token(tier, 0, learnt).folder)
    monkeypatch.setattr(method, "trainer_of", trainer_of)
    again = real.held_out(learning.train(tier, learnt, held, 0))
    assert [(entry["epoch"], entry["held_out"]) for entry in again] == whole


def test_unpacked_the_student_says_what_it_says_in_four_bits(tier, tmp_path):
    packed, tokenizer = models.load_student(tier)
    trained = models.add_lora(packed, tier.lora, seed=0)
    for name, weight in trained.named_parameters():
        if "lora_B" in name:  # as after a training; a fresh one is zero
            torch.nn.init.normal_(weight, std=0.1)
    trained.eval().save_pretrained(tmp_path / "adapter")
    ids = tokenizer("Sarah has 3 boxes of crayons.", return_tensors="pt").input_ids
    with torch.no_grad():
        said, alone = trained(input_ids=ids).logits, real.unpacked(tier, None)[0](input_ids=ids).logits
        torch.testing.assert_close(real.unpacked(tier, tmp_path / "adapter")[0](input_ids=ids).logits, said)
        assert not torch.allclose(alone, said, atol=1e-2)
        with trained.disable_adapter():
            torch.testing.assert_close(trained(input_ids=ids).logits, alone)


def test_the_crayons_are_told_word_for_word():
    def said(text, ended=True):
        answer = Answer(text, 5, ended)
        return {"text": answer.text, "tokens": 5, "ended": ended, "opened": False, "seconds": 1.0}

    rows = {"greedy": [said("It is 52."), said("no matter")], "sampled": [said("It is 62."), said("It is 6")]}
    found = real.crayons(rows)
    assert found["greedy"] == "It is 52." and not found["greedy_right"] and found["greedy_ended"]
    assert found["sampled"] == ["It is 62.", "It is 6"] and found["sampled_right"] == 1


def test_missing_traces_are_told_before_anything_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(real_traces.FILE, str(tmp_path / "nowhere.jsonl"))
    monkeypatch.setattr(real.real_student, "make", lambda *_: pytest.fail("the student takes half a minute"))
    assert real.main() == 1
    assert "nowhere.jsonl: correct DISTILL_R1_TRACES" in capsys.readouterr().err


def test_texts_of_the_model_are_shown_as_text():
    from readme.real_table import shown

    assert shown("<think>\nA.\n\n# B\n</think>") == "&lt;think> A. # B &lt;/think>"
    assert shown("0. " * 1_000) == ("0. " * 300) + " [… and so on]"


def test_the_tier_holds_a_trace_and_its_answer():
    # A question takes more than the hundred-odd tokens by which an answer may be shorter than a whole trace.
    assert real.REAL.answer_tokens >= real.REAL.max_length - 128 and real.REAL.batch_size % real.REAL.micro_batch == 0
    assert real.REAL.name not in tiers.TIERS
