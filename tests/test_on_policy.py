"""On-policy distillation: what is in the loss, by hand and by TRL; whose text; its control, its start and its board."""

import shutil
from contextlib import redirect_stdout
from dataclasses import replace
from io import StringIO

import pytest
import torch
from datasets import Dataset
from test_cache import tier_in as in_parts
from test_logit_trainer import OPENED
from test_training import Kill, equal, kept, weights
from trl import DistillationConfig, DistillationTrainer
from trl.experimental.gkd import GKDTrainer

from helpers import losses, methods, models, training
from helpers.training import board, method
from helpers.training.board import Rule


def tier_in(folder, tiny, patch):
    return replace(in_parts(folder, tiny, patch), micro_batch=4)


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    return tier_in(tmp_path, tiny, monkeypatch)


def trainer_for(tier, opens=True, rows=None, **how):
    """opens: whether the sibling's prompt opens the thought, as the teacher's does."""
    sibling, tokenizer = models.load_sibling(tier)
    if not opens:
        tokenizer.chat_template = tokenizer.chat_template.replace(OPENED, OPENED.replace("<think>\n", ""))
    teacher, _ = models.load_teacher(tier)
    with torch.no_grad():  # the tiny models hold everything for likely: these two differ, and are surer
        sibling.get_output_embeddings().weight.mul_(4), teacher.get_output_embeddings().weight.mul_(6)
    return methods.OnPolicy(tier, 0, rows or kept(), **how).trainer((sibling, tokenizer), (teacher, tokenizer))


def steps_of(trainer, steps: int = 1) -> list[dict]:
    """The first batch of each of the first steps, as the trainer gets it."""
    batches, found = iter(trainer.get_train_dataloader()), []
    for step in range(steps):
        trainer.state.global_step = step
        found.append(trainer.get_batch_samples(batches, 1, trainer.args.device)[0][0])
    return found


def both_logits(trainer, batch):
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    return [model(**given).logits.double() for model in (trainer.model.eval(), trainer.teacher)]


def by_hand(trainer, batch, direction: str, given: int) -> float:
    """From all logits, place by place. given: tokens at the beginning that were put into the student's mouth."""
    with torch.no_grad():
        ours, theirs = both_logits(trainer, batch)
    total, count = 0.0, 0
    for row, labels in enumerate(batch["labels"]):
        learnt = [place for place in range(1, len(labels)) if labels[place] != -100]
        for number, place in enumerate(learnt):
            log_q, log_p = (side[row, place - 1].log_softmax(-1) for side in (ours, theirs))
            kl = log_p.exp() @ (log_p - log_q) if direction == "forward" else log_q.exp() @ (log_q - log_p)
            total += -log_q[labels[place]].item() if number < given else kl.item()
        count += len(learnt)
    return total / count


@pytest.mark.parametrize("opens", [True, False])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_the_loss_by_hand_on_the_student_s_own_text(tier, direction, opens):
    trainer = trainer_for(tier, opens, direction=direction)
    (batch,) = steps_of(trainer)
    tokenizer, given = trainer.processing_class, len(trainer.mouth)
    assert tokenizer.decode(trainer.mouth) == ("" if opens else "<think>\n")
    for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
        whole, learnt = ids[mask == 1].tolist(), labels[labels != -100].tolist()
        assert whole[-len(learnt) :] == learnt and learnt[:given] == trainer.mouth
        assert tokenizer.decode(whole[: -len(learnt)] + trainer.mouth).endswith("assistant\n<think>\n")
        assert 0 < len(learnt) - given <= tier.answer_tokens
    found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    assert found == pytest.approx(by_hand(trainer, batch, direction, given), rel=1e-4)


@pytest.mark.parametrize(("direction", "beta"), [("forward", 0.0), ("reverse", 1.0)])
def test_the_loss_and_its_gradient_are_those_of_trl(tier, tmp_path, direction, beta):
    """Of its DistillationTrainer, which never holds all logits either, and of GKD, on what our student wrote."""
    trainer = trainer_for(tier, direction=direction)
    args = DistillationConfig(
        str(tmp_path / "trl"), beta=beta, use_cpu=True, bf16=False, report_to="none", gradient_checkpointing=False
    )
    other = DistillationTrainer(
        trainer.model, trainer.teacher, args, Dataset.from_list([{"prompt": "How many?"}]),
        processing_class=trainer.processing_class,
    )  # fmt: skip
    method.keep_float32(trainer.model)  # it made the adapter bfloat16
    (batch,) = steps_of(trainer)
    ours, theirs = both_logits(trainer, batch)
    gkd = GKDTrainer.generalized_jsd_loss(ours[:, :-1], theirs[:, :-1], batch["labels"][:, 1:], beta)
    found = trainer.compute_loss(trainer.model.eval(), dict(batch))
    assert found.item() == pytest.approx(gkd.item(), rel=1e-4)
    wrote = batch["labels"] != -100
    begin = int(wrote.int().argmax(1).min())
    parts = {"prompt_ids": batch["input_ids"][:, :begin], "completion_ids": batch["input_ids"][:, begin:]}
    parts |= {"prompt_mask": batch["attention_mask"][:, :begin], "completion_mask": batch["attention_mask"][:, begin:]}
    parts["tool_mask"] = wrote[:, begin:]  # what of the completions is learnt: a longer prompt reaches into them
    wanted = other.compute_loss(trainer.model.eval(), parts)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-4)
    adapter = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    for one, two in zip(torch.autograd.grad(found, adapter), torch.autograd.grad(wanted, adapter), strict=True):
        assert torch.allclose(one, two, atol=1e-4 * float(two.abs().max()) + 1e-9)


