"""Notebook 11: its step is the trainer's, an arm gets what its table says, its exercises know their slips."""

import re
from types import SimpleNamespace

import pytest
import torch
from notebook_checks import text
from test_logit_trainer import batch_of, tier  # noqa: F401  (a fixture)
from test_notebook_definitions import definitions, exercise, notebook, printed, unsaid
from test_quantized_method import FORM, method_of, whole_of

from helpers import check, evaluation, losses, quantization
from helpers.evaluation import results
from helpers.evaluation.recovery import SHARE_SLIPS
from helpers.evaluation.statistics import Estimate, paired_repeats
from helpers.quantization import Format, exercises

NAME = "11_quantization_aware"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "idea-md": ("bytes",), "exam-means": ("exam",), "round-means": ("round",), "layers-means": ("layers",),
    "ptq-means": ("ptq", "ptq-pairs"), "bytes-means": ("bytes", "ptq"), "ste-means": ("ste",),
    "arms-md": ("arms", "start"), "arms-means": ("arms-seen", "pairs"),
    "worth-means": ("worth", "worth-pairs", "arms-seen"), "share-means": ("share",),
    "control-means": ("control", "share", "study", "study-more", "study-pairs"), "start-md": ("start", "arms"),
    "study-means": ("study", "study-more", "study-pairs", "share"), "real-means": ("real",),
    "seen": ("ptq", "bytes", "study", "study-pairs", "study-more", "real"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, are published, or are worked out from some
    "idea-md": {"11.4"}, "bytes-means": {"32"}, "arms-md": {"16", "11.6", "11.7", "7", "1", "2601.14888"},
    "start-md": {"16", "11.2", "552", "1,552", "11.1", "11.3", "11.5", "11.6"}, "ptq-means": {"2.25", "2.50", "11.7"},
    "arms-means": {"11.7", "9", "1"},
    "worth-means": {"1.16", "32", "0.055", "0.34", "40", "29", "2.50", "3.50", "4.50", "600", "11.7"},
    "study-means": {"11.6", "24"}, "real-means": {"0.0108", "40", "11.6"},
    "share-means": {"4", "11.7", "7", "71.7", "73.0", "64", "3.6", "2601.20088", "24"},
    "control-means": {"100", "29.11", "28.04", "34.49", "16", "1", "0", "11.7"},
    "seen": {"24", "135", "40", "2601.20088", "2601.14888", "2013", "1308.3432", "2023", "2305.14314"},
}  # fmt: skip


def test_its_step_is_the_trainer_s_loss(tier):  # noqa: F811
    """The same loss from all logits, and the same gradient through the rounding."""
    trainer = method_of(tier).trainer()
    batch = batch_of(trainer)
    wanted = trainer.compute_loss(trainer.model.train(), dict(batch))
    wanted.backward()
    given = dict(batch)
    labels = given.pop("labels")
    student = quantization.fake(whole_of(tier).train(), FORM)
    far = definitions(
        NAME, "ste", torch=torch, losses=losses, labels=labels, batch=given, student=student, whole=whole_of(tier)
    )["far"]
    found = far()
    found.backward()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-4)
    ours, theirs = ({name: one.grad for name, one in model.named_parameters()} for model in (student, trainer.model))
    assert ours.keys() == theirs.keys() and all(
        torch.allclose(ours[name], theirs[name], atol=1e-4 * float(theirs[name].abs().max()) + 1e-9) for name in ours
    )


def test_an_arm_gets_the_rate_of_its_bits_and_of_whom_it_is_like():
    asked, measured, gone = [], [], []

    class Method:
        def __init__(self, of, seed, rows, **how):
            asked.append((of, seed, rows, how))

        def run(self):
            return "run"

        def taught(self):
            return "model", None

    made = definitions(
        NAME, "arms", tier=SimpleNamespace(lora=SimpleNamespace(learning_rate=0.1)), texts_read="lessons", SEED=7,
        Format=Format, methods=SimpleNamespace(QuantizationAware=Method), twice="twice", runs={}, extra={}, whole="who",
        RATES={"qad": {2: 0.3}, "qat": {2: 0.5}}, measure=lambda name, model: measured.append((name, model)),
        models=SimpleNamespace(unload=gone.append, parameter_count=len),
    )  # fmt: skip
    made["arm"]("mine", 2, alpha=0.5)
    made["arm"]("other", 2, form=Format(8), given="few", like="qat")
    assert asked == [
        ("twice", 7, "lessons", {"format": Format(2), "rate": pytest.approx(0.03), "alpha": 0.5}),
        ("twice", 7, "few", {"format": Format(8), "rate": pytest.approx(0.05)}),
    ]
    assert measured == [("mine", "model"), ("other", "model")] and gone == ["model"] * 2
    assert made["runs"] == {"mine": "run", "other": "run"} and made["extra"] == {"mine": 2, "other": 2}


def test_a_share_that_there_is_none_of_is_in_no_file():
    share = Estimate(1.2, 0.9, 1.5, 9)
    made = definitions(NAME, "keep", shares={"qad, 3 bits": {
        "KL": SimpleNamespace(share=share), "accuracy": SimpleNamespace(share=None)}}, BITS=(4, 3))  # fmt: skip
    assert made["by_bits"]("qad", lambda one: one.value) == {"3": {"kl": 1.2}}
    assert made["by_bits"]("qat", lambda one: one.value) == {}


