"""Notebook 06: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import ast
import json
import random
import re
from types import SimpleNamespace

import pytest
import torch
from notebook_checks import text
from test_cache import MADE, fill
from test_notebook_definitions import cell, definitions, exercise, notebook, printed, solution

from helpers import cache, check, evaluation, losses, models, traces
from helpers.cache import on_lists
from helpers.losses.gradient_angle import Quality
from helpers.methods.logits import shares
from helpers.tiers import TIERS
from helpers.training.rows import tokenized

NAME = "06_teacher_cache"
MINI = TIERS["mini"]


@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_it_draws_as_the_helper_does(n):
    drawn = definitions(NAME, "hand")["draw"]
    p = torch.rand(9, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
    p = p / p.sum()
    for seed in range(20):
        generator, again = (torch.Generator().manual_seed(seed) for _ in range(2))
        offset = torch.rand(1, 1, generator=generator, dtype=torch.float64).item()
        assert drawn(p.tolist(), n, offset) == cache.draw(p[None], n, again)[0].tolist()


def test_what_everything_would_fill():
    assert definitions(NAME, "all")["gigabytes"](1_000, 500_000) == 1.0


def test_a_refusal_is_told_without_the_folder(tmp_path):
    refusal = definitions(NAME, "refused", cache=cache)["refusal"]
    assert refusal(tmp_path, MADE).startswith("there is no finished cache in this folder:")
    fill(tmp_path)
    assert refusal(tmp_path, MADE) == "read"
    told = refusal(tmp_path, MADE | {"prompt": "another"})
    assert told.startswith("this folder was made with other settings: prompt was 'p' and now is 'another'. Take")
    assert told.partition(": ")[2].partition(". Take")[0] == "prompt was 'p' and now is 'another'"


def test_the_plug_is_pulled_in_one_part():
    asked = []
    parts = [type("", (), {"to_list": lambda self, i=i: [i]})() for i in range(4)]
    part = definitions(NAME, "kill", asked=asked, parts=parts)["part"]
    assert part(1, plug=2) == [1] and part(2) == [2]
    with pytest.raises(KeyboardInterrupt):
        part(2, plug=2)
    assert asked == [1, 2, 2]


def test_angles_are_taken_with_three_seeds(monkeypatch):
    one, asked = cache.Encoding("draws", 4), []

    def angles(*given):
        asked.append(given[-2:])
        return {one: Quality(1.0, float(given[-2]))}

    monkeypatch.setattr(models, "unload", lambda *_: None)
    made = definitions(
        NAME, "after", SEED=5, angles=angles, kept={}, models=models, tier=MINI, sequences=[], size=9, teacher=None,
        training=None, deep=2, chosen={"temperature": 2.0},
    )  # fmt: skip
    assert made["angles_of"](None) == {one: [Quality(1.0, 5.0), Quality(1.0, 6.0), Quality(1.0, 7.0)]}
    assert asked == [(5, 2.0), (6, 2.0), (7, 2.0)]


def test_the_angle_of_a_trained_student_is_one_of_its_adapter():
    model = models.add_lora(models.load_sibling(MINI)[0], MINI.lora, 0)
    deep = models.text_config(MINI.sibling).num_hidden_layers
    adapter_of = definitions(NAME, "after", deep=deep)["adapter_of"]
    asked = {id(weight) for weight in adapter_of(model)}
    names = [name for name, weight in model.named_parameters() if id(weight) in asked]
    assert {int(re.search(r"layers\.(\d+)\.", name)[1]) for name in names} == {deep - 1, deep - 2}
    assert names and all("lora_" in name for name in names)


def test_the_distance_is_the_divergence_where_the_teacher_wrote():
    teacher, _ = models.load_teacher(MINI)
    sibling, tokenizer = models.load_sibling(MINI, four_bit=False)
    answer = "<think>\nLet me see. 3 + 4 = 7.\n</think>\n\nIt is 7."
    row = {"question": "How many?", traces.ANSWER: answer}
    turns = [{"role": "user", "content": row["question"]}]
    said = [{"role": "assistant", "content": answer}]
    hidden = tokenized([{"prompt": turns, "completion": said}] * 2, tokenizer)
    size, end, opening = len(tokenizer), tokenizer.eos_token_id, 2
    far_from = definitions(
        NAME, "near", teacher=teacher, hidden=hidden, losses=losses, torch=torch, size=size, end=end,
        made={"opening": opening},
    )["far_from"]  # fmt: skip
    assert far_from(teacher) == pytest.approx(0, abs=1e-6)
    ids, labels = (torch.tensor([hidden[0][key]]) for key in ("input_ids", "labels"))
    with torch.no_grad():
        ours, theirs = (losses.learnt(model(ids).logits, labels)[:, :size] for model in (sibling, teacher))
    each = losses.each_divergence(ours, theirs)
    written = shares(labels, opening, end, 0.0) == 0
    assert 0 < written.sum() < len(each)
    assert far_from(sibling) == pytest.approx(each[written].mean().item(), rel=1e-4)


def study_says(capsys, study: dict | None) -> str:
    """What the cell shows that has the study's seeds, if this is the study."""
    results = SimpleNamespace(study=lambda name, tier: study)
    given = {"chosen": {"epochs": 16}, "of_words": {"epochs": 8}, "results": results, "NAME": NAME, "tier": MINI,
             "evaluation": evaluation}  # fmt: skip
    *before, shown = ast.parse(cell(NAME, "study")).body
    exec(compile(ast.Module(before, []), "study", "exec"), given)
    table = eval(compile(ast.Expression(shown.value), "study", "eval"), given)
    return str(table or capsys.readouterr().out)


