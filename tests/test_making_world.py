"""How the open world's models are made: a check that tells the truth, rows drawn ahead, runs that survive a kill."""

import json
import random
import re
import string
from collections import Counter
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from data.making.world import bars, batches, feed, judging, make, sharing, tasks, training
from data.making.world import wordings as words
from data.making.world.batches import IGNORED, Budget, steps_of
from data.making.world.demonstrations import END, demonstration, first_attempt, pieces, working
from data.making.world.models import new_model
from data.making.world.optimizers import Optimizers
from data.making.world.problems import Claim, Missing, Step, draw, stream
from data.making.world.rows import MIXES, SENTENCES, Form, Recipe, draw_pool, row_of, shares
from data.making.world.slips import Written, carried, given, rightly, with_slip
from data.making.world.tokenizers import tokenizer_for
from helpers.evaluation.reading import is_right, says_impossible
from helpers.evaluation.statistics import wilson
from helpers.generation.with_transformers import Answer
from helpers.problems.model import Problem, calculate

ROLES = ("teacher", "student", "sibling")
SUM = r"(\d+) ([-+×÷]) (\d+) = (\d+)"
TINY = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1,
        "num_key_value_heads": 1}  # fmt: skip
CHAIN = (
    Step("the shells in the jars", 3, "×", 24, "3 jars hold 24 shells each."),
    Step("the shells left", 72, "-", 10, "Of 72 shells, 10 are gone."),
    Step("the shells for each", 62, "÷", 2, "62 shells are shared by 2."),
)
QUESTION = "Ann has 3 jars of 24 shells. She gives 10 away and shares the rest with Bo. How many does each get?"
SHELLS = Problem(QUESTION, "shells", (31,), (CHAIN,), ("Each gets 31 shells.",), (("Who has the jars?", "Ann"),))


@pytest.fixture(scope="module")
def drawn() -> list:
    return draw("train", 240, 3, True)


@pytest.fixture(scope="module")
def tokenizers(tmp_path_factory) -> dict:
    folder = tmp_path_factory.mktemp("tokenizers")
    return {role: tokenizer_for(role, folder, 0, 400) for role in ROLES}


def recipe_for(role: str, tokenizers, total: int = 4096, pool: int = 1024) -> Recipe:
    return Recipe(role, Form.of(tokenizers[role]), 5, total, pool)


# --- demonstrations -----------------------------------------------------------------------------


def true(left, op, right, result) -> bool:
    try:
        return calculate(int(left), op, int(right)) == int(result)
    except ValueError:
        return False


BESIDE = "|".join(re.escape(one).replace(re.escape("{}"), r"\d+") for one in (*words.ABOVE, *words.SHOULD))
CHECKED = re.compile(rf"{SUM}\. ({BESIDE}) ([^.]+\.)")


def test_what_a_check_says_is_true_of_what_was_written(drawn):
    rng, seen = random.Random(0), Counter()
    for problem in drawn:
        for slips in (0.0, 1.0):
            said = pieces(problem, rng, slips)
            text = "".join(part for part, _ in said)
            read = judging.Reading.of(text)
            wrong = [part for part, learnt in said if not learnt]
            sums = re.findall(SUM, text)
            # A wrong sum may stand only where it is not learnt; a misread number and a wrong sign make true sums.
            assert sum(not true(*one) for one in sums) <= len(wrong) <= slips
            assert all(true(*one) for one in re.findall(SUM, read.check))
            first = {int(result) for *_, result in re.findall(SUM, read.first)}
            for match in CHECKED.finditer(read.check):
                beside = int(re.search(r"\d+", match[5])[0])
                fits = bool(judging.FITS.match(match[6]))
                assert fits == (beside == int(match[4])), match[0]
                # What is undone begins with what was written; else that stands beside the sum.
                undone = re.match(r"It (?:should|must)|That has", match[5])
                assert (int(match[1]) if undone else beside) in first
                seen["fits" if fits else "wrong"] += 1
            assert len(judging.WRONG.findall(read.check)) == len(wrong) == (1 if read.found else 0)
            for reason in re.findall(r"(\d+ [-+×÷] \d+) is (\d+), not (\d+)", read.check):
                assert true(*reason[0].split(), reason[1]) and f"= {reason[2]}" in read.first
            for right, other in re.findall(r"the number is (\d+), not (\d+)", read.check):
                steps = [item for plan in problem.plans for item in plan if isinstance(item, Step)]
                assert int(right) in {term for step in steps for term in (step.left, step.right)}
                assert re.search(rf"\b{other}\b", read.first)
            for stated in re.findall(r"The problem says (\d+)", text):
                assert re.search(rf"\b{stated}\b", problem.question)
            for whole, parts, verdict in re.findall(r"(\d+) in (\d+) equal parts: [^A]*?\d\. ([^0-9]+?\.)", text):
                assert not judging.FAILS.match(verdict) or int(whole) % int(parts), text
            seen["slips"] += bool(wrong)
    assert seen["fits"] > 200 and seen["wrong"] > 100 and seen["slips"] > 100


