"""tools/planner: its formulas against real models, its counts against published ones, and what it chooses."""

import json
from dataclasses import replace

import pytest
import torch
from planner import minutes, parts, phases, plan, shapes
from planner.__main__ import contents, details, main
from planner.cards import GB, Card, card_of, whole
from planner.fitted import fitted
from planner.parts import BF16, Numbers
from planner.phases import METHODS, Setting, total
from tiny_models import tiny  # noqa: F401
from transformers import AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, Qwen2Config, Qwen3Config

from helpers import models, tiers
from helpers.evaluation import plans
from helpers.tiers import TIERS, EndpointSpec, Lora, ModelSpec

SMALL, FULL = TIERS["small"], TIERS["full"]
QWEN, TEACHER = "Qwen/Qwen3-0.6B", "Qwen/Qwen3-4B-Thinking-2507"
# As Unsloth's notebooks print them: all weights, and an adapter's at a rank. Qwen's own card rounds to 0.6 and 4.0 B.
PUBLISHED = {
    QWEN: (751_632_384 - 151_936 * 1_024, None),  # theirs counts the tied output layer once more
    TEACHER: (4_088_528_384 - 66_060_288, (32, 66_060_288)),
    "google/gemma-3-270m-it": (268_098_176, (128, 30_375_936)),
    "google/gemma-3-1b-it": (1_006_408_832 - 6_522_880, (8, 6_522_880)),
}


# --- the models and their parts -----------------------------------------------------------------


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_are_those_of_the_model_and_those_published(name):
    shape, (weights, adapter) = shapes.shape_of(name), PUBLISHED[name]
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(shape)
    assert shapes.weights(shape) == sum(weight.numel() for weight in model.parameters()) == weights
    if adapter:
        assert shapes.adapter_weights(shape, adapter[0]) == adapter[1]


SIZES = {
    "vocab_size": 512, "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
    "intermediate_size": 384, "pad_token_id": 0,
}  # fmt: skip


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(
    ("config", "apart"),  # per layer: the norms of queries and keys that a Qwen 3 has, and the biases of another
    [(Qwen3Config(head_dim=64, **SIZES), 0), (Gemma3TextConfig(head_dim=64, **SIZES), 0),
     (LlamaConfig(**SIZES), 2 * 32), (Qwen2Config(**SIZES), 2 * 32 - 128 - 2 * 64)],
    ids=lambda one: getattr(one, "model_type", ""),
)  # fmt: skip
def test_a_reader_s_model_is_read_from_its_folder(tmp_path, config, apart, tied):
    config.tie_word_embeddings = tied
    config.save_pretrained(tmp_path)
    shape = shapes.shape_of(ModelSpec(str(tmp_path)))
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    assert shapes.weights(shape) - 3 * apart == sum(weight.numel() for weight in model.parameters())


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_weights_take_what_they_take(tiny, role):  # noqa: F811
    load = models.load_teacher if role == "teacher" else models.load_student
    for four_bit, bits in ((True, 4), (False, 32)):
        model, _ = load(tiny, four_bit=four_bit)
        states = [weight.quant_state for weight in model.parameters() if hasattr(weight, "quant_state")]
        scales = [each for s in states for each in (s.absmax, s.code, s.offset, s.state2.absmax, s.state2.code)]
        taken = sum(one.nbytes for one in [*(weight.data for weight in model.parameters()), *scales])
        assert parts.weights(model.config, bits, Numbers()) == pytest.approx(taken, rel=0.002)


