"""helpers.planning: its formulas against real models, its counts against published ones, and what it chooses."""

from dataclasses import replace

import pytest
import torch
from tiny_models import tiny  # noqa: F401
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, Qwen3Config, Qwen3ForCausalLM

from helpers import cache, models, planning
from helpers.planning import (
    Numbers,
    Setting,
    Shape,
    card_of,
    choosing,
    logits,
    minutes,
    parts,
    phases,
    published,
    recipes,
)
from helpers.planning.cards import Card, whole
from helpers.tiers import TIERS, Lora

GB = 1e9
SMALL, FULL = TIERS["small"], TIERS["full"]
SHAPES = list(planning.SHAPES.values())
# As Unsloth's notebooks print them: all weights, and an adapter's at a rank. Qwen's own card rounds to 0.6 and 4.0 B.
PUBLISHED = {
    "Qwen/Qwen3-0.6B": (751_632_384 - 151_936 * 1_024, None),  # theirs counts the tied output layer once more
    "Qwen/Qwen3-4B-Thinking-2507": (4_088_528_384 - 66_060_288, (32, 66_060_288)),
    "google/gemma-3-270m-it": (268_098_176, (128, 30_375_936)),
    "google/gemma-3-1b-it": (1_006_408_832 - 6_522_880, (8, 6_522_880)),
}


# --- the models ---------------------------------------------------------------------------------


def config_of(shape: Shape):
    """The transformers configuration of a shape."""
    same = {
        "vocab_size": shape.vocabulary, "hidden_size": shape.width, "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "head_dim": shape.head_dim,
        "intermediate_size": shape.mlp, "tie_word_embeddings": shape.tied, "max_position_embeddings": 1_024,
        "pad_token_id": 0,
    }  # fmt: skip
    return Qwen3Config(**same) if shape.family == "qwen3" else Gemma3TextConfig(**same, sliding_window=shape.window)


def made(shape: Shape):
    return (Qwen3ForCausalLM if shape.family == "qwen3" else Gemma3ForCausalLM)(config_of(shape))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_counts_are_those_of_the_model_and_those_published(shape):
    with torch.device("meta"):
        model = made(shape)
    assert shape.weights == sum(weight.numel() for weight in model.parameters())
    weights, adapter = PUBLISHED[shape.name]
    assert shape.weights == weights
    if adapter:
        assert shape.adapter_weights(adapter[0]) == adapter[1]
    # Gemma's pattern of sliding layers is transformers' own; only its length of window is the shape's.
    assert planning.of_config(model.config, shape.name) == shape


def test_every_model_of_the_tiers_has_a_shape():
    for tier in (SMALL, FULL):
        for spec in (tier.teacher, tier.student, tier.sibling):
            assert planning.shape_of(spec.name).weights > 1e8
    with pytest.raises(ValueError, match="no shape for 'someone/else'; it knows Qwen"):
        planning.shape_of("someone/else")


def test_another_architecture_is_refused():
    from transformers import LlamaConfig

    with pytest.raises(ValueError, match="not 'llama'"):
        planning.of_config(LlamaConfig())


# --- the parts ----------------------------------------------------------------------------------


def bytes_of(model) -> int:
    found = 0
    for weight in model.parameters():
        found += weight.data.nbytes
        if hasattr(weight, "quant_state"):
            state = weight.quant_state
            tensors = [state.absmax, state.code, state.offset, state.state2.absmax, state.state2.code]
            found += sum(one.nbytes for one in tensors)
    return found


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_weights_take_what_they_take(tiny, role):  # noqa: F811
    load = models.load_teacher if role == "teacher" else models.load_student
    for four_bit, bits in ((True, 4), (False, 32)):
        model, _ = load(tiny, four_bit=four_bit)
        planned = parts.weights(planning.of_config(model.config), bits, Numbers())
        assert planned == pytest.approx(bytes_of(model), rel=0.002)


def test_bits_are_checked():
    with pytest.raises(ValueError, match="5 bits; choose 4"):
        parts.weights(SHAPES[0], 5, Numbers())
    assert parts.weights(SHAPES[0], 8, Numbers(2, 2, 2)) < parts.weights(SHAPES[0], 16, Numbers())


BLOCKS = {
    "qwen3": Shape("", "qwen3", 512, 128, 1, 4, 2, 64, 384, full_layers=1),
    "gemma3": Shape("", "gemma3", 512, 192, 1, 4, 1, 64, 320, window=512),
}


