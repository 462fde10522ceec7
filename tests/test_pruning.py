"""A student made of its teacher's layers: which weights it has, what it says, and that a short training moves all."""

from dataclasses import replace

import pytest
import torch
from test_logit_trainer import tier  # noqa: F401  (a fixture)
from test_training import kept

from helpers import models
from helpers.losses import layer_maps
from helpers.methods import pruning
from helpers.training.matching import Features

IDS = torch.tensor([[5, 9, 40, 7, 3]])


@pytest.fixture
def teacher(tier):  # noqa: F811
    return models.load_teacher(tier)


def test_every_other_layer():
    assert pruning.every_other(4) == (2, 4) and pruning.every_other(3) == (1, 3)
    assert pruning.every_other(1) == (1,) and pruning.every_other(28) == tuple(range(2, 29, 2))


def test_at_even_steps_from_the_first_to_the_last():
    assert pruning.evenly(4, 2) == (1, 4) and pruning.evenly(5, 3) == (1, 3, 5)
    found = pruning.evenly(28, 14)
    assert found[0] == 1 and found[-1] == 28 and len(set(found)) == 14 and found == tuple(sorted(found))
    for many in (1, 5):
        with pytest.raises(ValueError, match=f"{many} layers of 4 cannot be kept"):
            pruning.evenly(4, many)


def test_all_of_its_layers_make_the_teacher_again(teacher):
    student = pruning.student_of(teacher[0], range(1, layer_maps.blocks(teacher[0]) + 1))
    with torch.no_grad():
        assert torch.allclose(student(IDS).logits, teacher[0](IDS).logits, atol=1e-5)


@pytest.mark.parametrize("kept_", [(2,), (1,), (2, 1)])
def test_a_kept_block_is_the_teachers_block(teacher, kept_):
    student, model = pruning.student_of(teacher[0], kept_), teacher[0]
    assert layer_maps.blocks(student) == len(kept_) and len(student.model.layers) == len(kept_)
    for place, layer in enumerate(kept_):
        ours, theirs = student.model.layers[place].state_dict(), model.model.layers[layer - 1].state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert torch.equal(student.model.embed_tokens.weight, model.model.embed_tokens.weight)
    assert torch.equal(student.model.norm.weight, model.model.norm.weight)
    student.model.norm.weight.data.zero_()
    assert model.model.norm.weight.abs().sum() > 0  # a copy, and not the same memory


def test_a_fresh_one_has_the_same_shape_and_other_weights(teacher):
    copied, fresh, again = (
        pruning.student_of(teacher[0], (2,), seed, made) for seed, made in ((0, True), (0, False), (0, False))
    )
    assert models.parameter_count(copied) == models.parameter_count(fresh) == models.parameter_count(fresh, True)
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(fresh.state_dict()[name], again.state_dict()[name])
    assert not torch.equal(fresh.state_dict()[name], copied.state_dict()[name])


def test_random_numbers_go_on_as_if_nothing_had_been_drawn(teacher):
    torch.manual_seed(3)
    wanted = torch.rand(3)
    torch.manual_seed(3)
    pruning.student_of(teacher[0], (2,), seed=5)
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize(
    ("kept_", "words"),
    [((3,), "layer 3 of the teacher, which has the layers 0, 1, 2"), ((), "no pair"), ((0, 1), "names layer 0")],
)
def test_what_cannot_be_is_refused(teacher, kept_, words):
    with pytest.raises(ValueError, match=words):
        pruning.student_of(teacher[0], kept_)


@pytest.mark.parametrize("how", [None, Features("hint", ((1, 2),))])
def test_a_short_training_moves_every_weight_and_leaves_nothing_behind(tier, teacher, how):  # noqa: F811
    tier = replace(tier, micro_batch=2)
    student = pruning.student_of(teacher[0], (1,))
    before = {name: weight.clone() for name, weight in student.named_parameters()}
    run = pruning.learn(tier, 0, student, teacher[0], teacher[1], kept(), 3, 1e-2, how)
    assert run.steps == 3 and not run.folder.exists()
    after = dict(student.named_parameters())
    assert after.keys() == before.keys()
    assert [name for name in after if torch.equal(after[name], before[name])] == []


def test_a_student_that_is_its_teacher_s_copy_learns_from_it(tier, teacher):  # noqa: F811
    """At its first step nothing pulls, neither logits nor features, and a ratio of the two would be no number."""
    depth = layer_maps.blocks(teacher[0])
    student = pruning.student_of(teacher[0], range(1, depth + 1))
    how = Features("hint", ((depth, depth),))
    pruning.learn(replace(tier, micro_batch=2), 0, student, teacher[0], teacher[1], kept(), 3, 1e-3, how)
    assert all(weight.isfinite().all() for weight in student.parameters())