def test_what_is_missing_over_seeds_says_why():
    kept = {"seeds": [0, 1], "left_out": ["a"]}
    missing = definitions(NAME, "study", study={"run": kept})["missing"]
    assert missing("a") == "within noise in some of 2 seeds" and missing("b") == "no figure"
    kept["seeds"] = [0]
    assert missing("a") == "one seed only"


def test_what_it_says_of_the_study():
    """What is said of all five seeds, or of all arms at once, and is no number in an output."""

    def each(key):
        return results.seeds(NAME, "mini", key)

    def apart(one, other, of="kl"):
        return paired_repeats(each(f"{other}.{of}"), each(f"{one}.{of}"))

    arms = ("qad", "qat", "adapter")
    kl = each("recovered_by.qad.3.kl")
    assert max(kl) == kl[0] == pytest.approx(0.737, abs=5e-4)
    assert all(a < b for a, b in zip(each("bits.2.qad.kl"), each("bits.2.qat.kl"), strict=True))
    assert all(a < b for a, b in zip(each("control.perplexity"), each("whole.perplexity"), strict=True))
    for bits in (3, 2):
        for arm in arms:
            assert apart(f"bits.{bits + 1}.ptq", f"bits.{bits}.{arm}").high < 0
            gap = apart(f"bits.{bits + 1}.ptq", f"bits.{bits}.{arm}", "accuracy")
            assert gap.low < 0 < gap.high
    for bits in (4, 3, 2):
        assert apart(f"bits.{bits}.qad", f"bits.{bits}.ptq").high < 0
        assert apart(f"bits.{bits}.qad", f"bits.{bits}.qat").high < 0
        for one, other in (("adapter", "qad"), ("qad", "qat"), ("adapter", "qat")):
            gap = apart(f"bits.{bits}.{one}", f"bits.{bits}.{other}", "accuracy")
            assert gap.low < 0 < gap.high
    nearer = {bits: apart(f"bits.{bits}.adapter", f"bits.{bits}.qad") for bits in (4, 3, 2)}
    assert nearer[4].high < 0 and nearer[2].high < 0 and nearer[3].low < 0 < nearer[3].high
    assert results.study(NAME, "mini")["run"]["seeds"] == [0, 1, 2, 3, 4]
    assert not any(each(f"recovered_by.{arm}.{bits}.accuracy") for arm in arms for bits in (3, 4))


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "rounded_group", exercises.GROUP_SLIPS), ("ex2", "packed", exercises.BYTES_SLIPS),
     ("ex3", "share", SHARE_SLIPS)],
)  # fmt: skip
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, f"{key}-stub", name, slips, f"{key}-check", f"{key}-help", exercises=exercises)


@pytest.mark.parametrize(
    ("group", "guess", "end"),
    [(..., -20, "yet"), (32, ..., "yet"), (64, -20, "128"), (32, -25, "foreseen"), (32, 10, "which fits better?"),
     (32, -60, "changed less"), (32, -5, "changed more"), (32, 0, "changed more")],
)  # fmt: skip
def test_the_prediction_is_judged_by_a_run(capsys, group, guess, end):
    asked = []
    own = {"my_group": group, "my_guess": guess, "check": check, "Format": Format, "gained": lambda *names: names,
           "near": {"mine": SimpleNamespace(nats=0.7), "qad, 2 bits": SimpleNamespace(nats=1.0)},
           "farther": lambda *names: names,
           "arm": lambda *words, **how: asked.append((words, how))}  # fmt: skip
    assert printed(capsys, NAME, "ex4-check", **own).endswith(end)
    assert asked == ([(("mine", 2), {"form": Format(2, 32)})] if end not in ("yet", "128") else [])


def test_a_gain_and_a_distance_are_paired():
    tokens = (10, 30)
    near = {"a": SimpleNamespace(kl=(2.0, 6.0), tokens=tokens), "b": SimpleNamespace(kl=(1.0, 3.0), tokens=tokens)}
    right = {"a": [True] * 8 + [False] * 2, "b": [True] * 6 + [False] * 4}
    made = definitions(NAME, "exam", evaluation=evaluation, near=near, right=right, SEED=0)
    assert made["farther"]("a", "b").startswith("+0.1000 nats") and made["gained"]("a", "b").value == pytest.approx(0.2)


def test_what_is_packed_is_counted_where_it_is_the_fake_one_s():
    form, whole = Format(3), torch.nn.Sequential(torch.nn.Linear(64, 8), torch.nn.Linear(64, 4))
    layers = {"0": whole[0], "1": whole[1]}
    equal = definitions(NAME, "bytes", layers=layers)["equal"]
    packed = torch.nn.Sequential(*(quantization.PackedLinear(one, form) for one in whole))
    assert equal(packed, form) == 12 * 64
    packed[0].scales[:] *= 2
    assert equal(packed, form) < 12 * 64


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    assert SAID
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
