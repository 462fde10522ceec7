"""README's tables and picture: made from the committed figures, and found out where they are not."""

import json
import re
import shutil
from pathlib import Path

import pytest
from readme import __main__ as readme
from readme import before_after, openings, rehearsed, tables
from readme.real_table import RESULT

from helpers.evaluation import SEED_FACTS

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of what README is made from."""
    for name in ("data/mini/teacher/scores.json", "data/mini/student/scores.json", "data/mini/sibling/scores.json"):
        (tmp_path / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "data" / "results", tmp_path / "data" / "results")
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    shutil.copy(ROOT / "README.md", tmp_path)
    return tmp_path


def change(path: Path, *keys: str, to) -> None:
    found = place = json.loads(path.read_text())
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    path.write_text(json.dumps(found))


def test_readme_tells_the_committed_figures():
    assert readme.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("name", "keys", "to", "said"),
    [
        ("data/mini/teacher/scores.json", ("accuracy", "value"), 0.5, "README.md's tables"),
        (before_after.STUDY, ("teacher", "accuracy", "mean"), 0.5, "README.md's tables"),
        (before_after.STUDY, ("teacher", "accuracy", "per_seed"), [0.5, 0.5, 0.5], "shows other figures"),
        (before_after.STUDY, ("transcripts", "crayons", "after"), "Fifty-two.", "README.md's tables"),
        ("data/results/mini/00_start_here.json", ("teacher", "accuracy", "mean"), 0.5, "README.md's tables"),
        ("data/results/minutes.json", ("seconds", "02_teacher_traces"), 6000.0, "README.md's tables"),
        ("data/results/real.json", ("held_out", "after"), 0.001, "README.md's tables"),
        ("data/results/rehearsal.json", ("machine",), "a large GPU", "README.md's tables"),
    ],
)
def test_other_figures_are_found_out_and_made_good(project, capsys, name, keys, to, said):
    assert readme.main(["--check"], project) == 0
    change(project / name, *keys, to=to)
    assert readme.main(["--check"], project) == 1
    assert said in capsys.readouterr().err
    assert readme.main([], project) == 0
    assert readme.main(["--check"], project) == 0


def test_a_figure_written_by_hand_is_found_out(project):
    text = (project / "README.md").read_text()
    kept = next(line for line in text.splitlines() if line.startswith("| accuracy: problems solved"))
    (project / "README.md").write_text(text.replace(kept, kept.replace(" %", "9 %", 1)))
    assert readme.main(["--check"], project) == 1


def test_a_ratio_says_that_it_may_pass_100_per_cent():
    """94.0–100.2 of a teacher's accuracy is no mistake: a student may be better than its teacher."""
    said = tables.ratio({"mean": 0.971, "low": 0.94, "high": 1.002, "per_seed": [0.98, 0.96, 0.98]})
    assert said == "97.1 % (94.0–100.2: Student's interval of a ratio, which may pass 100 %)"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(re.findall(r"keeps [\d.]+ % \([\d.]+–[\d.]+: Student's interval of a ratio", text)) == 2
    assert not re.search(r"–10[0-9]\.[1-9]\)", text)


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([{"notebook": "04_x", "commit": "e9410fe4dfe2"}], "at commit e9410fe: what"),
        ([{"notebook": "06_x", "commit": "f733ea6a3f04 dirty"}], "at commit f733ea6, with changes that no commit has:"),
        (
            [{"notebook": "05_x", "commit": "aaaaaaaa"}, {"notebook": "06_x", "commit": "bbbbbbbb dirty"},
             {"notebook": "08_x", "commit": "aaaaaaaa"}],
            "at commit aaaaaaa (05, 08); commit bbbbbbb (06), with changes that no commit has: what",
        ),
        ([{"notebook": "04_x", "commit": ["aaaaaaaa", "aaaaaaaa dirty"]}],
         "at commit aaaaaaa (04); commit aaaaaaa (04), with changes that no commit has: what"),
        ([{"notebook": "04_x", "commit": None}], "At which commit this was measured was not noted."),
        ([{}], "At which commit this was measured was not noted."),
        ([{"notebook": "04_x", "commit": "aaaaaaaa"}, {"notebook": "05_x"}],
         "at commit aaaaaaa (04); a commit that was not noted (05): what"),
    ],
)  # fmt: skip
def test_a_table_says_at_which_commit_it_was_measured(runs, said):
    assert said in tables.measured(*runs)


def test_every_table_says_so_and_a_study_with_changes_is_named(project):
    text = readme.render((project / "README.md").read_text(encoding="utf-8"), project)
    for name in ("before-after", "methods", "route", "real", "models"):
        table = text.partition(f"<!-- {name} -->")[2].partition(f"<!-- /{name} -->")[0]
        assert re.search("Measured at commit|commit this was measured was not noted", table), name
    assert "with changes that no commit has" not in text
    study = json.loads((project / before_after.STUDY).read_text(encoding="utf-8"))
    change(project / before_after.STUDY, "run", "commit", to=study["run"]["commit"] + " dirty")
    assert "with changes that no commit has" in readme.render(text, project)