@pytest.mark.parametrize("padded", [True, False], ids=["padded", "one length"])
@pytest.mark.parametrize("family", BLOCKS)
def test_a_block_keeps_what_is_planned(family, padded):
    shape, batch, length, rank = BLOCKS[family], 4, 64, 8
    model = models.add_lora(made(shape), Lora(rank, 16, 1e-4), 0).train()
    ids = torch.randint(3, 512, (batch, length))
    mask = torch.ones_like(ids)
    mask[0, -5:] = 0 if padded else 1
    (block,) = model.base_model.model.model.layers
    own = {weight.data_ptr() for weight in model.parameters()}
    seen: dict[int, int] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if inside and storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    inside, alive = [], []

    def enter(module, arguments):
        inside.append(1)
        own.add(arguments[0].untyped_storage().data_ptr())  # the block's input is counted with the checkpoints

    block.register_forward_pre_hook(enter)
    block.register_forward_hook(lambda *_: inside.clear())
    embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(inputs_embeds=embedded, attention_mask=mask, use_cache=False, logits_to_keep=1)
    planned = parts.kept_in_block(shape, rank, Numbers(), repeated=padded) * batch * length
    if padded:
        planned += batch * length**2 * 4  # the mask at work; the planner counts it once and not for each block
    assert planned == pytest.approx(sum(seen.values()), rel=0.05)


def test_the_kv_cache_is_as_large_as_planned(tiny):  # noqa: F811
    for load in (models.load_teacher, models.load_student):
        model, _ = load(tiny, four_bit=False)
        ids = torch.randint(3, 200, (3, 40))
        given = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, min_new_tokens=6, return_dict_in_generate=True,
            pad_token_id=0, do_sample=False,
        ).past_key_values  # fmt: skip
        held = sum(tensor.nbytes for layer in given.layers for tensor in (layer.keys, layer.values))
        planned = parts.kv_cache(planning.of_config(model.config), 3, 45, 4)  # the last token is not read again
        assert planned == held


def test_a_window_bounds_the_kv_cache():
    gemma = planning.shape_of("google/gemma-3-1b-it")
    endless = replace(gemma, window=None, full_layers=26)
    short, long = (parts.kv_cache(gemma, 1, length, 2) for length in (511, 8_192))
    assert short == parts.kv_cache(endless, 1, 511, 2)
    assert long == (4 * 8_192 + 22 * 511) * 2 * 256 * 2
    assert parts.kv_cache(gemma, 1, 8_192, 2, reading=True) == parts.kv_cache(endless, 1, 8_192, 2)


def test_what_is_taken_from_libraries_is_as_there():
    from trl.trainer import distillation_trainer, sft_trainer

    from helpers.methods import cached

    theirs = (sft_trainer, distillation_trainer)
    assert {logits.TRL_CHUNK} == {module._CHUNKED_LM_HEAD_CHUNK_SIZE for module in theirs}
    assert cached.DRAWS - 1 == recipes.FURTHER == cache.Encoding().n - 1
    gemma = replace(SHAPES[0], vocabulary=49_152)
    assert recipes.cached_bytes(gemma) == pytest.approx(11.6, abs=0.1)


def test_states_on_the_disk_are_as_packed():
    from helpers.cache.states import pack

    teacher = planning.shape_of(FULL.teacher.name)
    found = {name: next(one.disk for one in planning.plan(FULL, card_of("48"), name) if one.disk)
             for name in ("cached logits", "features")}  # fmt: skip
    states = len(pack(torch.zeros(1, 1, teacher.width)))
    assert found["features"] - found["cached logits"] == FULL.traces * minutes.TRACE_TOKENS * states


# --- published figures --------------------------------------------------------------------------


@pytest.mark.parametrize("figure", published.figures(), ids=lambda figure: f"{figure.source[:7]} {figure.what}")
def test_published_figures_are_met(figure):
    if figure.atmost:
        assert 0.3 * figure.published < figure.planned <= figure.published
    else:
        assert abs(figure.off) <= 0.10


# --- plans --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", planning.METHODS)
def test_the_full_recipe_fits_on_24_gb(method):
    card = card_of("24")
    found = planning.plan(FULL, card, method)
    assert all(phase.fits for phase in found)
    assert max(whole(phase.bytes) for phase in found) <= card.memory < 24 * GB
    assert all(0 < phase.minutes.least < phase.minutes.most for phase in found)


