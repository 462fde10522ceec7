"""data.making.score on random models: it runs to the end, and what it prints is what it writes."""

from dataclasses import replace

import pytest

from data.making import score
from helpers import models, problems
from helpers.evaluation import results
from helpers.generation.with_transformers import Answer
from helpers.tiers import ROOT, ModelSpec


@pytest.fixture(scope="module")
def figures(tiny):
    return score.score_all(tiny, problem_count=20, pair_count=5)


def test_every_model_is_scored_on_the_same_problems(figures, tiny):
    for role in score.ROLES:
        found = figures[role]
        assert found["accuracy"].n == sum(family.n for family in found["families"].values()) == 20
        assert found["accuracy"].hits == sum(family.hits for family in found["families"].values())
        assert found["impossible"]["detected"].n == found["impossible"]["false_alarms"].n == 5
        assert found["ended"].n == 20 + 2 * 5
    assert figures["parameters"]["student"] == models.parameter_count(models.load_student(tiny)[0])


def test_a_model_that_knows_everything_gets_everything(tiny, monkeypatch):
    """The answers that go to the twins must be the twins' own, in their order."""
    asked, pairs = problems.draw("test", 20, 0), problems.draw_twins("test", 5, 0)
    known = {p.question: f"{p.reason}: impossible." if p.impossible else p.replies[0]
             for p in [*asked, *(twin for pair in pairs for twin in pair)]}  # fmt: skip

    def know(model, tokenizer, questions, max_new_tokens, batch_size):
        assert (max_new_tokens, batch_size) == (tiny.answer_tokens, tiny.generate_batch)
        return [Answer(known[question], 1, True) for question in questions]

    monkeypatch.setattr(score.generation, "generate", know)
    found = score.score(None, None, tiny, asked, pairs)
    assert (found["accuracy"].value, found["ended"].value) == (1, 1)
    assert (found["impossible"]["detected"].value, found["impossible"]["false_alarms"].value) == (1, 0)


def test_the_table_has_a_column_a_model_and_says_what_the_figures_say(figures):
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in score.table(figures).splitlines()]
    assert lines[0] == ["", "teacher", "student", "sibling"]
    rows = {line[0]: line[1:] for line in lines[2:]}
    assert rows["**right answers**"] == [str(figures[role]["accuracy"]) for role in score.ROLES]
    assert rows["impossible twins noticed"][1] == str(figures["student"]["impossible"]["detected"])
    assert rows["two kinds"][2] == str(figures["sibling"]["families"]["two_kinds"])
    assert len({len(line) for line in score.table(figures).splitlines()}) == 1


def test_the_command_prints_and_writes(figures, monkeypatch, capsys, tiny):
    written = {}

    def keep(notebook, figures, tier, seed, seconds):
        written.update(notebook=notebook, tier=tier.name, figures=figures)
        return ROOT / "artifacts" / "mini" / "results" / "models.json"

    monkeypatch.setattr(score, "score_all", lambda tier, problem_count, pair_count: figures)
    monkeypatch.setattr(results, "write", keep)
    assert score.main(["--problems", "20", "--pairs", "5"]) == 0
    assert written == {"notebook": "models", "tier": "mini", "figures": figures}
    out = capsys.readouterr().out
    assert score.table(figures) in out
    assert "20 test problems and 5 pairs" in out and "artifacts/mini/results/models.json" in out


def test_the_file_holds_what_the_readme_needs(figures, tmp_path):
    results.write("models", figures, "mini", 0, folder=tmp_path)
    found = results.read("models", "mini", tmp_path)
    for role in score.ROLES:
        assert {"value", "n", "low", "high"} == found[role]["accuracy"].keys()
        assert found[role]["impossible"]["detected"]["n"] == found[role]["impossible"]["false_alarms"]["n"] == 5
        assert found["parameters"][role] > 0


def test_without_models_it_says_how_to_make_them(tiny, monkeypatch, capsys):
    missing = replace(tiny, teacher=ModelSpec("data/mini/nowhere"))
    monkeypatch.setitem(score.TIERS, "mini", missing)
    assert score.main(["--problems", "1", "--pairs", "1"]) == 1
    said = capsys.readouterr()
    assert "make mini-models" in said.err and not said.out


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_count_that_is_none_is_refused(count, capsys):
    with pytest.raises(SystemExit):
        score.main(["--problems", count])
    assert "--problems" in capsys.readouterr().err