def test_a_study_is_shown_only_if_its_settings_are_those_of_this_run(capsys):
    keys = ("words", "live", "sampled", "top_k_tail", "top_k")
    right = {key: {"accuracy": {"mean": 0.5, "per_seed": [0.4, 0.5, 0.6]}} for key in keys}
    right["top_k_tail"]["accuracy"]["per_seed"] = [0.3, 0.5, 0.7]
    study = {"far": {key: {"per_seed": [0.3, 0.2, 0.3]} for key in keys}, **right}
    settings = "soft {'epochs': 16}, words {'epochs': 8}"
    assert "-10.0 / +0.0 / +10.0" in study_says(capsys, {"settings": settings, **study})
    for other in (None, study, {"settings": "others", **study}):
        assert "no study with these settings" in study_says(capsys, other)


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "bucket_loss", on_lists.BUCKET_SLIPS), ("ex2", "packed_bytes", on_lists.BYTES_SLIPS),
     ("ex3", "pays_from", on_lists.PAYS_SLIPS)],
)  # fmt: skip
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    random.seed(0)  # so that a size that ends within a byte is among the cases
    exercise(capsys, NAME, key, name, slips, on_lists=on_lists)
    for seed in range(5):
        random.seed(seed)
        exercise(capsys, NAME, key, name, {}, on_lists=on_lists)


@pytest.mark.parametrize(
    ("samples", "guess", "end"),
    [(2, 0.10, "right"), (2, 0.12, "right"), (2, 0.2, "errors cancel"), (2, 0.05, "keeps its samples"),
     (..., 0.1, "yet"), (2, ..., "yet")],
)  # fmt: skip
def test_fewer_samples_are_trained_only_after_a_prediction(capsys, samples, guess, end):
    trained = []

    def cached(tier, seed, rows, draws, **soft):
        return SimpleNamespace(run=lambda: trained.append((draws, soft)))

    given = {
        "check": check, "methods": SimpleNamespace(Cached=cached), "distance": lambda run: 0.1, "often": None,
        "SEED": 0, "few": None, "soft": {"temperature": 2.0},
    }  # fmt: skip
    assert printed(capsys, NAME, "ex4-check", my_samples=samples, my_guess=guess, **given).endswith(end)
    assert trained == ([] if end == "yet" else [(2, {"temperature": 2.0})])


def test_the_solution_of_the_experiment_is_a_prediction():
    made: dict = {}
    exec(solution(NAME, "ex4-help"), made)
    assert 1 <= made["my_samples"] <= 8 and made["my_guess"] > 0


# What the prose works out from figures of the outputs.
WORKED_OUT = {"12.5": 100 / 8, "62.5": 500 / 8, "0.003": 0.068 - 0.065, "0.001": 0.068 - 0.067}
CHOSEN = {"0.002"}  # chosen, not measured


def test_the_figures_of_the_prose_are_those_of_the_outputs():
    cells = notebook(NAME)["cells"]
    shown = "".join(json.dumps(one["outputs"], ensure_ascii=False) for one in cells if one["cell_type"] == "code")
    for one in cells:
        if one["cell_type"] != "markdown" or one["id"] == "title" or one["id"].endswith("-help"):
            continue
        prose = re.sub(r"^#+ .*|[Ss]ections? 6\.\d+|\b(in|of|from) 6\.\d\b|arXiv [\d.]+|\]\([^)]*\)", "",
                       text(one["source"]), flags=re.MULTILINE)  # fmt: skip
        prose = re.sub(r"(?<=\n)6\.\d\b|\b6\.\d (?=measures|takes)", "", prose)
        for number in re.findall(r"\d+\.\d+", prose):
            if number in WORKED_OUT:
                assert f"{WORKED_OUT[number]:.{len(number.partition('.')[2])}f}" == number
            elif number not in CHOSEN:
                assert re.search(rf"(?<![\d.]){re.escape(number)}", shown), f"{number} of {one['id']} is in no output"