@pytest.mark.parametrize("method", planning.METHODS)
@pytest.mark.parametrize("tier", [SMALL, FULL], ids=lambda tier: tier.name)
def test_teacher_and_student_are_together_only_where_they_must(tier, method):
    for phase in planning.plan(tier, card_of("48"), method):
        together = {"teacher", "student"} <= set(phase.parts)
        needs = method in phases.LIVE or method == "on-policy"
        assert together == (needs and phase.name.startswith("student learns"))
        assert together == any("the teacher beside it" in reason for reason in phase.why)


def test_a_larger_card_gives_up_less():
    def given_up(size):
        every = [reason for phase in planning.plan(FULL, card_of(size), "logits") for reason in phase.why]
        return sum(reason.startswith("as wanted it takes") for reason in every)

    assert given_up("16") > given_up("48")


def test_without_bf16_numbers_are_float32_and_a_large_teacher_is_in_4_bits():
    (found,) = planning.plan(FULL, card_of("T4"), "traces")
    assert found.fits and found.setting.teacher_bits == 4 and found.setting.numbers == Numbers()
    assert any("in 4 bits instead of 32" in reason for reason in found.why)


def test_where_nothing_fits_the_part_that_is_too_large_is_named():
    tiny_card = Card("toy", 2, 2 * GB, 10, 5, 100e9)
    (found,) = planning.plan(FULL, tiny_card, "traces")
    assert not found.fits
    assert found.why[0].startswith("does not fit: weights alone take") and "smaller teacher" in found.why[0]
    assert "does not fit" in planning.details([found], tiny_card)
    assert set(phases_parts()) <= set(choosing.MENDS)


def phases_parts() -> list[str]:
    """Every name that a part can have."""
    found = set()
    for method in planning.METHODS:
        for phase in planning.plan(SMALL, card_of("24"), method):
            found |= set(phase.parts)
    return sorted(found)


def test_what_is_asked_for_is_tried_first():
    (_, training, _) = planning.plan(FULL, card_of("48"), "logits", micro_batch=4, length=1_024)
    assert (training.setting.batch, training.setting.length) == (4, 1_024)
    (_, training, _) = planning.plan(FULL, card_of("48"), "logits", batch=1)
    assert training.setting.batch == 1


@pytest.mark.parametrize("asked", [{"micro_batch": 0}, {"width": 3}])
def test_a_setting_that_makes_no_sense_is_refused(asked):
    with pytest.raises(ValueError, match="what can be asked for is batch, micro_batch, generate_batch, length"):
        planning.plan(SMALL, card_of("16"), **asked)


def test_names_are_checked():
    with pytest.raises(ValueError, match="no method called 'magic'; choose from traces, token"):
        planning.plan(SMALL, card_of("16"), "magic")
    with pytest.raises(ValueError, match="no card called '13'"):
        card_of("13")
    with pytest.raises(ValueError, match="give its shape"):
        planning.train(SHAPES[0], Setting(1, 64), "logits")


def test_more_tokens_take_more():
    student, teacher = planning.shape_of("google/gemma-3-1b-it"), planning.shape_of(FULL.teacher.name)
    for method in ("token", "across", "logits", "cached logits", "features"):
        sizes = [phases.total(planning.train(student, Setting(2, n), method, teacher)) for n in (512, 1_024, 2_048)]
        assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    kept, saved = (
        phases.total(planning.train(student, Setting(2, 2_048, checkpointing=each), "token")) for each in (False, True)
    )
    assert kept > 2 * saved


def test_the_tables_say_that_nothing_was_measured():
    for text in (planning.table("small"), planning.details(planning.plan(SMALL, card_of("16")), card_of("16"))):
        assert "no GPU was used" in text
    assert planning.table("full", ["24"], ["token"]).count("|") == 9


@pytest.mark.parametrize("tier", [SMALL, FULL], ids=lambda tier: tier.name)
def test_the_budget_of_a_tier_is_the_planners(tier):
    """Token distillation on the card that the tier is for: memory to the gigabyte, minutes within the range."""
    card = card_of({"small": "T4", "full": "24"}[tier.name])
    found = planning.plan(tier, card, "token")
    need = max(whole(phase.bytes) for phase in found) / GB
    took = sum((phase.minutes for phase in found), minutes.NONE)
    assert tier.budget.memory_gb == pytest.approx(need, abs=1)
    assert took.least <= tier.budget.minutes <= took.most
