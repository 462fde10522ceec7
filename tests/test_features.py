"""Feature distillation with TRL: the loss by hand, what it reaches, what is saved, the cache, and two tokenizers."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch
from measure.steps import begin_apart
from peft import PeftModel
from safetensors.torch import load_file
from test_cache import tier  # noqa: F401  (a fixture)
from test_logit_trainer import batch_of, gradients_are_the_same_however_a_step_is_cut
from test_training import Kill, equal, kept, weights

from helpers import cache, losses, methods, models, training
from helpers.cache import states
from helpers.losses import hidden as between
from helpers.methods.cross_tokenizer import chunks_of
from helpers.methods.logits import LogitTrainer
from helpers.training import activations
from helpers.training.matching import KINDS, PROJECTIONS, Features
from helpers.training.method import Method

PAIRS = ((1, 1), (2, 2))


WAYS = {
    "live": methods.LiveFeatures,
    "cached": partial(methods.CachedFeatures, draws=400),
    "across": methods.CrossTokenizerFeatures,
}


def trainer_for(tier, how=Features(pairs=PAIRS), source="live", rows=10):  # noqa: B008, F811  (frozen)
    return WAYS[source](tier, 0, kept(rows), features=how).trainer()


def signal_of(model, ids, signal: str, layer: int):
    """One text's signal without the helper: hidden states, values from the projection, attention as eager gives it."""
    inner = (model.base_model.model if isinstance(model, PeftModel) else model).model
    with torch.no_grad():
        given = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=signal == "attention")
        if signal == "hidden":
            return given.hidden_states[layer][0]
        if signal == "attention":
            return given.attentions[layer - 1][0].transpose(0, 1)
        block = inner.layers[layer - 1]
        return block.self_attn.v_proj(block.input_layernorm(given.hidden_states[layer - 1]))[0]


def by_hand(trainer, batch, how: Features) -> float:
    """The loss on features of a batch, text by text and without padding, from `helpers.losses.hidden`."""
    found = []
    for i, (ours, theirs) in enumerate(how.pairs):
        sides = ([], [])
        for ids, mask, labels in zip(batch["input_ids"], batch["attention_mask"], batch["labels"], strict=True):
            words, marks = ids[mask == 1].tolist(), labels[mask == 1]
            places = [t for t in range(len(words) - 1) if marks[t + 1] != losses.IGNORED]
            for side, model, layer in zip(sides, (trainer.model, trainer.teacher), (ours, theirs), strict=True):
                each = signal_of(model, words, how.signal, layer)[places]
                if how.signal == "attention":
                    each = torch.nn.functional.pad(each, (0, ids.shape[0] - each.shape[-1]))
                side.append(each)
        sizes = [len(each) for each in sides[0]]
        ours, theirs = (torch.cat(side) for side in sides)
        if KINDS[how.kind][0]:
            ours = trainer.matching.projections[i](ours)
        more = (sizes,) if how.kind in ("relations", "value_relations") else ()
        found.append(getattr(between, how.kind)(ours, theirs, *more).item())
    return sum(found) / len(found)


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_by_hand(tier, kind):  # noqa: F811
    how = Features(kind, PAIRS, weight=0.5)
    trainer = trainer_for(replace(tier, micro_batch=4), how)
    trainer.matching.balance.fill_(3.0)
    batch, model = batch_of(trainer), trainer.model.eval()
    found = trainer.compute_loss(model, dict(batch)).item()
    plain = LogitTrainer.loss_on(trainer, model, dict(batch), None).item()
    assert found == pytest.approx(plain + 0.5 * 3.0 * by_hand(trainer, batch, how), rel=1e-3)


@pytest.mark.parametrize("source", ["live", "cached", "across"])
def test_the_loss_reaches_every_adapter_and_projection(tier, source):  # noqa: F811
    trainer = trainer_for(tier, Features(pairs=((2, 2),), logits=False), source)
    begin_apart(trainer.model)  # a fresh adapter's second half is zero, and nothing reaches the first
    batch = next(iter(trainer.get_train_dataloader()))
    trainer.compute_loss(trainer.model.train(), batch).backward()
    trained = {name: weight.grad for name, weight in trainer.model.named_parameters() if weight.requires_grad}
    assert any("matching.projections" in name for name in trained)
    unreached = [name for name, gradient in trained.items() if gradient is None or not gradient.abs().sum()]
    assert unreached == []
    assert all(weight.grad is None for weight in trainer.model.parameters() if not weight.requires_grad)


