"""tools/limits.py: what it counts is so, and README says of the figures what they leave out."""

import json
import random
import re
from pathlib import Path

import limits
import pytest
from readme import before_after, methods
from readme.tables import LIMITS, percent

from data.making.demonstrations import FAILS, FITS, WAITS, demonstration
from data.making.tasks import chain
from helpers import problems
from helpers.problems import FAMILIES, TWINS, Claim
from helpers.problems.words import HE, SHE
from helpers.questions.missing_premise import missing_premises

pytestmark = pytest.mark.tools

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def found() -> dict:
    return json.loads((ROOT / LIMITS).read_text(encoding="utf-8"))


# --- the world ----------------------------------------------------------------------------------


def test_a_pattern_is_a_question_without_what_is_drawn_for_it():
    asked = "Sarah has 3 boxes of crayons. Each box has 24 crayons. She gives 10 crayons to her friend."
    other = asked.replace("Sarah", "Tom").replace("She", "He").replace("her", "his").replace("crayons", "plums")
    other = other.replace("boxes", "jars").replace("box", "jar").replace("24", "7")
    assert limits.pattern(asked) == limits.pattern(other) != limits.pattern(asked.replace("gives", "sells"))
    left = " ".join(limits.patterns("test", 300))
    assert not re.search(rf"\d|\b({'|'.join(SHE + HE)})\b", left)


def test_training_and_test_have_the_same_patterns(found):
    train, test = limits.patterns("train"), limits.patterns("test")
    assert train == test == limits.patterns("validation")
    assert found["patterns"] == {"train": len(train), "test": len(test)} == {"train": 26, "test": 26}


def test_impossible_problems_have_one_claim_that_fails_and_come_from_the_twins_alone():
    asked = problems.draw("train", 1_700, seed=3, impossible=True)
    impossible = [problem for problem in asked if problem.impossible]
    assert {problem.family for problem in impossible} == set(TWINS) and len(TWINS) == 5
    for problem in impossible:
        for plan in problem.plans:
            assert [item.holds for item in plan if isinstance(item, Claim)] == [False]


def test_the_second_check_of_a_plain_problem_never_fails():
    """Who learns from such texts learns to write a check, not to find a mistake."""
    rng, plain = random.Random(5), [family for family in FAMILIES if family not in TWINS]
    for problem in problems.draw("train", 1_200, seed=9, families=plain):
        text = demonstration(problem, rng)
        assert sum(wait in text for wait in WAITS) >= 1 and any(fits in text for fits in FITS)
        assert not any(fails in text for fails in FAILS)


# --- the measurements ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "follows"),
    [
        (lambda text: text, True),
        (lambda text: re.sub(r"= (\d+)", lambda sum_: f"= {int(sum_[1]) + 1}", text, count=1), False),
        (lambda text: text + " 1 + 1 = 2.", False),
        (lambda text: text.partition("= ")[0], False),
        (lambda text: "", False),
    ],
)
def test_a_plan_is_worked_rightly_if_all_its_sums_are(change, follows):
    for problem in problems.draw("test", 170, seed=4):
        said = chain(problem, limits.First())[1]
        assert limits.follows(problem, problem.plans[0], change(said)) is follows, said


def test_the_angle_of_draws_falls_with_the_tokens_and_that_of_the_likeliest_does_not(found):
    """Nearly as 1/√tokens: the product of the two stays what it is, within a third."""
    first, *_, last = found["angles"]
    for one in found["angles"]:
        ratio = one["draws"] / first["draws"] * (one["tokens"] / first["tokens"]) ** 0.5
        assert 0.75 < ratio < 1.33
    assert last["tokens"] > 10 * first["tokens"]
    assert last["likeliest"] > 0.8 * first["likeliest"]


# --- what README says ---------------------------------------------------------------------------


def test_readme_says_beside_its_main_table_what_it_leaves_out(found):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("<!-- before-after -->")[2].partition("<!-- /before-after -->")[0]
    assert before_after.limits(found) in table
    study = json.loads((ROOT / before_after.STUDY).read_text(encoding="utf-8"))
    named = [percent(study["impossible"][who]["named"]) for who in ("after", "teacher")]
    assert f"| of the noticed, the facts named that do not fit | – | {' | '.join(named)} |" in table
    for share in (found["told"], found["after"]["new"], found["teacher"]["new"], found["after"]["fits"]):
        assert percent(share) in table
    assert "26 sentence patterns" in table and "from 5 of the 17 families" in table and "other 12 families" in table


def cells(name: str) -> str:
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    return " ".join(" ".join("".join(cell["source"]).split()) for cell in notebook["cells"])


def test_notebook_04_says_what_its_exam_does_not_show():
    said = cells("04_before_and_after")
    assert f"{len(limits.patterns('test'))} sentence patterns, the same in training and in the exam" in said
    assert "come from five families, in training as here" in said and len(TWINS) == 5
    assert "the second check of all other problems never fails" in said


def test_who_names_the_missing_premises_says_that_some_can_be_answered():
    """17 of 575 were read by hand; what remains is the most that can rightly be noticed."""
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    doc = " ".join(missing_premises.__doc__.split())
    assert round(100 * (575 - 17) / 575) == 97
    for said in (readme, cells("04_before_and_after"), doc):
        assert "575" in said and re.search(r"\b17 .{,20}can be answered as they stand.{,80} 97 %", said)


def test_notebook_06_says_which_bytes_it_counts():
    said = cells("06_teacher_cache")
    assert "bytes of the packed targets alone" in said and "bytes of targets a token" in said
    assert "The targets are a third of the file: 6.16 of 18.87 bytes." in said


def test_readme_says_what_an_angle_and_a_byte_are_of(found):
    study = json.loads((ROOT / methods.RESULTS / f"{methods.CACHE}.json").read_text())
    said = methods.of_the_cache(study, found)
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")
    for part in ("12 samples", "11.6 bytes a token", "packed targets alone", "3,115 tokens", "3.3°", "1.8 to 4.9",
                 "4.0 / 2.9 / 3.1", "noise added to the weights", "nearly as 1/√tokens"):  # fmt: skip
        assert part in said
    assert found["cache"]["on_disk"] > 8 + found["cache"]["targets"]
    assert f"{found['cache']['on_disk']:.1f} bytes a learnt token" in said