def test_the_answer_is_right_whether_there_was_a_slip_or_not(drawn):
    rng = random.Random(1)
    for problem in drawn:
        for slips in (0.0, 1.0):
            text = f"<think>\n{demonstration(problem, rng, slips)}"
            assert is_right(text, problem.answer), text
            assert says_impossible(text) == problem.impossible
            assert not problem.impossible or problem.reason in text


def test_a_slip_is_carried_on_and_mended():
    kinds, rng = Counter(), random.Random(2)
    for _ in range(300):
        said = pieces(SHELLS, rng, 1.0)
        wrong = [number for number, (_, learnt) in enumerate(said) if not learnt]
        text = "".join(part for part, _ in said)
        if not wrong:  # no slip was found in so many tries
            continue
        (one,) = wrong
        kinds["sign" if said[one][0].strip() in "+-×÷" else "number"] += 1
        read = judging.Reading.of(text)
        assert read.is_wrong(SHELLS) and read.found
        last = [result for *_, result in re.findall(SUM, read.check)][-1]
        # What comes last is the last step, mended; or the check of a slip in it that was no slip in its result.
        assert last == "31" and text.endswith(("31.", "31 shells."))
    assert min(kinds.values()) > 30 and kinds.total() > 250


def test_what_follows_from_a_slip_has_its_numbers():
    slip = Written(CHAIN[0], 3, "×", 24, 74, "result")
    first, then, last = carried(CHAIN, 0, slip, QUESTION)
    assert first is slip and (then.left, then.right, then.result) == (74, 10, 64)
    assert (last.left, last.result, last.wrong) == (64, 32, True)
    # 73 - 10 is odd and cannot be shared by two: no such slip.
    assert carried(CHAIN, 0, replace(slip, result=73), QUESTION) is None
    # 72 is also what the question gives: it cannot be told which of the two a later step means.
    assert carried(CHAIN, 0, slip, QUESTION + " 72") is None
    assert given("Twice 3 dozen, and 1,250.") == {2, 3, 12, 1250}


def test_a_claim_that_a_slip_breaks_is_tested_anew():
    claim = Claim("what Ann says", 72, "-", 10, 62)
    plan = (CHAIN[0], claim, CHAIN[2])
    told = Problem(QUESTION, "shells", (31,), (plan,), ("Each gets 31 shells.",))
    slip = Written(CHAIN[0], 3, "×", 24, 74, "result", "3 × 24 is 72, not 74")
    written = carried(plan, 0, slip, QUESTION)
    said, reached = first_attempt(written, random.Random(0))
    assert reached == 2 and judging.FAILS.match(said[-1][0][0])
    rng = random.Random(3)
    for _ in range(60):
        assert is_right(f"<think>\n{demonstration(told, rng, 1.0)}", (31,))


def test_what_is_missing_is_named():
    lacking = Problem(QUESTION, "shells", (), ((CHAIN[0], Missing("how many Ann gives away")),), (), (),
                      "how many Ann gives away is not given")  # fmt: skip
    rng = random.Random(4)
    for _ in range(60):
        text = f"<think>\n{demonstration(lacking, rng, 0.5)}"
        assert "how many Ann gives away" in text.partition(END)[0].lower().replace("ann", "Ann")
        assert says_impossible(text) and text.endswith("how many Ann gives away is not given.")


def test_a_plan_without_a_step_has_no_slip():
    assert with_slip((Missing("it"),), QUESTION, random.Random(0)) == [Missing("it")]
    assert not rightly(CHAIN[0]).wrong


# --- rows ---------------------------------------------------------------------------------------


def same(one, other) -> bool:
    return all(getattr(one, name).tolist() == getattr(other, name).tolist() for name in ("ids", "learnt", "lengths"))