@pytest.mark.parametrize("kind", ["hint", "value_relations"])
def test_gradient_checkpointing_gives_the_states_and_the_same_gradients(tier, kind):  # noqa: F811
    found = []
    for checkpointing in (False, True):
        trainer = trainer_for(tier, Features(kind, ((1, 2),)))
        if checkpointing:
            trainer.model.gradient_checkpointing_enable({"use_reentrant": False})
        trainer.matching.balance.fill_(1.0)
        batch = batch_of(trainer)
        trainer.compute_loss(trainer.model.train(), batch).backward()
        found.append([weight.grad for weight in trainer.model.parameters() if weight.requires_grad])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*found, strict=True))


def test_the_balance_makes_both_pull_alike_at_the_first_step(tier):  # noqa: F811
    trainer = trainer_for(tier)
    batch = batch_of(trainer)
    trainer.compute_loss(trainer.model.train(), dict(batch))
    balance = trainer.matching.balance.item()
    lengths = []
    for logits in (True, False):
        trainer.matching.features = replace(trainer.matching.features, logits=logits)
        trainer.model.zero_grad()
        trainer.compute_loss(trainer.model, dict(batch)).backward()
        own = [w.grad for name, w in trainer.model.named_parameters() if "lora_" in name and w.grad is not None]
        lengths.append([gradient.clone() for gradient in own])
    together, alone = lengths
    logits_only = [a - b for a, b in zip(together, alone, strict=True)]
    norms = [torch.stack([g.norm() for g in each]).norm().item() for each in (logits_only, alone)]
    assert norms[0] == pytest.approx(norms[1], rel=1e-3) and norms[0] > 0
    assert trainer.matching.balance.item() == balance  # measured once


def test_gradients_of_small_batches_are_those_of_the_whole(tier):  # noqa: F811
    def with_known_balance(tier):
        trainer = trainer_for(tier)
        trainer.matching.balance.fill_(1.0)
        trainer.matching.variances.fill_(1.0)
        return trainer

    gradients_are_the_same_however_a_step_is_cut(tier, with_known_balance)


@pytest.mark.parametrize("source", ["live", "cached"])
def test_projections_are_saved_with_the_adapter_and_a_killed_run_goes_on(tier, source, tmp_path, monkeypatch):  # noqa: F811
    whole = training.run(trainer_for(tier, source=source, rows=8))
    place = whole.folder.with_name("killed")
    monkeypatch.setattr(Method, "folder", place)
    trainer = trainer_for(tier, source=source, rows=8)
    trainer.add_callback(Kill(3))  # in the second of two epochs
    with pytest.raises(KeyboardInterrupt):
        training.run(trainer)
    killed = training.run(trainer_for(tier, source=source, rows=8))
    last = [training.adapters(run.folder)[-1] for run in (whole, killed)]
    assert equal(*map(weights, last)) and equal(*(load_file(path / PROJECTIONS) for path in last))
    saved = load_file(last[0] / PROJECTIONS)
    assert {"projections.0.weight", "projections.1.bias", "balance", "variances"} <= saved.keys()
    assert not any("matching" in name for name in weights(last[0]))
    model, _ = models.load_sibling(tier, adapter=last[0])  # and the adapter can be used without them
    assert model(torch.tensor([[1, 2, 3]])).logits.isfinite().all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_cache_holds_what_the_teacher_holds(tier, kind):  # noqa: F811
    """Rounded to bfloat16: the loss on features is that of the teacher beside the student, nearly."""
    how = Features(kind, ((1, 2), (2, 1)))
    found = []
    for source in ("live", "cached"):
        trainer = trainer_for(replace(tier, micro_batch=4), how, source)
        trainer.matching.balance.fill_(1.0)
        trainer.matching.features = replace(how, logits=False)
        batch = next(iter(trainer.get_train_dataloader()))
        found.append(trainer.compute_loss(trainer.model.eval(), batch).item())
    assert found[0] == pytest.approx(found[1], rel=0.02) and found[0] > 0


def test_only_the_mapped_layers_are_kept_and_others_are_another_cache(tier):  # noqa: F811
    folders = set()
    last = Features(pairs=PAIRS[1:])
    ways = (None, last, Features(pairs=PAIRS), Features("value_relations", PAIRS[1:]))
    for how in ways:
        method = methods.CachedFeatures(tier, 0, kept(), features=how) if how else methods.Cached(tier, 0, kept())
        inside = method.inside
        dataset, made = method.fill()
        folders.add(method.cache_folder(made))
        width = {"hidden": 64, "values": 32}.get(inside[0]) if inside else 0
        assert ("states" in dataset.column_names) == bool(inside)
        if inside:
            assert cache.size(dataset, "states") == 2 * width * len(inside[1])
            assert made["signal"] == inside[0] and made["layers"] == list(inside[1])
    assert len(folders) == 4
    with pytest.raises(ValueError, match=r"layers was \[2\] and now is \[1\]"):
        method = methods.CachedFeatures(tier, 0, kept(), features=last)
        _, made = method.fill()
        cache.load(method.cache_folder(made), made | {"layers": [1]})


