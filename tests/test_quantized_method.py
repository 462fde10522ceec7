"""Quantization-aware distillation: its loss by hand, its rivals, what is trained, a kill, and what comes of it."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from test_logit_trainer import batch_of, tier  # noqa: F401  (a fixture)
from test_on_policy import steps_of
from test_training import Kill, kept

from helpers import methods, models, quantization, training
from helpers.methods import quantized
from helpers.quantization import Format
from helpers.tiers import ModelSpec

FORM = Format(2, 32)


def method_of(tier, **how):  # noqa: F811
    return methods.QuantizationAware(replace(tier, micro_batch=4), 0, kept(), **{"format": FORM, "rate": 1e-3, **how})


def whole_of(tier):  # noqa: F811
    return models.load_student(tier, four_bit=False)[0]


def logits(model, batch):
    with torch.no_grad():
        return model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.double()


def by_hand(tier, batch, direction="forward", alpha=0.0):  # noqa: F811
    """The loss of the model that was rounded once, against the whole one, from all logits."""
    ours = logits(quantization.rounded(whole_of(tier), FORM), batch).log_softmax(-1)
    theirs = logits(whole_of(tier), batch).log_softmax(-1)
    total = count = 0
    for row, labels in enumerate(batch["labels"]):
        for t in range(1, len(labels)):
            if labels[t] == -100:
                continue
            log_q, log_p = ours[row, t - 1], theirs[row, t - 1]
            kl = log_p.exp() @ (log_p - log_q) if direction == "forward" else log_q.exp() @ (log_q - log_p)
            total, count = total + (1 - alpha) * kl - alpha * log_q[labels[t]], count + 1
    return float(total / count)


@pytest.mark.parametrize("how", [{}, {"direction": "reverse"}, {"alpha": 0.25}, {"alpha": 1.0}, {"adapter": True}])
def test_the_loss_by_hand(tier, how):  # noqa: F811
    trainer = method_of(tier, **how).trainer()
    batch = batch_of(trainer)
    found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    alone = {name: value for name, value in how.items() if name != "adapter"}
    assert found == pytest.approx(by_hand(tier, batch, **alone), rel=1e-3)


def test_labels_alone_ask_no_teacher(tier, monkeypatch):  # noqa: F811
    loads, real = [], models.load_student
    monkeypatch.setattr(models, "load_student", lambda *given, **how: loads.append(1) or real(*given, **how))
    trainer = method_of(tier, alpha=1.0).trainer()
    assert len(loads) == 1 and not hasattr(trainer, "teacher")
    monkeypatch.setattr(models, "load_teacher", lambda *_: pytest.fail("the tier's teacher plays no part"))
    assert len(trainer.train_dataset) and hasattr(method_of(tier).trainer(), "teacher")


def test_what_is_trained(tier):  # noqa: F811
    whole = method_of(tier).trainer()
    assert all(weight.requires_grad and weight.dtype == torch.float32 for weight in whole.model.parameters())
    assert not any(weight.requires_grad for weight in whole.teacher.parameters())
    adapter = method_of(tier, adapter=True).trainer()
    names = [name for name, weight in adapter.model.named_parameters() if weight.requires_grad]
    assert names and all("lora_" in name for name in names)
    rounded = dict(quantization.rounded(whole_of(tier), FORM).named_parameters())
    base = dict(adapter.model.get_base_model().named_parameters())
    for name, weight in rounded.items():
        if "_proj." in name:
            assert torch.equal(base[name.replace("_proj.", "_proj.base_layer.")], weight), name


@pytest.mark.parametrize("how", [{}, {"alpha": 1.0}, {"adapter": True, "rate": 1e-2}, {"lam": 0.25}])
def test_a_run_brings_it_nearer_or_moves_it_and_is_read_back(tier, how, capsys):  # noqa: F811
    made = method_of(replace(tier, epochs=4), **how)
    run = made.run()
    assert run.steps == 4 * -(-len(kept()) // tier.batch_size)
    model, _ = made.taught()
    assert not model.training and run == made.run()  # read, not run again
    batch = batch_of(method_of(tier).trainer())
    theirs = logits(whole_of(tier), batch).log_softmax(-1)
    learnt = batch["labels"][:, 1:] != -100

    def far(one):
        log_q = logits(one, batch).log_softmax(-1)
        return float((theirs.exp() * (theirs - log_q)).sum(-1)[:, :-1][learnt].mean())

    before = far(made.untaught()[0])
    if made.made_by is quantized.QuantizedTrainer:
        assert far(model) < 0.9 * before
    else:
        assert far(model) != before
    if not made.adapter:
        for layer in quantization.linears(model).values():
            assert torch.equal(layer.weight, FORM.rounded(layer.weight))
        assert torch.equal(logits(quantization.packed(made.taught()[0], FORM), batch), logits(model, batch))


def test_a_killed_run_ends_as_if_it_had_not_been_killed(tier):  # noqa: F811
    def last(run):
        return load_file(sorted(run.folder.glob("checkpoint-*"))[-1] / quantized.WEIGHTS)

    made = method_of(replace(tier, epochs=3))
    wanted = last(made.run())
    again = method_of(replace(tier, epochs=3, micro_batch=4), rate=1e-3 + 1e-12)  # a folder of its own
    trainer = again.trainer()
    trainer.add_callback(Kill(5))
    with pytest.raises(KeyboardInterrupt):
        training.run(trainer)
    found = last(training.run(again.trainer()))
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[name], wanted[name], atol=1e-7) for name in wanted)


def test_on_policy_it_learns_from_what_it_writes_in_few_bits(tier, monkeypatch):  # noqa: F811
    trainer, calls, real = method_of(tier, lam=1.0).trainer(), [], Format.rounded
    monkeypatch.setattr(Format, "rounded", lambda self, weight: calls.append(1) or real(self, weight))
    (batch,) = steps_of(trainer)
    assert len(calls) == len(quantization.linears(trainer.model))  # once for all tokens of all answers
    assert batch["own"]
    given = {name: batch[name] for name in ("input_ids", "attention_mask", "labels")}
    found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
    assert found == pytest.approx(by_hand(tier, given), rel=1e-3)
    texts = trainer.processing_class.batch_decode(given["input_ids"])
    assert not any(answer in text for answer in kept()["teacher_answer"] for text in texts)


def test_each_setting_has_its_folder(tier):  # noqa: F811
    ways = [{}, {"format": Format(3, 32)}, {"format": Format(2, 32, "symmetric")}, {"format": Format(2, 64)},
            {"alpha": 0.5}, {"alpha": 1.0}, {"adapter": True}, {"lam": 0.5}, {"direction": "reverse"},
            {"rate": 2e-3}, {"role": "sibling"}]  # fmt: skip
    assert len({method_of(tier, **how).folder for how in ways}) == len(ways)
    assert method_of(tier, rate=None).learning_rate == pytest.approx(tier.lora.learning_rate / 10)
    assert method_of(tier, rate=None, adapter=True).learning_rate == tier.lora.learning_rate


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"role": "teacher"}, "no student called"), ({"direction": "jsd"}, "no direction 'jsd'"),
        ({"alpha": 2.0}, "alpha is 2"), ({"lam": 1.5}, "lam is 1.5"), ({"lam": 0.5, "alpha": 0.5}, "no hard label"),
        ({"format": Format(4, 64, "hqq")}, "hqq rounds once"), ({"rate": 0.0}, "rate is 0"),
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(tier, how, said):  # noqa: F811
    with pytest.raises(ValueError, match=said):
        method_of(tier, **how)


def test_the_tier_s_teacher_need_not_be_there(tier):  # noqa: F811
    lost = replace(tier, teacher=ModelSpec("somebody/elsewhere"))
    assert method_of(lost).folder == method_of(tier).folder
