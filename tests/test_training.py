"""Training with TRL: what is in the loss, checkpoints, going on after a kill, reading what is finished."""

import json
import shutil
import weakref
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainerCallback

from helpers import methods, models, sources, tiers, training
from helpers.evaluation.statistics import wilson
from helpers.traces import store
from helpers.training import callbacks, checkpoints, method
from helpers.training.rows import labels_of_turns, optimizer_steps

QUESTIONS = [f"Tom has {i} pens and finds {i + 1} more. How many pens has Tom?" for i in range(10)]


def kept(n: int = 10, reply: str = "It is {}."):
    """Traces as `traces.load` gives them, made up."""
    rows = [
        {
            "question": QUESTIONS[i],
            store.ANSWER: f"<think>\n{i} + {i + 1} = {2 * i + 1}.\n</think>\n\n{reply.format(2 * i + 1)}",
            "gold": [2 * i + 1], "family": "more", "tokens": 20, "ended": True, "verdict": "kept",
        }
        for i in range(n)
    ]  # fmt: skip
    return store.as_dataset(rows, json.dumps({"made": "up"}))


def tier_in(folder, tiny, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", folder)
    monkeypatch.setattr(method, "VALIDATION", 2)
    monkeypatch.setattr(method, "BETWEEN", 1)
    return replace(tiny, epochs=3, batch_size=4, micro_batch=2, lora=replace(tiny.lora, r=4, alpha=8))


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    return tier_in(tmp_path, tiny, monkeypatch)


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """A whole training, made once: its run, its trainer, and what it said."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()) as said:
        trainer = trainer_for(tier_in(tmp_path_factory.mktemp("whole"), tiny, patch))
        run = training.run(trainer)
    return SimpleNamespace(run=run, trainer=trainer, said=said.getvalue())


@pytest.fixture
def copied(whole, tier):
    """The whole training's run, copied to where this test's tier has it."""
    return replace(whole.run, folder=shutil.copytree(whole.run.folder, tier.artifacts / whole.run.folder.name))


def trainer_for(tier, seed=0, rows=None):
    student, tokenizer = models.load_student(tier)
    return methods.Token(tier, seed, kept() if rows is None else rows).trainer((student, tokenizer))


class Kill(TrainerCallback):
    def __init__(self, step: int):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.step:
            raise KeyboardInterrupt


def weights(folder) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_answer_is_learnt_with_its_end_and_the_prompt_is_not(tier):
    trainer = trainer_for(tier)
    tokenizer = trainer.processing_class
    found = set()
    for batch in trainer.get_train_dataloader():
        for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
            learnt = tokenizer.decode(ids[labels != -100])
            whole = tokenizer.decode(ids[ids != tokenizer.pad_token_id])
            assert whole.count("<bos>") == 1
            prompt, _, answer = whole.partition("<start_of_turn>model\n")
            assert learnt == answer
            assert learnt.startswith("<think>") and learnt.rstrip().endswith("<end_of_turn>")
            assert all(question not in learnt for question in QUESTIONS) and prompt
            found.add(learnt)
    assert len(found) == 10


def test_the_loss_is_the_mean_over_the_learnt_tokens(tier):
    trainer = trainer_for(replace(tier, micro_batch=4))
    batch = next(iter(trainer.get_train_dataloader()))
    model = trainer.model.eval()
    with torch.no_grad():
        said = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.float()
        total = count = 0
        for row in range(len(said)):  # by hand: token t is foretold from what stands before it
            for t in range(1, said.shape[1]):
                if batch["labels"][row, t] != -100:
                    total -= said[row, t - 1].log_softmax(-1)[batch["labels"][row, t]].item()
                    count += 1
        found = trainer.compute_loss(model, dict(batch)).item()
    assert found == pytest.approx(total / count, rel=1e-4)


def test_one_checkpoint_an_epoch_and_one_schedule_over_all(whole):
    trainer, done = whole.trainer, whole.run
    # 10 rows in batches of 4 are 3 steps an epoch.
    assert done.steps == 9 and [path.name for path in training.adapters(done.folder)] == [
        "checkpoint-3", "checkpoint-6", "checkpoint-9",
    ]  # fmt: skip
    assert [epoch for epoch, _ in done.validation] == [1, 2, 3] and {found.n for _, found in done.validation} == {2}
    assert done.seconds > 0 and 0 < done.before <= done.peak
    assert trainer.lr_scheduler.get_last_lr()[0] == pytest.approx(0, abs=1e-9)
    first, last = (weights(path) for path in (training.adapters(done.folder)[0], training.adapters(done.folder)[-1]))
    assert not equal(first, last)


@pytest.mark.parametrize(("rows", "batch", "micro", "epochs"), [(10, 4, 2, 3), (8, 4, 4, 1), (3, 6, 2, 2)])
def test_the_steps_are_as_many_as_are_counted(tier, rows, batch, micro, epochs):
    chosen = replace(tier, batch_size=batch, micro_batch=micro, epochs=epochs)
    trainer = trainer_for(chosen, rows=kept(rows))
    *_, found = trainer.set_initial_training_values(trainer.args, trainer.get_train_dataloader())
    assert found == optimizer_steps(rows, batch, micro, epochs)


def test_the_labels_of_a_conversation_are_those_of_its_answers():
    assert labels_of_turns([5, 6, 7, 8, 9], [(1, 2), (3, 5)]) == [-100, 6, -100, 8, 9]
    assert labels_of_turns([5, 6], []) == [-100, -100]


def test_short_epochs_are_validated_now_and_then_and_at_the_end(tier, capsys, monkeypatch):
    monkeypatch.setattr(method, "BETWEEN", 2)  # an epoch has one step
    done = training.run(trainer_for(replace(tier, epochs=5), rows=kept(4)))
    assert [epoch for epoch, _ in done.validation] == [2, 4, 5]
    assert len(training.adapters(done.folder)) == 5
    assert "epoch 5 of 5: " in capsys.readouterr().out


def test_the_adapter_is_trained_and_stored_in_float32(whole):
    assert {weight.dtype for weight in whole.trainer.model.parameters() if weight.requires_grad} == {torch.float32}
    assert {tensor.dtype for tensor in weights(training.adapters(whole.run.folder)[-1]).values()} == {torch.float32}


@pytest.mark.parametrize("killed_at", [2, 5])
def test_a_killed_run_ends_as_if_it_had_not_been_killed(tier, killed_at, whole):
    whole, trainer = whole.run, trainer_for(tier)
    trainer.add_callback(Kill(killed_at))
    with pytest.raises(KeyboardInterrupt):
        training.run(trainer)
    assert not training.finished(trainer.args.output_dir)
    again = training.run(trainer_for(tier))
    assert again.folder != whole.folder and again.steps == whole.steps
    assert equal(weights(training.adapters(again.folder)[-1]), weights(training.adapters(whole.folder)[-1]))
    assert again.validation == whole.validation


def test_a_finished_run_is_read_and_not_run_again(tier, whole, copied, capsys):
    assert "epoch 3 of 3" in whole.said
    again = trainer_for(tier)
    again.add_callback(Kill(1))
    assert training.run(again) == copied == training.read(copied.folder) == training.read(str(copied.folder))
    assert capsys.readouterr().out == f"trained before, and read from artifacts/mini/{copied.folder.name}\n"


def test_the_folder_changes_with_what_is_learnt_and_how(tier):
    rows = kept()
    base = methods.Token(tier, 0, rows).folder
    assert base == methods.Token(tier, 0, kept()).folder
    others = [
        methods.Token(tier, 1, rows).folder,
        methods.Token(replace(tier, epochs=4), 0, rows).folder,
        methods.Token(replace(tier, lora=replace(tier.lora, r=8)), 0, rows).folder,
        methods.Token(replace(tier, student=tier.sibling), 0, rows).folder,
        methods.Token(tier, 0, kept(9)).folder,
        methods.Token(tier, 0, kept(reply="That is {}.")).folder,
    ]
    assert len({base, *others}) == 7


def test_tokens_makes_once_and_then_reads(tier, monkeypatch):
    tier = replace(tier, epochs=2)
    monkeypatch.setattr(method.traces, "load", lambda tier, seed: kept(4))
    made = methods.Token(tier, 0).run()
    monkeypatch.setattr(method.models, "load_student", lambda tier: pytest.fail("there is nothing left to train"))
    assert methods.Token(tier, 0).run() == made
    assert len(training.adapters(made.folder)) == 2


def test_an_edited_loss_is_trained_anew(tier, monkeypatch):
    before = methods.Token(tier, 0, kept()).folder
    code = sources.code
    monkeypatch.setattr(sources, "code", lambda *names: f"edited {code(*names)}")
    assert methods.Token(tier, 0, kept()).folder != before


@pytest.mark.parametrize("at", ["state", "half a state", "optimizer", "adapter", "mark"])
def test_a_checkpoint_that_a_kill_left_half_written_is_passed_over(tier, copied, at, capsys):
    """A kill at any byte: what is missing or cut makes the run go on from the checkpoint before."""
    done = copied
    last = training.adapters(done.folder)[-1]
    wanted = {name: tensor.clone() for name, tensor in weights(last).items()}  # not a map of the file that is cut
    names = {"optimizer": "optimizer.pt", "adapter": "adapter_model.safetensors"}
    path = last / names.get(at, "trainer_state.json")
    if at == "state":
        path.unlink()
    elif at == "mark":
        (last / checkpoints.WHOLE).unlink()
    else:
        path.write_bytes(path.read_bytes()[:-7])
    (done.folder / training.RUN).unlink()
    capsys.readouterr()
    again = training.run(trainer_for(tier))
    assert "not whole, and deleted: checkpoint-9. It goes on from checkpoint-6" in capsys.readouterr().out
    assert equal(weights(training.adapters(again.folder)[-1]), wanted) and again.steps == done.steps


def test_the_clock_is_read_at_every_checkpoint_so_that_a_kill_costs_no_second_before_it():
    clock, state = callbacks.Clock(), SimpleNamespace(global_step=3, log_history=[])
    clock.on_train_begin(None, state, None)
    for saves, entries in ((False, 0), (True, 1)):
        clock.on_step_end(None, state, SimpleNamespace(should_save=saves))
        assert [entry["step"] for entry in state.log_history] == [3] * entries
    clock.on_epoch_end(None, state, None)
    assert len(state.log_history) == 2 and all(entry["part_seconds"] >= 0 for entry in state.log_history)


def test_of_nothing_whole_a_run_begins_anew(tier, tmp_path, capsys):
    (tmp_path / "checkpoint-3").mkdir()
    assert checkpoints.last_whole(tmp_path) is None and "from the beginning" in capsys.readouterr().out
    assert checkpoints.last_whole(tmp_path) is None and not capsys.readouterr().out


def test_a_training_of_nan_is_stopped_and_not_stored(tier, monkeypatch):
    trainer = trainer_for(tier)
    with torch.no_grad():
        next(weight for name, weight in trainer.model.named_parameters() if "lora_B" in name).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match=r"the gradient of step 1 is nan.*learning rate"):
        training.run(trainer)
    assert not training.finished(trainer.args.output_dir)
    with pytest.raises(FloatingPointError, match="the loss of step 10 is inf"):
        callbacks.Finite().on_log(None, SimpleNamespace(global_step=10), None, {"loss": float("inf")})


@pytest.mark.parametrize(("batch", "micro"), [(8, 3), (4, 8), (12, 0), (12, 8)])
def test_a_batch_that_cannot_be_cut_is_refused(tier, batch, micro):
    with pytest.raises(ValueError, match=rf"micro_batch is {micro}, and a batch of {batch} cannot be .*choose 1, 2, "):
        training.settings(replace(tier, batch_size=batch, micro_batch=micro), 0, "unused")


def test_several_cards_do_not_share_a_batch():
    args = SimpleNamespace(n_gpu=2, _n_gpu=2)
    assert training.on_one_card(args)._n_gpu == 1


def test_a_student_whose_teacher_cannot_be_loaded_is_let_go(tier, tmp_path):
    class Model:
        pass

    held = []

    def begin():
        student = Model()
        held.append(weakref.ref(student))
        raise OSError("no teacher")

    try:
        method.once(tmp_path, begin)
    except OSError:
        assert held[0]() is None, "the error still holds it"
    else:
        pytest.fail("the error was swallowed")


def test_what_cannot_be_learnt_is_refused_at_once(tier, monkeypatch):
    with pytest.raises(ValueError, match="no student called 'teacher'; choose from student, sibling"):
        methods.Token(tier, 0, kept(), role="teacher").run()
    with pytest.raises(ValueError, match="no traces to learn from"):
        methods.Token(tier, 0, kept(0)).run()


@pytest.mark.parametrize("rows", [60, 1])
def test_of_own_data_the_validation_takes_what_there_is(tier, tmp_path, monkeypatch, capsys, rows):
    """Said before anything is trained, and not only at the end of an epoch."""
    lines = [json.dumps({"question": f"Tom has {i} pens. How many?", "answer": f"#### {i}"}) for i in range(rows)]
    for part in ("train", "test"):
        (tmp_path / f"{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setenv("DISTILL_GSM8K", str(tmp_path))
    monkeypatch.setattr(method, "VALIDATION", 120)
    own = replace(tier, data=tiers.GSM8K, epochs=2)
    if rows == 1:
        with pytest.raises(ValueError, match="has 0 validation questions"):
            trainer_for(own)
        return
    trainer = trainer_for(own)
    assert capsys.readouterr().out.count("validation questions: all of them are taken, where 120 were asked for") == 1
    done = training.run(trainer)
    assert "validation questions" not in capsys.readouterr().out
    assert len(done.validation) == 2 and 0 < done.validation[0][1].n < 20


def test_validation_asks_the_same_problems_whatever_the_seed(tier, monkeypatch):
    asked = []
    monkeypatch.setattr(
        method.generation, "generate", lambda model, tokenizer, questions, *_, **__: asked.append(questions)
    )
    monkeypatch.setattr(method.evaluation, "accuracy", lambda answers, problems: wilson(1, len(problems)))
    assert method.right_answers(tier, None, None) == method.right_answers(tier, None, None) == wilson(1, 2)
    assert asked[0] == asked[1] and len(asked[0]) == 2


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training\.run"):
        training.read(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"training\.run"):
        training.adapters(tmp_path)
    for name in ("checkpoint-10", "checkpoint-9"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_model.safetensors").touch()
    assert [path.name for path in training.adapters(tmp_path)] == ["checkpoint-9", "checkpoint-10"]
