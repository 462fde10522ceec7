"""A smaller model as a folder: fewer neurons, a wanted size, and a tier that names it as student or as teacher."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_logit_trainer import tier  # noqa: F401  (a fixture)
from test_selection import FAMILIES, model_of
from test_training import kept

from helpers import methods, models, provenance
from helpers.methods import cutting, pruning

IDS = torch.tensor([[5, 9, 40, 7, 3]])


@pytest.fixture(params=FAMILIES)
def model(request, tier):  # noqa: F811
    return model_of(request.param, tier)[0]


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


def test_without_idle_neurons_it_says_the_same(model):
    idle, stay = (3, 50, 127), [one for one in range(128) if one not in (3, 50, 127)]
    with torch.no_grad():
        for block in model.base_model.layers:
            block.mlp.down_proj.weight[:, list(idle)] = 0
    wanted, weights = logits(model), models.parameter_count(model)
    assert cutting.narrower(model, [stay, stay]) is model
    assert torch.allclose(logits(model), wanted, atol=1e-5)
    assert model.config.intermediate_size == 125 and models.parameter_count(model) == weights - 2 * 3 * 3 * 64


def test_each_block_keeps_its_own(model):
    wanted = [block.mlp.up_proj.weight.clone() for block in model.base_model.layers]
    lists = [[7, 1, 2], [100, 101, 0]]
    cutting.narrower(model, lists)
    for block, before, kept_ in zip(model.base_model.layers, wanted, lists, strict=True):
        assert torch.equal(block.mlp.up_proj.weight, before[kept_])
        assert block.mlp.gate_proj.weight.shape == (3, 64) and block.mlp.down_proj.weight.shape == (64, 3)
    again = type(model)(model.config)  # its config says what it is now
    again.load_state_dict(model.state_dict())
    assert torch.allclose(logits(again.eval()), logits(model), atol=1e-6)


@pytest.mark.parametrize(
    ("neurons", "words"),
    [
        ([[1, 2]], "given for 1 blocks"), ([[1, 2], [1]], r"for 2 blocks, \[1, 2\] in each"), ([[], []], "least one"),
        ([[1, 2], [2, 2]], "block 2 has the neurons 0 to 127, each once"), ([[1, 128], [1, 2]], "block 1 has"),
        ([[-1, 2], [1, 2]], "block 1 has"),
    ],
)
def test_what_cannot_be_is_refused(model, neurons, words):
    before = logits(model)
    with pytest.raises(ValueError, match=words):
        cutting.narrower(model, neurons)
    assert torch.equal(logits(model), before)


@pytest.mark.parametrize("blocks", [1, 2])
def test_the_width_for_a_wanted_size(model, blocks):
    def size(width):
        made = pruning.student_of(model, range(1, blocks + 1))
        return models.parameter_count(cutting.narrower(made, [[*range(width)]] * blocks))

    wanted = size(72)
    found = cutting.width_for(model, blocks, wanted, step=16)
    assert found % 16 == 0 and abs(size(found) - wanted) <= min(abs(size(w) - wanted) for w in range(16, 129, 16))
    assert [cutting.width_for(model, blocks, many, step=16) for many in (10**9, 0)] == [128, 16]


def test_a_folder_that_is_student_or_teacher_of_a_tier(tier):  # noqa: F811
    neurons = [[*range(0, 128, 2)]]
    spec = cutting.cut(tier, tier.teacher, (2,), neurons)
    model, _ = models.load_teacher(tier)
    wanted = logits(cutting.narrower(pruning.student_of(model, (2,)), neurons).eval())
    for changed, load in (
        (replace(tier, teacher=spec), models.load_teacher),
        (replace(tier, sibling=spec), lambda tier: models.load_sibling(tier, four_bit=False)),
    ):
        found, tokenizer = load(changed)
        assert torch.allclose(logits(found), wanted, atol=1e-5)
        assert tokenizer.chat_template == models.load_tokenizer(tier, "teacher").chat_template
        assert found.generation_config.eos_token_id == model.generation_config.eos_token_id
        assert methods.Logits(changed, 0, kept()).folder != methods.Logits(tier, 0, kept()).folder
    assert provenance.read(Path(spec.source), "")["kept"] == [2]


def test_it_is_made_once_and_another_has_another_folder(tier, monkeypatch):  # noqa: F811
    made = {
        cutting.cut(tier, tier.teacher, *how).name
        for how in (((1,),), ((2,),), ((1, 2),), ((1,), [[0, 1]]), ((1,), [[0, 2]]), ((1,), None, 0, False))
    }
    drawn = [cutting.cut(tier, tier.teacher, (1,), None, seed, False).name for seed in (0, 1)]
    assert len(made) == 6 and len({*made, *drawn}) == 7
    monkeypatch.setattr(cutting, "load", lambda *_, **__: pytest.fail("it is there already"))
    assert cutting.cut(tier, tier.teacher, (1,)).name in made
    assert cutting.cut(tier, tier.teacher, (1,), seed=5).name in made  # of a copy no weight is drawn


def test_what_a_killed_run_left_is_made_anew(tier, monkeypatch):  # noqa: F811
    loaded = models.load_teacher(tier)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(type(loaded[1]), "save_pretrained", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        cutting.cut(tier, tier.teacher, (1,), loaded=loaded)
    (part,) = tier.artifacts.glob("cut-*.part")
    spec = cutting.cut(tier, tier.teacher, (1,), loaded=loaded)
    assert not part.exists() and models.load_teacher(replace(tier, teacher=spec))
    assert logits(loaded[0]).isfinite().all()  # what was given stays loaded