@pytest.mark.parametrize("role", ROLES)
def test_pools_depend_on_the_seed_and_their_number_alone(role, tokenizers):
    recipe = recipe_for(role, tokenizers)
    first = [draw_pool(recipe, number) for number in (0, 3)]
    random.seed(3)
    assert all(same(pool, draw_pool(recipe, number)) for pool, number in zip(first, (0, 3), strict=True))
    assert draw_pool(replace(recipe, seed=6), 0).ids.tolist() != first[0].ids.tolist()
    for pool in first:
        assert recipe.pool <= len(pool.ids) == len(pool.learnt) == pool.lengths.sum() < recipe.pool + 600
        assert list(pool.lengths) == sorted(pool.lengths) and pool.learnt.any() and not pool.learnt.all()


def test_processes_draw_the_same_pools_in_the_same_order(tokenizers):
    recipe = recipe_for("sibling", tokenizers, total=9 * 1024)
    here, there = list(feed.pools(recipe, 1, 0)), list(feed.pools(recipe, 1, 2))
    assert len(here) == len(there) == 8 and all(map(same, here, there))


@pytest.mark.parametrize("role", ROLES)
def test_rows_are_tokenized_as_whole_texts_are(role, tokenizers):
    pool, tokenizer = draw_pool(recipe_for(role, tokenizers), 1), tokenizers[role]
    end = 0
    for length in pool.lengths:
        ids = pool.ids[end : end + length].tolist()
        end += length
        assert tokenizer(tokenizer.decode(ids), add_special_tokens=False).input_ids == ids


@pytest.mark.parametrize("role", ["student", "sibling"])
def test_a_student_never_reads_two_steps_of_a_problem(role, tokenizers):
    recipe, rng, counts = recipe_for(role, tokenizers), random.Random(5), Counter()
    for kind in MIXES[role]:
        if kind == "facts":
            continue
        every = stream(kind, kind != "direct")
        for _ in range(30):
            used = []
            source = (used.append(problem) or problem for problem in every)
            text = "".join(part for part, _ in row_of(kind, recipe, source, rng))
            sums = {tuple(one) for one in re.findall(SUM, text)}
            for problem in used:
                counts[kind, problem.question in text] += 1
                if problem.question in text:
                    assert len(sums & steps_in(problem)) <= 1 and kind != "text"
                    assert kind != "step" or min(map(len, map(sums_of, problem.plans))) > 1
            if kind == "text":  # no more sums than problems, and no problem gives two sentences
                assert len(used) == SENTENCES >= len(re.findall(SUM, text))
    assert counts["step", True] == counts["direct", True] == 30 and counts["text", False] == 30 * SENTENCES


def sums_of(plan) -> list[tuple[str, ...]]:
    return [(str(one.left), one.op, str(one.right), str(one.result)) for one in plan if isinstance(one, Step)]


def steps_in(problem) -> set[tuple[str, ...]]:
    return {one for plan in problem.plans for one in sums_of(plan)}


def test_the_mix_moves_evenly():
    for role in ROLES:
        for progress in (0, 0.5, 1, 2):
            assert sum(shares(role, progress).values()) == pytest.approx(1)
    assert shares("teacher", 0.5)["think"] == pytest.approx(0.72)
    assert not {"chain", "think"} & set(MIXES["student"])


def test_steps_hold_every_row_once_within_their_budget(tokenizers):
    pool = draw_pool(recipe_for("teacher", tokenizers, pool=8192), 0)
    pad = tokenizers["teacher"].pad_token_id
    for budget in (Budget(2048, 1024), Budget(8192, 2048)):
        steps = steps_of(pool, 0, budget, pad)
        rows = [row for parts in steps for ids, _ in parts for row in ids.tolist()]
        assert Counter(len([t for t in row if t != pad]) for row in rows) == Counter(pool.lengths.tolist())
        learnt = sum(int((labels != IGNORED).sum()) for parts in steps for _, labels in parts)
        assert learnt == pool.learnt.sum()
        assert all(ids.numel() <= budget.part for parts in steps for ids, _ in parts)
        assert all(sum(int((ids != pad).sum()) for ids, _ in parts) <= 1.05 * budget.step for parts in steps)


def test_a_sum_is_learnt_but_not_the_slip_in_it():
    rng = random.Random(0)
    said = pieces(SHELLS, rng, 1.0)
    (slip,) = [part for part, learnt in said if not learnt]
    assert re.fullmatch(r" ?(\d+|[-+×÷])", slip)


def test_skills_are_right_and_of_their_split():
    for split in ("train", "test"):
        for skill in tasks.draw_skills(split, 60, 1):
            assert tasks.is_of(split, skill) and skill.is_right(skill.answer)
            assert not re.search(SUM, skill.prompt)