def test_states_as_bytes_and_back():
    given = torch.randn(2, 5, 3) * 1e5  # too great for float16
    packed = states.pack(given)
    assert len(packed) == 2 * given.numel()
    assert torch.equal(states.unpack(packed, 2, 5), given.bfloat16().float())
    with pytest.raises(ValueError, match="the cache is damaged"):
        states.unpack(packed[:-2], 2, 5)


def test_cross_tokenizer_tokenizers_the_means_of_chunks_are_compared(tier):  # noqa: F811
    how = Features("hint", ((1, 2),))
    trainer = trainer_for(tier, how, "across")
    trainer.matching.balance.fill_(1.0)
    trainer.matching.features = replace(how, logits=False)
    rows = trainer.train_dataset.select(range(4)).to_list()
    found = trainer.compute_loss(trainer.model.eval(), trainer.data_collator(rows)).item()
    sides = [], []
    for row in rows:
        chunks = chunks_of(row)
        for side, model, ids, labels, layer, cuts in (
            (sides[0], trainer.model, row["input_ids"], row["labels"], 1, chunks.student),
            (sides[1], trainer.teacher, row["teacher_ids"], row["teacher_labels"], 2, chunks.teacher),
        ):
            answer = sum(token != losses.IGNORED for token in labels)
            each = signal_of(model, ids, "hidden", layer)[-answer - 1 : -1]
            side += [each[a:b].mean(0) for a, b in pairwise(cuts)]
    ours, theirs = (torch.stack(side) for side in sides)
    wanted = between.hint(trainer.matching.projections[0](ours), theirs).item()
    words = sum(token != losses.IGNORED for row in rows for token in row["labels"])
    assert found == pytest.approx(wanted * len(ours) / words, rel=1e-3)


def test_what_cannot_be_is_refused(tier):  # noqa: F811
    with pytest.raises(ValueError, match="no feature loss called 'guess'; choose from hint"):
        Features("guess")
    with pytest.raises(ValueError, match="must be above 0"):
        Features(weight=0)
    for source in ("live", "cached", "across"):
        with pytest.raises(ValueError, match="names layer 3 of the student, which has the layers 0, 1, 2 "):
            trainer_for(tier, Features(pairs=((3, 1),)), source)
    with pytest.raises(ValueError, match="across tokenizers"):
        trainer_for(tier, Features("attention", PAIRS), "across")


def test_a_model_that_does_not_give_what_is_asked_for_is_named(tier):  # noqa: F811
    model, tokenizer = models.load_sibling(tier)
    inputs = {"input_ids": torch.tensor([tokenizer("How many?").input_ids])}
    with pytest.raises(ValueError, match="set_attn_implementation"):
        activations.read(model, inputs, "attention", [1])
    with pytest.raises(ValueError, match="layer 9 has no values"):
        activations.read(model, inputs, "values", [9])

    class Silent(torch.nn.Module):
        def forward(self, **_):
            return type("Output", (), {"hidden_states": None, "attentions": None})

    with pytest.raises(ValueError, match="Silent gave no hidden states"):
        activations.read(Silent(), inputs, "hidden", [1])


def test_made_once_and_then_read(tier, monkeypatch):  # noqa: F811
    tier = replace(tier, epochs=1)
    ways = [way(tier, 0, kept(4), features=Features(pairs=PAIRS)) for way in WAYS.values()]
    made = [way.run() for way in ways]
    for name in ("load_sibling", "load_student", "load_teacher"):
        monkeypatch.setattr(models, name, lambda tier: pytest.fail("there is nothing left to train"))
    assert [way.run() for way in ways] == made
    assert len({run.folder for run in made} | {methods.Token(tier, 0, kept(), role="sibling").folder}) == 4


def test_it_can_be_evaluated_before_its_first_step(tier):  # noqa: F811
    """The balance is then measured as at the first step, and a training begins as if nobody had asked."""
    found = []
    for asks in (True, False):
        trainer = trainer_for(replace(tier, micro_batch=4, epochs=1))
        trainer.args.max_steps = 1
        torch.manual_seed(5)
        if asks:
            before = trainer.evaluate(trainer.train_dataset.select(range(4)))["eval_loss"]
            assert before > 0 and trainer.matching.balance > 0
            trainer.matching.balance.zero_()
        trainer.train()
        found.append([w.detach().clone() for w in trainer.model.parameters() if w.requires_grad])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


@pytest.mark.parametrize("weight", [float("inf"), float("nan"), -1.0])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(ValueError, match="must be above 0"):
        Features(weight=weight)