@pytest.mark.parametrize("padded", [True, False], ids=["padded", "one length"])
@pytest.mark.parametrize(
    "shape", [("qwen3", 512, 128, 1, 4, 2, 64, 384), ("gemma3", 512, 192, 1, 4, 1, 64, 320)], ids=lambda one: one[0]
)
def test_a_block_keeps_what_is_planned(shape, padded):
    shape, batch, length, rank = shapes.config_of(*shape), 4, 64, 8
    model = models.add_lora(AutoModelForCausalLM.from_config(shape), Lora(rank, 16, 1e-4), 0).train()
    ids = torch.randint(3, 512, (batch, length))
    mask = torch.ones_like(ids)
    mask[0, -5:] = 0 if padded else 1
    (block,) = model.base_model.model.model.layers
    own = {weight.data_ptr() for weight in model.parameters()}
    inside, alive, seen = [], [], {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if inside and storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

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
        assert parts.kv_cache(model.config, 3, 45, 4) == held  # the last token is not read again


def test_a_window_bounds_the_kv_cache():
    gemma = shapes.shape_of("google/gemma-3-1b-it")
    endless = 26 * 8_192 * 2 * 256 * 2
    assert parts.kv_cache(gemma, 1, 8_192, 2) == (4 * 8_192 + 22 * 511) * 2 * 256 * 2
    assert parts.kv_cache(gemma, 1, 8_192, 2, reading=True) == endless
    assert parts.kv_cache(gemma, 1, 511, 2) == endless * 511 / 8_192


def test_what_is_taken_from_trl_is_as_there():
    from trl.trainer import distillation_trainer, sft_trainer

    theirs = (sft_trainer, distillation_trainer)
    assert {phases.TRL_CHUNK} == {module._CHUNKED_LM_HEAD_CHUNK_SIZE for module in theirs}


# Qwen's speed table (Transformers, bf16, batch 1, 2,048 tokens written): MiB after a prompt of so many tokens. What the
# reading of a long prompt takes for a moment is not in it.
@pytest.mark.parametrize(("name", "prompt", "mib"), [
    (QWEN, 1, 1_394), (QWEN, 6_144, 2_066), (QWEN, 14_336, 2_963), (QWEN, 30_720, 4_755),
    (TEACHER, 1, 7_973), (TEACHER, 6_144, 8_860), (TEACHER, 14_336, 10_012), (TEACHER, 30_720, 12_317),
])  # fmt: skip
def test_writing_takes_what_is_published(name, prompt, mib):
    setting = Setting(1, prompt + 2_048, pads=False, prompt=1)
    assert total(phases.generate(shapes.shape_of(name), setting, 16)) / 2**20 == pytest.approx(mib, rel=0.02)


@pytest.mark.parametrize(("name", "gib"), [(QWEN, 1.256), (TEACHER, 7.912)])
def test_a_loaded_model_takes_what_is_published(name, gib):
    """Unsloth's notebook of Qwen3-Embedding on a T4: float16 weights and an adapter of rank 32, before training."""
    shape = shapes.shape_of(name)
    planned = parts.weights(shape, 16, BF16) + shapes.adapter_weights(shape, 32) * 4
    assert planned / 2**30 == pytest.approx(gib, rel=0.1)


def test_more_tokens_take_more():
    student, teacher = shapes.shape_of("google/gemma-3-1b-it"), shapes.shape_of(TEACHER)
    for method in METHODS[1:]:
        sizes = [total(phases.train(student, Setting(2, n), method, teacher)) for n in (512, 1_024, 2_048)]
        assert sizes == sorted(sizes) and sizes[0] < sizes[2]
    settings = (Setting(2, 2_048, checkpointing=each) for each in (False, True))
    kept, saved = (total(phases.train(student, setting, "token")) for setting in settings)
    assert kept > 2 * saved


# --- plans --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("tier", [SMALL, FULL], ids=lambda tier: tier.name)
def test_both_tiers_fit_on_24_gb_and_two_models_are_together_only_where_they_must(tier, method):
    card = card_of("24")
    found = plan.plan(tier, card, method)
    assert all(phase.fits and 0 < phase.took[0] < phase.took[1] for phase in found)
    assert max(whole(phase.bytes) for phase in found) <= card.memory < 24 * GB
    for phase in found:
        together = {"teacher", "student"} <= set(phase.parts)
        asks = (*phases.LIVE, *phases.WRITES, *phases.WHOLE)
        assert together == (method in asks and phase.name.startswith("student learns"))
        assert together == any("the teacher beside it" in reason for reason in phase.why)


def test_a_student_without_an_adapter_takes_16_bytes_a_weight_and_its_teacher_stays_narrow():
    card, shape = card_of("48"), shapes.shape_of(QWEN)
    (_, learns, asked), (_, adapted, _) = (plan.plan(FULL, card, one) for one in ("all weights", "logits"))
    own = sum(learns.parts[name] for name in ("student", "gradients", "optimizer"))
    assert own == 16 * shapes.weights(shape) and "adapter" not in learns.parts
    assert learns.parts["teacher"] == adapted.parts["teacher"] and learns.setting.rank == FULL.lora.r
    assert asked.parts["weights"] == parts.weights(shape, 16, BF16)


@pytest.mark.parametrize(("writes", "reads"), [("on-policy", "logits"), ("on-policy across", "across")])
def test_who_writes_takes_longer_than_who_reads_and_its_loss_is_the_same(writes, reads):
    card = card_of("24")
    shape, teacher = plan.learner(FULL, writes), shapes.shape_of(FULL.teacher.name)
    assert shape == plan.learner(FULL, reads)
    setting = Setting(2, 1_024)
    assert phases.train(shape, setting, writes, teacher) == phases.train(shape, setting, reads, teacher)
    (_, one, _), (_, other, _) = (plan.plan(FULL, card, method) for method in (writes, reads))
    assert all(one.took > other.took) and one.bytes >= other.bytes


@pytest.mark.parametrize("method", phases.OF_ONE_BASE)
def test_teachers_of_one_base_are_the_student_s_own_base_and_three_adapters(method):
    card = card_of("24")
    _, taught, learns, _ = plan.plan(FULL, card, method)
    assert taught.name == "specialists learn: token" and taught.parts == plan.plan(FULL, card, "token")[1].parts
    shape = shapes.shape_of(FULL.student.name)
    adapters = 3 * shapes.adapter_weights(shape, FULL.lora.r) * 4
    assert learns.parts["teacher"] == parts.weights(shape, 4, BF16) + adapters
    assert learns.setting.teacher_bits == 4


def test_three_teachers_are_read_one_after_another_and_their_mean_takes_room():
    shape, setting = shapes.shape_of(FULL.student.name), Setting(2, 1_024)
    one, three = (phases.loss(method, shape, shape, setting) for method in ("logits", "ensemble"))
    tokens = setting.tokens
    extra = 2 * 2 * tokens * shape.hidden_size * BF16.stream
    assert three - one == pytest.approx(extra + 4 * min(phases.CHUNK, tokens) * shape.vocab_size * 4)


def test_a_round_of_self_distillation_asks_no_teacher():
    card = card_of("24")
    writes, learns, _ = plan.plan(FULL, card, "self-distillation")
    assert writes.parts["weights"] == parts.weights(shapes.shape_of(FULL.student.name), 16, BF16)
    assert "teacher" not in learns.parts and learns.parts == plan.plan(FULL, card, "token")[1].parts
    # 3 questions of 32 have two rows each, and sixteen answers.
    tokens = plan.plan(FULL, card, "token")[1].took
    assert learns.took == pytest.approx(tokens * 6 / 32) and writes.took[0] > 0


def test_all_weights_of_a_rounded_student_are_trained_beside_its_whole_self():
    """16 bytes a weight (in float32, gradients, AdamW's means) and 2 of itself; later it answers in 16 bits."""
    card, many = card_of("24"), shapes.weights(shapes.shape_of(FULL.student.name))
    _, learns, asked = plan.plan(FULL, card, "quantized")
    held = {name: size for name, size in learns.parts.items() if name not in ("activations", "logits and loss")}
    assert total(held) == 18 * many and "adapter" not in held and asked.parts["weights"] == 2 * many
    with_adapter = plan.plan(FULL, card, "token")[1]
    assert all(learns.took > with_adapter.took)
    small = [plan.plan(FULL, card_of("16"), method)[1].fits for method in ("quantized", "token")]
    assert small == [False, True]


def test_a_larger_card_gives_up_less():
    def given_up(size):
        every = [reason for phase in plan.plan(FULL, card_of(size), "logits") for reason in phase.why]
        return sum(reason.startswith("as wanted it takes") for reason in every)

    assert given_up("16") > given_up("48")


def test_without_bf16_numbers_are_float32_and_a_large_teacher_is_in_4_bits():
    (found,) = plan.plan(FULL, card_of("T4"), "traces")
    assert found.fits and found.setting.teacher_bits == 4 and found.setting.numbers == Numbers()
    assert "4 bits of the teacher's weights instead of 32" in found.why and found.changed


def test_where_nothing_fits_the_part_that_is_too_large_is_named():
    card = Card("toy", 2, 2 * GB, 10e12, 100e9)
    (found,) = plan.plan(FULL, card, "traces")
    assert not found.fits
    assert found.why[0].startswith("does not fit: weights alone take") and "a smaller model" in found.why[0]
    assert "does not fit" in details([found], card)


@pytest.mark.parametrize("tier", [SMALL, FULL], ids=lambda tier: tier.name)
def test_the_budget_of_a_tier_is_the_planners(tier):
    """Token distillation on the card that the tier is for: memory to the gigabyte, minutes within the range."""
    found = plan.plan(tier, card_of({"small": "T4", "full": "24"}[tier.name]))
    least, most = sum(phase.took for phase in found)
    assert tier.budget.memory_gb == pytest.approx(max(whole(phase.bytes) for phase in found) / GB, abs=1)
    assert least <= tier.budget.minutes <= most


@pytest.mark.parametrize(("gb", "settings"), [
    (4.2, {}),
    (3.8, {"micro_batch": 1}),
    (3.6, {"micro_batch": 1, "lora": {"r": 16, "alpha": 32}}),
    (3.2, {"micro_batch": 1, "lora": {"r": 8, "alpha": 16}, "max_length": 2_048}),
])  # fmt: skip
def test_the_least_that_has_to_give_gives(gb, settings):
    """Of `full`, with the teacher's answers there: the texts at a time, then the rank, and only then the texts."""
    card = replace(card_of("24"), memory=gb * GB)
    found, told = fitted(FULL, card, "token", answers=True)
    assert found == settings and len(told) == 1 + len(settings) + bool(settings)
    fits = fitted(tiers.own(FULL, **settings), card, "token", answers=True)
    assert fits[0] == {}, "with these settings all of it fits"


def test_a_teacher_behind_a_server_takes_no_memory():
    far = replace(FULL, teacher=EndpointSpec("http://127.0.0.1:1/v1", "far"))
    assert fitted(far, card_of("16"), "token") == fitted(FULL, card_of("16"), "token", answers=True)
    with pytest.raises(MemoryError, match=r"planned for T4: “teacher writes traces” does not fit: weights alone"):
        fitted(FULL, card_of("16"), "token")


@pytest.mark.parametrize(("ask", "error"), [
    (lambda: plan.plan(SMALL, card_of("16"), "magic"), "no method called 'magic'; choose from traces, token"),
    (lambda: card_of("13"), "no card called '13'; choose from T4"),
    (lambda: shapes.shape_of("someone/else"), "no shape for 'someone/else'; it knows Qwen"),
    (lambda: shapes.weights(LlamaConfig()), "not 'llama'"),
    (lambda: parts.weights(shapes.shape_of(QWEN), 5, BF16), "5 bits; choose 4"),
    (lambda: phases.train(shapes.shape_of(QWEN), Setting(1, 64), "logits"), "give its shape"),
    (lambda: phases.train(shapes.shape_of(QWEN), Setting(1, 64), "traces"), "no training called 'traces'"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused(ask, error):
    with pytest.raises(ValueError, match=error):
        ask()


# --- what is said -------------------------------------------------------------------------------


def test_the_committed_plans_are_the_planners():
    assert plans.read() == contents(), "run `make plan`: it writes data/results/plan.json"


def test_make_plan_writes_what_it_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(plans, "FILE", tmp_path / "plan.json")
    main([])
    assert json.loads(plans.FILE.read_text(encoding="utf-8")) == contents()
    assert plans.table("full") in capsys.readouterr().out
    assert plans.table("full", ["token"]).splitlines()[2].startswith("| token | 15.8 GB, ")
    assert plans.budget(FULL) == minutes.budget(FULL) and plans.budget(TIERS["mini"]) == TIERS["mini"].budget


def test_one_plan_takes_what_is_asked_for(capsys):
    main(["--tier", "full", "--card", "48", "--method", "logits", "--micro-batch", "4", "--max-length", "1024"])
    said = capsys.readouterr().out
    assert "# full, logits, L40S" in said and "| 4 × 1,024 tokens |" in said and "no GPU was used" in said
    for words, error in (("--micro-batch 0", "1 or more"), ("--card 13", "no card called '13'")):
        with pytest.raises(SystemExit):
            main(["--tier", "full", *words.split()])
        assert error in capsys.readouterr().err