# --- tokenizers and models ----------------------------------------------------------------------


def test_tokenizers_bring_any_text_back(tokenizers):
    rng = random.Random(0)
    texts = ["Zorbalyn has 1,204 ▁ quibbles.", "日本 – naïve \ue000 😀\n\n  x", "<think>\n7 × 8</think>"]
    texts += ["".join(rng.choices(string.printable + "éß÷×漢", k=40)) for _ in range(200)]
    for role, tokenizer in tokenizers.items():
        assert len(tokenizer) <= 2048
        for text in texts:
            ids = tokenizer(text, add_special_tokens=False).input_ids
            assert tokenizer.decode(ids) == text
        assert len(tokenizer("<think>", add_special_tokens=False).input_ids) == (3 if role == "student" else 1)
        assert [len(tokenizer(digits, add_special_tokens=False).input_ids) for digits in ("7", "105")] == [1, 3]


def test_shapes(tokenizers):
    sizes = {role: new_model(role, tokenizers[role], 0).num_parameters() for role in ROLES}
    assert sizes["teacher"] <= 8_000_000 and sizes["teacher"] >= 5 * max(sizes["student"], sizes["sibling"])
    for role in ROLES:
        shapes = [parameter.shape for parameter in new_model(role, tokenizers[role], 0).parameters()]
        assert all(width % 64 == 0 for shape in shapes for width in shape)


# --- training -----------------------------------------------------------------------------------


def run(tokenizers, folder, total: int = 4096, **options):
    tokenizer = tokenizers["sibling"]
    model = new_model("sibling", tokenizer, 1, **TINY)
    settings = {"device": "cpu", "workers": 0, "budget": Budget(512, 640), "compile_": False} | options
    done = training.train(
        model, recipe_for("sibling", tokenizers, total), folder / "work", folder / "log.jsonl", 1e-3,
        tokenizer.pad_token_id, **settings,
    )  # fmt: skip
    return model, done


def test_a_run_that_is_killed_goes_on_exactly(tokenizers, tmp_path, monkeypatch, capsys):
    whole, done = run(tokenizers, tmp_path / "whole")
    assert done

    def dying(recipe, first, workers):
        for number, pool in enumerate(feed.pools(recipe, first, workers)):
            if number == 3:
                raise KeyboardInterrupt
            yield pool

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(training, "pools", dying)
        run(tokenizers, tmp_path / "killed", save_every=0)
    capsys.readouterr()
    again, done = run(tokenizers, tmp_path / "killed")
    assert done and "goes on from a checkpoint" in capsys.readouterr().out
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    log = [json.loads(line) for line in (tmp_path / "killed" / "log.jsonl").read_text().splitlines()]
    assert [line["pool"] for line in log] == [1, 2, 3, 4] and log[-1]["loss"] < log[0]["loss"]
    assert not list((tmp_path / "killed" / "work").glob("*.partial"))


def test_minutes_that_are_over_leave_a_checkpoint_that_any_budget_goes_on_from(tokenizers, tmp_path):
    before, done = run(tokenizers, tmp_path, minutes=0)
    stored = load_file(tmp_path / "work" / "checkpoint.safetensors")
    assert not done and torch.equal(stored["model.model.norm.weight"], before.model.norm.weight)
    _, done = run(tokenizers, tmp_path, budget=Budget(2048, 512))
    assert done


ONE_STEP = {"total": 1024, "budget": Budget(4096, 320)}  # of several parts


def shared(folder):
    """What a process of several does: a training of its own folder's tokenizer."""
    run({"sibling": tokenizer_for("sibling", folder / "tokenizers", 0, 400)}, folder, **ONE_STEP)


def test_two_processes_take_the_steps_of_one(tokenizers, tmp_path):
    tokenizer = tokenizers["sibling"]
    tokenizer.save_pretrained(tmp_path / "tokenizers" / "qwen")
    before = new_model("sibling", tokenizer, 1, **TINY)
    one, _ = run(tokenizers, tmp_path / "one", **ONE_STEP)
    sharing.together(2, shared, tmp_path)
    two = load_file(tmp_path / "work" / "checkpoint.safetensors")
    for name, start in before.state_dict().items():
        if name != "lm_head.weight":
            moved = one.state_dict()[name] - start
            assert (two[f"model.{name}"] - start - moved).norm() < 0.05 * moved.norm(), name
    lines = [json.loads((tmp_path / part / "log.jsonl").read_text()) for part in ("one", "")]
    assert lines[0]["tokens"] == lines[1]["tokens"] and lines[0]["step"] == lines[1]["step"] == 1
    assert lines[0]["loss"] == pytest.approx(lines[1]["loss"], rel=1e-3)


