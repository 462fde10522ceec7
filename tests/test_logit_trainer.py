"""Logit distillation with TRL: its loss by hand, what the teacher did not write, and gradients in parts."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from test_training import kept

from helpers import losses, methods, models, tiers, training
from helpers.methods.logits import shared, shares
from helpers.training import method

FAST, STEPS = 0.05, 12
OPENED = "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"


@pytest.fixture
def tier(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    monkeypatch.setattr(method, "VALIDATION", 2)
    return replace(tiny, epochs=2, batch_size=4, micro_batch=4, lora=replace(tiny.lora, r=4, alpha=8))


def trainer_for(tier, how=None, opens=True, rows=None):
    """opens: whether the sibling's prompt opens the thought, as the teacher's does."""
    sibling, tokenizer = models.load_sibling(tier)
    if not opens:
        assert OPENED in tokenizer.chat_template
        tokenizer.chat_template = tokenizer.chat_template.replace(OPENED, OPENED.replace("<think>\n", ""))
    teacher, _ = models.load_teacher(tier)
    return methods.Logits(tier, 0, rows or kept(), **how or {}).trainer((sibling, tokenizer), (teacher, tokenizer))


def batch_of(trainer):
    batch = next(iter(trainer.get_train_dataloader()))
    return {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}


def by_hand(trainer, batch, how: dict, given: int) -> float:
    """The loss from all logits, place by place. given: tokens at its beginning that the teacher did not write."""
    labels = batch["labels"]
    inputs = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
    with torch.no_grad():
        ours, theirs = (model(**inputs).logits.double() for model in (trainer.model, trainer.teacher))
    temperature, alpha = how.get("temperature", 1.0), how.get("alpha", 0.0)
    total, count, end = 0.0, 0, trainer.processing_class.eos_token_id
    for row in range(len(labels)):
        place, ended = 0, False
        for t in range(1, labels.shape[1]):
            token = labels[row, t].item()
            if token == -100:
                continue
            q, p = ours[row, t - 1], theirs[row, t - 1]
            hard = -q.log_softmax(-1)[token]
            log_q, log_p = ((logits / temperature).log_softmax(-1) for logits in (q, p))
            kl = temperature**2 * F.kl_div(log_q, log_p, reduction="sum", log_target=True)
            written = place >= given and not ended
            total += (alpha * hard + (1 - alpha) * kl if written else hard).item()
            place, count, ended = place + 1, count + 1, ended or token == end
    return total / count


@pytest.mark.parametrize("opens", [True, False])
@pytest.mark.parametrize("how", [{}, {"temperature": 2.0, "alpha": 0.25}], ids=str)
def test_the_loss_by_hand(tier, how, opens):
    trainer = trainer_for(tier, how, opens)
    given = 0 if opens else len(trainer.processing_class("<think>\n", add_special_tokens=False).input_ids)
    assert trainer.opening == given
    batch, model = batch_of(trainer), trainer.model.eval()
    found = trainer.compute_loss(model, dict(batch)).item()
    assert found == pytest.approx(by_hand(trainer, batch, how, given), rel=1e-4)


def test_what_the_teacher_did_not_write_is_learnt_by_its_label():
    # Two answers of an opening of two tokens, words, the end 9, a line break; the second is shorter and padded.
    labels = torch.tensor([[-100, 1, 2, 5, 6, 9, 3], [-100, 1, 2, 7, 9, 3, -100]])
    found = shares(labels, opening=2, end=9, alpha=0.25)
    assert found.tolist() == [1, 1, 0.25, 0.25, 0.25, 1, 1, 1, 0.25, 0.25, 1]
    assert len(found) == len(losses.targets(labels))


def gradients_are_the_same_however_a_step_is_cut(tier, trainer_for) -> None:
    """Rows of uneven lengths, at once and one by one: the number of learnt tokens is counted over all of them."""
    found = []
    for micro in (4, 1):
        trainer = trainer_for(replace(tier, micro_batch=micro, epochs=1))
        trainer.args.max_steps = 1
        trainer.args.max_grad_norm = 0.0
        noted = {}

        def note(*_, trainer=trainer, noted=noted, **__):
            noted.update((name, w.grad.clone()) for name, w in trainer.model.named_parameters() if w.requires_grad)

        trainer.callback_handler.on_pre_optimizer_step = lambda args, state, control, note=note: note() or control
        trainer.train()
        found.append(noted)
    assert found[0].keys() == found[1].keys() and found[0]
    largest = max(gradient.abs().max() for gradient in found[0].values())
    assert largest > 1e-4
    for name, gradient in found[0].items():
        assert torch.allclose(gradient, found[1][name], atol=1e-4 * largest), name


def test_gradients_of_small_batches_are_those_of_the_whole(tier):
    gradients_are_the_same_however_a_step_is_cut(tier, trainer_for)


def in_few_steps(tier):
    """A few epochs of one step each, with a rate that is high enough to be seen."""
    return replace(tier, epochs=STEPS, lora=replace(tier.lora, learning_rate=FAST))


def trains_towards_the_teacher_and_leaves_it_alone(trainer, batch: dict, below: float, name: str) -> None:
    """In few steps the loss of a batch falls below a part of what it was; the run's folder begins with the name."""
    before = [weight.clone() for weight in trainer.teacher.parameters()]
    with torch.no_grad():
        first = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    done = training.run(trainer)
    with torch.no_grad():
        last = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    assert last < below * first
    assert all(torch.equal(old, new) for old, new in zip(before, trainer.teacher.parameters(), strict=True))
    assert not any(weight.requires_grad and weight.grad is not None for weight in trainer.teacher.parameters())
    assert done.folder.name.startswith(name) and len(training.adapters(done.folder)) == STEPS


def test_it_trains_the_student_towards_the_teacher_and_leaves_the_teacher_alone(tier):
    trainer = trainer_for(in_few_steps(tier), rows=kept(4))
    trains_towards_the_teacher_and_leaves_it_alone(trainer, batch_of(trainer), 0.8, "logit-0-")


def test_logits_makes_once_and_then_reads(tier, monkeypatch):
    tier = replace(tier, epochs=1)
    made = methods.Logits(tier, 0, kept()).run()
    monkeypatch.setattr(method.models, "load_sibling", lambda tier: pytest.fail("there is nothing left to train"))
    assert methods.Logits(tier, 0, kept()).run() == made
    monkeypatch.undo()


def test_each_way_of_learning_has_its_folder(tier):
    rows = kept()
    ways = [{}, {"temperature": 2.0}, {"alpha": 0.5}, {"kind": "reverse"}]
    folders = {methods.Token(tier, 0, rows).folder, methods.Token(tier, 0, rows, role="sibling").folder}
    assert len(folders | {methods.Logits(tier, 0, rows, **how).folder for how in ways}) == 6


def test_another_tokenizer_is_refused(tier):
    sibling, tokenizer = models.load_student(tier)
    teacher, _ = models.load_teacher(tier)
    with pytest.raises(ValueError, match="07_across_tokenizers"):
        methods.Logits(tier, 0, kept()).trainer((sibling, tokenizer), (teacher, tokenizer))


def test_another_template_is_refused(tier):
    sibling, tokenizer = models.load_sibling(tier)
    tokenizer.chat_template = "Q: " + tokenizer.chat_template
    with pytest.raises(ValueError, match="does not begin as the student's"):
        shared(tier, tokenizer, *[len(sibling.get_output_embeddings().weight)] * 2)