def test_an_opening_tells_the_minutes_of_reading_and_of_computing():
    cells = [
        {"cell_type": "markdown", "source": ["> **Time and memory** mini: 9 min, 2 GB · small and full: no\n"]},
        {"cell_type": "markdown", "source": ["word " * 2_000, "<details>", "word " * 9_000, "</details>"]},
        {"cell_type": "code", "source": ["x = 1\n", "\n"] * 60, "outputs": []},
    ]
    text = json.dumps({"cells": cells}, ensure_ascii=False)
    for seconds, said in ((59, "less than 1 min"), (150, "about 2 min on two cores")):
        made = openings.timed(text, seconds)
        assert f"**Time and memory** reading 15 min · mini: {said}, 2 GB · small and full: no" in made
        assert openings.timed(made, seconds) == made
    assert openings.timed(json.dumps({"cells": cells[1:]}), 60) == json.dumps({"cells": cells[1:]})


def test_every_notebook_tells_its_minutes():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        assert openings.TIME.search(path.read_text(encoding="utf-8")), path.name


def test_a_missing_place_is_named():
    with pytest.raises(ValueError, match="no place for `models`: <!-- models --> and <!-- /models -->"):
        readme.render("nothing")


def test_every_notebook_is_on_the_route():
    assert sorted(readme.ROUTE) == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_the_rehearsal_that_readme_tells_of_was_of_everything_that_it_does_not_call_newer():
    found = json.loads((ROOT / rehearsed.RECORD).read_text())
    runs, later = found["runs"], {run["notebook"] for run in found["later"]}
    said = rehearsed.line(ROOT)
    newer = re.findall(r"(?:Since then, by themselves|Not yet rehearsed): (.*?)\.", said)
    assert later == {name for name in readme.ROUTE if f"`{name}`" in said.partition("Not yet")[0]}
    names = [name for name in readme.ROUTE if f"`{name}`" not in "".join(newer)]
    every = [(tier, name) for tier in ("small", "full") for name in names]
    assert [(run["tier"], run["notebook"]) for run in runs] == every
    assert names[:9] == [*readme.ROUTE][:9], "what was rehearsed once stays so"


def test_a_real_student_learnt_from_a_real_teacher():
    found = json.loads((ROOT / RESULT).read_text())
    assert found["held_out"]["after"] < found["held_out"]["before"]
    assert found["answers"]["after"]["opens"]["low"] > found["answers"]["before"]["opens"]["high"]
    assert found["minutes"]["all"] <= 40


def test_what_readme_says_of_the_real_student_is_so():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = json.loads((ROOT / RESULT).read_text())
    before, after, crayons = *found["answers"].values(), found["crayons"]
    assert "every answer begins to reason" in text and after["opens"]["value"] == 1.0
    assert f"not\nlearn from {found['traces']['learnt']} traces is to be right" in text
    assert after["right"]["value"] <= before["right"]["value"]
    assert "most of its answers still find no end" in text and after["ended"]["value"] < 0.5
    assert not crayons["after"]["greedy_right"] and not crayons["after"]["sampled_right"]


def test_texts_of_the_models_are_shown_as_text():
    said = {"question": "One?\n\n* two", "before": "1.", "after": "<think>\nOne.\n</think>\n\n1.", "teacher": "1."}
    study = {"transcripts": {"crayons": {**said, "before": {"per_seed": ["first", "second"]}}}}
    made = before_after.transcripts(study)
    assert "<b>crayons</b>" in made and "> One?\n>\n> * two" in made
    assert "*student before (wrong):* first\n" in made and "second" not in made
    assert "*student after (wrong):* &lt;think> One. &lt;/think> 1." in made


@pytest.mark.parametrize(
    ("name", "text", "worth"),
    [
        ("crayons", "<think>\n72 - 10 = 62.\n</think>\n\nSarah has 62 crayons left.", "right"),
        ("crayons", "Sarah has 30 crayons left.", "wrong"),
        ("smoothies", "They spend $28 in total, and the average cost per smoothie is $4.", "right"),
        ("buses", "The school bus carried 42, the library bus 21 and the train station bus 20 passengers.", "wrong"),
        ("buses", "The facts do not fit together: the school bus and the train station bus would carry 105, not 70.",
         "right"),
        ("buses", "The facts do not fit together: the train station bus and the school bus would carry 105, not 70.",
         "right"),
        ("buses", "The facts do not fit together: the library bus and the train station bus would carry 105, not 70.",
         "it cannot be true, but the reason is false: "
         "the school bus and the train station bus would carry 105, not 70"),
    ],
)  # fmt: skip
def test_an_answer_is_right_only_as_a_whole(name, text, worth):
    assert before_after.verdict(name, text) == worth


def test_the_facts_about_the_buses_are_those_that_do_not_fit():
    """From the question: school = 2 × library, station = library + 15, all 100, school and station 70."""
    library = 100 - 70
    school, station = 2 * library, library + 15
    (facts,) = SEED_FACTS.values()
    assert all(f"{school + station}, not 70" in fact for fact in facts) and school + station != 70
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "*teacher (it cannot be true, but the reason is false: the school bus" in text