def test_parts_side_by_side_are_of_about_one_length(tokenizers):
    pool = draw_pool(recipe_for("teacher", tokenizers, pool=8192), 0)
    for parts in steps_of(pool, 0, Budget(4096, 1024), tokenizers["teacher"].pad_token_id, beside=2):
        widths = [ids.shape[1] for ids, _ in parts]
        for one, other in zip(widths[::2], widths[1::2], strict=False):
            assert abs(one - other) < 200


def test_matrices_and_the_rest_are_moved_each_in_its_way(tokenizers):
    model = new_model("student", tokenizers["student"], 1, **TINY)
    optimizer = Optimizers(model, 1e-2)
    assert len(optimizer.parameters) == len(list(model.parameters()))
    names = {id(one): name for name, one in model.named_parameters()}
    matrices = [names[id(one)] for one in optimizer.parameters if one.ndim == 2]
    assert matrices[-1] == "model.embed_tokens.weight" and len(matrices) == 1 + 7
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    for one in optimizer.parameters:
        one.grad = torch.randn_like(one)
        if one.ndim == 2:
            left, values, right = torch.linalg.svd(one.grad, full_matrices=False)
            one.grad = left @ torch.linspace(1, 5, len(values)).diag() @ right
    optimizer.step(0.5)
    for name, one in model.named_parameters():
        moved = one.detach() - before[name]
        assert one.grad is None
        if name in matrices[:-1]:  # all directions by about as much; in the gradient one has five times another
            values = torch.linalg.svdvals(moved + 0.5 * 0.02 * 0.05 * before[name])
            assert values.min() / values.max() > 0.5 and 0.005 < values.max() < 0.03, name
        else:
            assert moved.abs().max() == pytest.approx(0.005, rel=0.01)
    again = Optimizers(model, 1e-2)
    again.load_state_dict(optimizer.state_dict())
    for place, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            assert torch.equal(torch.as_tensor(again.state_dict()["state"][place][key]), torch.as_tensor(value))


def test_the_rate_is_known_in_tokens_from_the_beginning():
    total = 1_000_000
    assert training.schedule(49, 5_000, total) == 0.5 and training.schedule(200, 300_000, total) == 1
    assert training.schedule(900, 900_000, total) == pytest.approx(0.5)
    assert training.schedule(1000, total, total) == 0.02
    assert training.schedule(900, 900_000, 2 * total) == 1  # more tokens, and the plateau goes on


def test_a_forward_that_cannot_be_compiled_is_run_as_it_is(monkeypatch, capsys):
    def refuse(forward, dynamic):
        def call(*args):
            raise RuntimeError("no compiler")

        return call

    monkeypatch.setattr(torch, "compile", refuse)
    call = training.compiled(lambda x: x + 1)
    assert (call(1), call(2)) == (2, 3) and capsys.readouterr().out.count("not compiled") == 1


# --- bars ---------------------------------------------------------------------------------------


def answer(text: str) -> Answer:
    return Answer(text, 9, True, True)


FIRST = (
    "Okay, let me see. First the shells in the jars: 3 × 24 = {}. Then the shells left: {} - 10 = {}. Now, {} ÷ 2 = {}."
)
GOOD, BAD = FIRST.format(72, 72, 62, 62, 31), FIRST.format(70, 70, 60, 60, 30)


def test_what_the_check_finds_and_confirms():
    found = f"{BAD} Let me double-check. 3 × 24 = 72. I wrote 70. That is not right: it is 72, not 70. So again, 31."
    confirmed = f"{BAD} Let me double-check. 3 × 24 = 70. I wrote 70. That fits."
    right = f"{GOOD} Let me double-check. 3 × 24 = 72. I wrote 72. That fits."
    doubted = f"{GOOD} Let me double-check. 3 × 24 = 70. I wrote 72. That is not right: it is 70."
    none = BAD
    said = [
        answer(f"{text}\n</think>\n\nEach gets {number} shells.")
        for text, number in ((found, 31), (confirmed, 30), (right, 31), (doubted, 30), (none, 30))
    ]
    told = judging.checks(said, [SHELLS] * 5)
    assert (told["finds"].hits, told["finds"].n) == (1, 3)
    assert (told["confirms"].hits, told["confirms"].n) == (1, 3)
    assert (told["doubts"].hits, told["doubts"].n) == (1, 2)
    assert judging.checks(said[2:3], [SHELLS])["finds"] is None