def test_lambda_says_whose_text_a_step_has_and_alpha_counts_where_it_is_the_teacher_s(tier):
    trainer = trainer_for(tier, lam=0.5, alpha=0.25)
    theirs, own = steps_of(trainer, 2)
    assert (theirs["own"], own["own"]) == (False, True)
    texts = trainer.processing_class.batch_decode(theirs["input_ids"])
    assert all(any(answer in text for answer in kept()["teacher_answer"]) for text in texts)
    plain = methods.Logits(tier, 0, kept(), alpha=0.25).trainer(
        (trainer.model, trainer.processing_class), (trainer.teacher, trainer.processing_class)
    )
    soft = methods.Logits(tier, 0, kept()).trainer(
        (trainer.model, trainer.processing_class), (trainer.teacher, trainer.processing_class)
    )
    for batch, same in ((theirs, plain), (own, soft)):
        given = {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}
        with torch.no_grad():
            found = trainer.compute_loss(trainer.model.eval(), dict(batch))
            assert found.item() == pytest.approx(same.compute_loss(trainer.model.eval(), given).item(), rel=1e-5)


def test_the_first_part_alone_is_learnt_and_the_rest_is_not_even_read(tier):
    (whole,), (part,) = steps_of(trainer_for(tier)), steps_of(trainer := trainer_for(tier, first=0.3))
    assert part["input_ids"].shape[1] < whole["input_ids"].shape[1]
    for one, other in zip(part["labels"], whole["labels"], strict=True):
        learnt, all_of_it = one[one != -100], other[other != -100]
        assert learnt.tolist() == all_of_it[: -(-3 * len(all_of_it) // 10)].tolist()
    found = trainer.compute_loss(trainer.model.eval(), dict(part)).item()
    assert found == pytest.approx(by_hand(trainer, part, "forward", 0), rel=1e-4)


def test_the_control_asks_no_teacher_and_goes_by_the_student_s_own_odds(tier, monkeypatch):
    monkeypatch.setattr(models, "load_teacher", lambda tier: pytest.fail("the control needs no teacher"))
    sibling, tokenizer = models.load_sibling(tier)
    tokenizer.chat_template = tokenizer.chat_template.replace(OPENED, OPENED.replace("<think>\n", ""))
    with torch.no_grad():
        sibling.get_output_embeddings().weight.mul_(4)
    trainer = methods.OnPolicy(tier, 0, kept(), control=0.05).trainer((sibling, tokenizer))
    (batch,) = steps_of(trainer)
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
        logs = trainer.model(**given).logits[:, :-1].log_softmax(-1)
    total = count = pushed = 0
    for row, labels in zip(logs, batch["labels"], strict=True):
        learnt = [place for place in range(1, len(labels)) if labels[place] != -100]
        count += len(learnt)
        for place in learnt[len(trainer.mouth) :]:
            log = row[place - 1, labels[place]].item()
            total, pushed = (total + log, pushed + 1) if log < torch.tensor(0.05).log() else (total, pushed)
    assert 0 < pushed < count and found == pytest.approx(total / count, rel=1e-4)


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """A whole training of six steps, made once."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(StringIO()):
        return training.run(trainer_for(tier_in(tmp_path_factory.mktemp("whole"), tiny, patch), lam=0.5))


def test_a_killed_run_writes_and_ends_as_if_it_had_not_been_killed(tier, whole):
    trainer = trainer_for(tier, lam=0.5)
    trainer.add_callback(Kill(5))  # in the second epoch, whose order of rows is another
    with pytest.raises(KeyboardInterrupt):
        training.run(trainer)
    again = training.run(trainer_for(tier, lam=0.5))
    assert equal(weights(training.adapters(again.folder)[-1]), weights(training.adapters(whole.folder)[-1]))
    assert board.read(again.folder) == board.read(whole.folder)


def test_the_board_has_a_row_of_each_step(whole):
    rows = board.read(whole.folder)["steps"]
    assert [(row["step"], row["writer"]) for row in rows] == list(enumerate(["teacher", "student"] * 3, 1))
    for row in rows:
        own = row["writer"] == "student"
        assert row["loss"] > 0 and row["entropy"] > 0 and 0 <= row["overlap"] <= 1
        assert [row[what] is not None for what in (*board.OF_ANSWERS, "sample")] == [own] * 4
        assert not own or 0 < row["length"] <= 12
    assert rows[0]["loss"] != rows[2]["loss"]


def test_where_a_rule_trips_the_training_ends_and_the_adapter_from_before_is_the_last(tier, capsys):
    rules, seen = (Rule("length", above=1),), []
    made = methods.OnPolicy(replace(tier, epochs=9), 0, kept(), rules=rules)
    trainer = made.trainer()
    trainer.board.watch = lambda rows: seen.append(len(rows))
    done = training.run(trainer)
    assert done.steps == board.WINDOW == len(seen)
    assert [path.name for path in training.adapters(done.folder)] == ["checkpoint-1"]
    assert board.read(done.folder)["tripped"]["kept"] == "checkpoint-1"
    assert "stopped at step 5: length" in capsys.readouterr().out
    assert methods.OnPolicy(replace(tier, epochs=9), 0, kept(), rules=rules).run() == done  # read, not run again


def test_it_goes_on_from_an_adapter(tier, whole, monkeypatch):
    start = training.adapters(whole.folder)[-1]
    trainer = methods.OnPolicy(tier, 0, kept(), start=start).trainer()
    now = {name.replace(".default", ""): weight for name, weight in trainer.model.named_parameters()
           if weight.requires_grad}  # fmt: skip
    assert equal(now, weights(start)) and list(trainer.model.peft_config) == ["default"]
    before = {name: weight.detach().clone() for name, weight in now.items()}
    training.run(trainer)
    assert not any(torch.equal(before[name], weight) for name, weight in now.items())


def test_token_distillation_goes_on_from_an_adapter_too(tier, whole):
    start = training.adapters(whole.folder)[-1]
    made = methods.Token(tier, 0, kept(), role="sibling", start=start)
    adapter = {name.replace(".default", ""): weight for name, weight in made.trainer().model.named_parameters()
               if weight.requires_grad}  # fmt: skip
    assert equal(adapter, weights(start))
    assert made.folder != methods.Token(tier, 0, kept(), role="sibling").folder


def test_the_start_is_known_by_its_weights_not_by_its_place(tier, whole, tmp_path):
    first, *_, last = training.adapters(whole.folder)
    moved = shutil.copytree(last, tmp_path / "moved")
    folders = [methods.OnPolicy(tier, 0, kept(), start=start).folder for start in (None, first, last, moved)]
    assert len(set(folders)) == 3 and folders[2] == folders[3]
    with pytest.raises(FileNotFoundError, match="no adapter in"):
        _ = methods.OnPolicy(tier, 0, kept(), start=tmp_path).folder


def test_each_setting_has_its_folder(tier):
    ways = [
        {}, {"lam": 0.5}, {"direction": "reverse"}, {"lam": 0.5, "alpha": 0.5}, {"first": 0.3}, {"control": 0.1},
        {"temperature": 2.0}, {"rules": ()},
    ]  # fmt: skip
    folders = {methods.OnPolicy(tier, 0, kept(), **how).folder for how in ways}
    folders.add(methods.OnPolicy(replace(tier, answer_tokens=9), 0, kept()).folder)
    folders.add(methods.Logits(tier, 0, kept()).folder)
    assert len(folders) == len(ways) + 2


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"direction": "jsd"}, "no direction 'jsd'"), ({"lam": 1.5}, "lam is 1.5"), ({"first": 0}, "first is 0"),
        ({"alpha": 0.5}, "with lam=1 it never does"), ({"control": 2.0}, "control is 2.0"),
        ({"control": 0.1, "lam": 0.5}, "needs lam=1"), ({"temperature": 0}, "temperature is 0"),
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(tier, how, said):
    with pytest.raises(ValueError, match=said):
        methods.OnPolicy(tier, 0, kept(), **how)


def test_the_count_is_of_what_was_written(tier):
    trainer = trainer_for(replace(tier, micro_batch=2))
    batches, count = trainer.get_batch_samples(iter(trainer.get_train_dataloader()), 2, trainer.args.device)
    assert len(batches) == 2 and count == sum((batch["labels"] != losses.IGNORED).sum() for batch in batches)