def test_reasons_and_alarms():
    problems = draw("test", 60, 3, True)[2::3]
    rng = random.Random(0)
    told = judging.impossible([answer(demonstration(problem, rng)) for problem in problems], problems)
    assert told["caught with the true reason"].value == told["true reasons of the caught"].value == 1
    said = [
        answer(f"x\n</think>\n\n{last}")
        for last in (f"The problem has no answer: {problems[0].reason}.", "The problem has no answer: 2 is 3.", "So 5.")
    ]
    told = judging.impossible(said, problems[:1] * 3)
    assert (told["caught"].hits, told["caught with the true reason"].hits) == (2, 1)
    assert (told["true reasons of the caught"].hits, told["true reasons of the caught"].n) == (1, 2)
    assert judging.alarms(said).hits == 2


def test_told_a_plan_the_results_are_to_come_in_their_order():
    assert judging.follows(SHELLS, GOOD) and not judging.follows(SHELLS, BAD)
    assert not judging.follows(SHELLS, "62 ÷ 2 = 31. 3 × 24 = 72. 72 - 10 = 62.")


def test_a_bar_is_reached_or_missed():
    figures = {"in-world": judging.share([True] * 19 + [False]), "impossible: false alarms": judging.share([True] * 9),
               "check: finds": None, "ended": judging.share([True])}  # fmt: skip
    lines = bars.table("teacher", figures).splitlines()
    assert "95.0%" in lines[2] and "reached" in lines[2] and "missed" in lines[3]
    assert "–" in lines[4] and "reached" not in lines[4] + lines[5]
    assert bars.reached(0.02, (bars.AT_MOST, 2)) and not bars.reached(0.949, (bars.AT_LEAST, 95))


def test_a_model_is_measured_in_every_column(tokenizers, monkeypatch):
    monkeypatch.setitem(bars.TOKENS, "sibling", 8)
    tokenizer = tokenizers["sibling"]
    model = new_model("sibling", tokenizer, 1, **TINY).eval()
    figures = bars.measure("sibling", model, tokenizer, 3, 2, 6, 16)
    assert set(bars.BARS["sibling"]) <= set(figures) and "told the plan" in figures
    assert figures["in-world"].n == 3 and figures["impossible: caught"].n == 2
    assert len(bars.table("sibling", figures).splitlines()) == len(figures) + 2


def test_the_begun_teacher_goes_on_from_what_it_is():
    assert (make.BEGUN / "tokenizers" / "qwen" / "tokenizer.json").exists()  # or one would be learned anew here
    tokenizer = tokenizer_for("teacher", make.BEGUN / "tokenizers", 0)
    model = AutoModelForCausalLM.from_pretrained(make.BEGUN / "teacher", dtype=torch.float32)
    assert {name: one.shape for name, one in model.named_parameters()} == {
        name: one.shape for name, one in new_model("teacher", tokenizer, 0).named_parameters()
    }
    pool = draw_pool(Recipe("teacher", Form.of(tokenizer), 77, 10**9, 4096), 200_000)
    with torch.no_grad():
        loss = sum(
            training.summed_loss(model, ids, labels).item()
            for parts in steps_of(pool, 0, Budget(8192, 4096), tokenizer.pad_token_id) for ids, labels in parts
        )  # fmt: skip
    assert loss / pool.learnt.sum() < 0.3
    counts = json.loads((make.BEGUN / "teacher" / "counts.json").read_text())
    card = (make.BEGUN / "README.md").read_text()
    assert f"{counts['tokens'] / 1e6:.1f} million tokens" in card and f"{model.num_parameters():,} parameters" in card
    for what, count in json.loads((make.BEGUN / "bars.json").read_text()).items():
        one = wilson(count["hits"], count["n"])
        bar = bars.BARS["teacher"].get(what)
        figures = f"{100 * one.value:.1f} % ({100 * one.low:.1f} to {100 * one.high:.1f})"
        assert f"| {what} | {figures} | {' '.join(map(str, bar)) if bar else ''} | {count['n']} |" in card, what


def test_workings_are_sentences(drawn):
    rng = random.Random(0)
    for problem in drawn[:100]:
        for said in working(problem, rng, 0.5):
            text = "".join(part for part, _ in said)
            assert text[0].isupper() or text[0].isdigit(), text
            assert text.endswith((".", "?")) and "{" not in text
    assert batches.ROUND % 8 == 0
