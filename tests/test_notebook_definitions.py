"""What a notebook defines is what the helpers do, and every exercise can be solved and knows its mistakes."""

import ast
import json
import random
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from notebook_checks import code_cells, plain_python, text
from test_setup import pins_of

from helpers import check, evaluation, generation, models, questions, tiers, traces
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS
from helpers.traces import ANSWER, filtering, store

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MINI = TIERS["mini"]
DEFINE = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def notebook(name: str) -> dict:
    return json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))


def cell(name: str, key: str) -> str:
    """The source of the cell with this id."""
    (source,) = (text(one["source"]) for one in notebook(name)["cells"] if one["id"] == key)
    return source


def definitions(name: str, *keys: str, **given) -> dict:
    """What some code cells import and define; `given` stands in for what the others would have made."""
    found = dict(given)
    for key in keys:
        tree = ast.parse(plain_python(cell(name, key)))
        exec(compile(ast.Module([node for node in tree.body if isinstance(node, DEFINE)], []), key, "exec"), found)
    return found


def solution(name: str, key: str) -> str:
    """The code of the solution in a cell with hint and solution."""
    (code,) = solutions(cell(name, key))
    return code


def solutions(markdown: str) -> list[str]:
    return re.findall(r"<summary>Solution</summary>.*?```python\n(.*?)```", markdown, re.DOTALL)


def printed(capsys, name: str, key: str, **names) -> str:
    """The last line that a cell prints, run with these names."""
    exec(compile(cell(name, key), key, "exec"), names)
    return capsys.readouterr().out.splitlines()[-1]


def exercise(
    capsys, notebook: str, key: str, name: str, mistakes: dict, checked: str = "", told: str = "", **given
) -> None:
    """The solution is right, each mistake is known by its remark, and the stub is nothing yet.

    checked, told: the cells of the check and of the solution, where they are not called after the stub's.
    """
    given |= {"check": check, "random": random}
    made = dict(given)
    exec(solution(notebook, told or f"{key}-help"), made)
    stub = definitions(notebook, key)[name]
    for own, end in ((made[name], "· right"), (stub, "nothing yet"), *mistakes.items()):
        assert printed(capsys, notebook, checked or f"{key}-check", **{**given, name: own}).endswith(end)


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def unsaid(name: str, words: str, *keys: str) -> list[str]:
    """The numbers in a cell of prose that are in no text that some cells print, nor in their code."""
    cells = {one["id"]: one for one in notebook(name)["cells"]}
    told = [text(cells[key]["source"]) for key in keys]
    for key in keys:
        for output in cells[key]["outputs"]:
            told += [text(output.get("text", "")), text(output.get("data", {}).get("text/plain", ""))]
    known = set(NUMBER.findall("\n".join(told)))
    prose = re.sub(r"\]\([^)]*\)|(?:[Ss]ections?|[Nn]otebooks?) [\d.]+", "", cell(name, words))
    return [number for number in NUMBER.findall(prose) if number not in known]


# --- every notebook -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_exercise_has_a_stub_a_check_a_hint_and_a_solution(path):
    cells = notebook(path.stem)["cells"]
    starts = [i for i, one in enumerate(cells) if re.search("^### Your turn", text(one["source"]), re.MULTILINE)]
    assert 2 <= len(starts) <= 4
    for start in starts:
        assert re.search(r"^### Your turn · \d+ minutes · [●○]{3}$", text(cells[start]["source"]), re.MULTILINE)
        end = next(i for i in range(start, len(cells)) if "<summary>Solution</summary>" in text(cells[i]["source"]))
        between = "".join(text(one["source"]) for one in cells[start + 1 : end] if one["cell_type"] == "code")
        assert "..." in between and "check." in between
        help_ = text(cells[end]["source"])
        assert "<details><summary>Hint</summary>" in help_ and help_.count("</details>") == 2
        codes = solutions(help_)
        assert codes
        for code in codes:
            ast.parse(code)


# --- 00_start_here ------------------------------------------------------------------------------

START = "00_start_here"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-gpu.txt"])
def test_start_reads_the_pins(file):
    found = definitions(START, "pins")["pins"](ROOT / file)
    assert {name.lower().replace("_", "-"): version for name, version in found.items()} == pins_of(file)


def test_start_knows_what_is_installed(monkeypatch):
    made = definitions(START, "versions")
    assert made["installed"]("no-such-package") is None
    monkeypatch.setattr(made["metadata"], "version", lambda package: "2.1.0+cpu")
    assert made["installed"]("torch") == "2.1.0"


def test_start_names_what_is_not_as_pinned(capsys):
    pinned = {"pytest": pytest.__version__, "no-such-package": "1.0", "nbformat": "0.0.1"}
    exec(compile(cell(START, "versions"), "versions", "exec"), {"pinned": pinned})
    first, *others = capsys.readouterr().out.splitlines()
    assert first == "1 of 3 are as pinned"
    assert others[0] == "no-such-package: missing, not 1.0"
    assert re.fullmatch(r"nbformat: [\d.]+, not 0\.0\.1", others[1])


def test_start_tries_every_way_to_fill_the_buses():
    names: dict = {}
    exec(compile(cell(START, "buses-proof"), "buses-proof", "exec"), names)
    assert names["possible"] == []
    assert len(set(names["ways"])) == 101 * 102 // 2 and {sum(way) for way in names["ways"]} == {100}


def test_start_asks_each_model_in_its_own_way(tiny):
    tier = replace(tiny, sampling=tiers.Sampling(0.7, 0.9, 5))
    loaded = {"teacher": models.load_teacher(tier), "student": models.load_student(tier, four_bit=False)}
    (teacher, teacher_tokenizer), (student, student_tokenizer) = loaded.values()
    ask = definitions(
        START, "size", "ask", tier=tier, SEED=3, teacher=teacher, teacher_tokenizer=teacher_tokenizer, student=student,
        student_tokenizer=student_tokenizer,
    )["ask"]  # fmt: skip
    sampled = generation.generate(
        teacher, teacher_tokenizer, ["How many?"], tier.max_new_tokens, seed=3, **asdict(tier.sampling)
    )
    greedy = generation.generate(student, student_tokenizer, ["How many?"], tier.answer_tokens)
    assert ask("How many?") == {"teacher": sampled[0], "student": greedy[0]}


def test_start_checks_the_guess(capsys, monkeypatch):
    monkeypatch.setattr(generation, "generate", lambda *_: [Answer("It is 7.", 4, True)] * 6)
    six = [questions.Question(f"{i}?", (7,) if i < 2 else (8,)) for i in range(6)]
    names = {"six": six, "student": None, "student_tokenizer": None, "tier": MINI,
             "evaluation": evaluation, "generation": generation}  # fmt: skip
    for guess, end in (
        (..., "nothing yet"),
        ([True, True, False, False, False, False], "right"),
        ([True] * 6, "too kind: a fluent sentence is not a right one"),
        ([False] * 6, "too strict: count the steps of each question"),
    ):
        assert printed(capsys, START, "guess-check", my_guess=guess, **names).endswith(end)


# --- 02_teacher_traces --------------------------------------------------------------------------

TRACES = "02_teacher_traces"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "think-md": ("tokens",), "doubled-read-md": ("doubled",), "wrong-md": ("gold",),
    "why-md": ("why", "gold"), "judged-md": ("judged",), "lengths-md": ("lengths",),
}  # fmt: skip
JUDGE = ("student-tokens", "judge", "judged")


def row(number: int, text: str | None = None, ended: bool = True, gold: int | None = None) -> dict:
    """A row as `collect` makes it; as it is, one to be kept."""
    text = text or f"<think>\n{'Let me see. ' * (number % 7)}\n</think>\n\nIt is {number}."
    return {
        "question": f"What is {number}?", ANSWER: text, "gold": [number if gold is None else gold], "family": "one",
        "tokens": len(text) // 3, "ended": ended, "verdict": "",
    }  # fmt: skip


@pytest.fixture(scope="module")
def every_reason() -> list[dict]:
    """Rows with every verdict, several of each."""
    spoilt = []
    for i in range(100, 103):
        whole = row(i)[ANSWER]
        spoilt += [
            row(i, ended=False),
            row(i, whole.replace("</think>", ""), ended=False),
            row(i, whole.replace("</think>", "")),
            row(i, "<think>\n" + whole),
            row(i, whole.removeprefix("<think>\n")),
            row(i, f"</think><think> It is {i}."),
            row(i, gold=i + 1),
            row(i, "<think>\n" + "Let me see. " * 400 + f"\n</think>\n\nIt is {i}."),
            row(i - 100),
            row(i, gold=i + 1),
        ]
    return [row(i) for i in range(40)] + spoilt


def dataset(rows: list[dict]):
    return store.as_dataset(rows, json.dumps({"made": "by hand"}))


@pytest.fixture(scope="module")
def own_judge() -> dict:
    return definitions(
        TRACES, *JUDGE, evaluation=evaluation, student_tokenizer=models.load_tokenizer(MINI, "student"), tier=MINI
    )


def test_the_judge_of_the_notebook_is_the_helpers_judge(own_judge, every_reason):
    for limit in (MINI.max_length, 40):
        found = own_judge["judge_all"](every_reason, limit)
        assert found == filtering.judge(every_reason, MINI, limit)
        kept, counts = traces.verify(MINI, dataset(every_reason), limit)
        assert {one: found.count(one) for one in set(found)} == dict(counts)
        assert [one for one, found_one in zip(every_reason, found, strict=True) if found_one == "kept"] == [
            {**one, "verdict": ""} for one in kept.to_list()
        ]
    assert set(own_judge["judge_all"](every_reason, MINI.max_length)) == {"kept", *traces.REASONS}


def test_the_notebook_counts_tokens_as_the_helper_does(own_judge, every_reason):
    for one in every_reason:
        wanted = filtering.tokens_of(MINI, one["question"], one[ANSWER])
        assert own_judge["student_tokens"](one) == wanted


@pytest.fixture(scope="module")
def teacher():
    return models.load_teacher(MINI)


def test_the_notebook_writes_on_as_the_helper_does_and_only_on_the_left(teacher):
    model, tokenizer = teacher
    write_on = definitions(TRACES, "write-on", teacher=model, tokenizer=tokenizer)["write_on"]
    asked = ["How many?", "Tom has 5 pens. He buys 7 more. How many pens does Tom have now?", "What is it?"]
    prompts = [models.chat_prompt(tokenizer, one) for one in asked]
    wanted = [answer.text for answer in generation.generate(model, tokenizer, asked, 16)]
    assert write_on(prompts, 16) == wanted
    assert write_on(prompts, 16, side="right") != wanted
    assert write_on(prompts, 16) == wanted  # the side of the call before is forgotten


def test_what_a_limit_would_cut_off_is_what_it_cuts_off(teacher):
    model, tokenizer = teacher
    cut_off = definitions(TRACES, "limits", evaluation=evaluation)["cut_off"]
    made_up = [Answer("", 9, True), Answer("", 10, True), Answer("", 11, True), Answer("", 12, False)]
    assert [cut_off(made_up, limit).hits for limit in (8, 9, 10, 11, 12)] == [4, 3, 2, 1, 1]

    asked = [problem.question for problem in questions.draw(MINI, "train", 6, 0)]
    long, short = (generation.generate(model, tokenizer, asked, room, temperature=1.0, seed=1) for room in (200, 75))
    assert cut_off(long, 75).hits == sum(not answer.ended for answer in short)


def test_the_plug_is_pulled_after_so_many_batches(teacher):
    model, tokenizer = teacher
    plug = definitions(TRACES, "plug", teacher=model)["PulledPlug"](batches=1)
    assert plug.device == model.device and plug.generation_config is model.generation_config
    asked = ["How many?"]
    assert generation.generate(plug, tokenizer, asked, 4) == generation.generate(model, tokenizer, asked, 4)
    with pytest.raises(KeyboardInterrupt, match="plug"):
        generation.generate(plug, tokenizer, asked, 4)


def test_the_first_look_can_be_solved_and_knows_its_mistakes(capsys):
    def looked(row, is_well, asks=True):
        well = is_well(row[ANSWER])
        return "truncated" if asks and not row["ended"] else "kept" if well else "no </think>"

    def as_meant(text):
        return re.findall("</?think>", text) == ["<think>", "</think>"]

    def marks_first(row):
        return "no </think>" if not as_meant(row[ANSWER]) else "kept" if row["ended"] else "truncated"

    mistakes = {
        lambda row: looked(row, lambda text: "</think>" in text): "count both marks",
        lambda row: looked(row, lambda text: text.count("<think>") == text.count("</think>") == 1):
            "the order counts: <think> comes first",
        lambda row: looked(row, as_meant, asks=False): "a trace that did not end is truncated",
        marks_first: "ask first whether it ended",
    }  # fmt: skip
    exercise(capsys, TRACES, "first-look", "first_look", mistakes, traces=traces, tier=MINI, generation=generation)


def test_the_heat_is_asked_for_only_after_a_guess(capsys):
    asked = []

    def generate(model, tokenizer, questions, room, batch_size, **how):
        asked.append(how["temperature"])
        return [Answer(f"It is {7 if i < 5 else 8}.", 4, True) for i in range(len(questions))]

    many = [questions.Question(f"{i}?", (7,)) for i in range(10)]
    names = {
        "generation": type("", (), {"generate": staticmethod(generate)}), "sampled": {"seed": 0, "temperature": 1.0},
        "tier": MINI, "teacher": None, "tokenizer": None, "asked": ["?"] * 10, "many": many, "evaluation": evaluation,
    }  # fmt: skip
    for guess, said in ((..., "nothing yet"), (5, "right"), (6, "right"), (10, "one wrong digit"), (0, "same model")):
        exec(compile(cell(TRACES, "heat-check"), "heat-check", "exec"), {**names, "my_guess": guess})
        assert said in capsys.readouterr().out
    assert asked == [1.5 * MINI.sampling.temperature] * 4


def test_every_reason_is_seen_once(own_judge, capsys):
    rows = dataset([{**row(i), "verdict": "kept"} for i in range(3)])
    given = {**own_judge, "dataset": rows, "verdicts": ["kept"] * 3, "tier": MINI}
    exec(compile(cell(TRACES, "spoilt"), "spoilt", "exec"), given)
    said = [line.partition("→ ")[2] for line in capsys.readouterr().out.splitlines()]
    assert said == ["kept", *traces.REASONS]


def test_the_numbers_in_the_words_are_those_of_the_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(TRACES, words, *outputs)) <= {str(MINI.max_length)}, words


def test_the_filter_can_be_solved_and_knows_its_mistakes(own_judge, capsys):
    rows = dataset([{**row(i), "verdict": "kept"} for i in range(60)])
    tokens = own_judge["student_tokens"]
    given = {
        "rows": rows, "tier": MINI, "traces": traces, "check": check, "student_tokens": tokens,
        "lengths": [tokens(one) for one in rows], "random": __import__("random"),
    }  # fmt: skip
    made = dict(given)
    exec(solution(TRACES, "filter-help"), made)
    stub = definitions(TRACES, "filter")["short_enough"]
    for own, end in (
        (made["short_enough"], "· right"),
        (lambda rows, limit: [one for one in rows if tokens(one) < limit], "the limit itself is allowed"),
        (lambda rows, limit: [one for one in rows if one["tokens"] <= limit], "without the question"),
        (stub, "nothing yet"),
    ):
        assert printed(capsys, TRACES, "filter-check", short_enough=own, **given).endswith(end)


def test_the_waste_can_be_worked_out_and_knows_its_mistakes(capsys):
    cost, whole = (type("", (), {"seconds": seconds}) for seconds in (7.0, 68.8))
    given = {"cost": cost, "whole": whole, "many": range(48), "tier": MINI, "check": check}
    made = dict(given)
    exec(solution(TRACES, "epochs-help"), made)
    one_epoch = 7.0 / 48 * MINI.traces
    for wasted, end in (
        (made["wasted"], "· right"),
        (round(made["wasted"]), "· right"),
        (68.8 * (MINI.epochs - 1), "· right"),
        (206, "· right"),
        (68.8 * MINI.epochs, "the first time has to be paid in any case"),
        (68.8, "that is what one epoch takes"),
        (one_epoch * MINI.epochs, "the first time has to be paid in any case"),
        (one_epoch, "that is what one epoch takes"),
        (7.0 * (MINI.epochs - 1), "that is for the sample alone"),
        (..., "nothing yet"),
    ):
        assert printed(capsys, TRACES, "epochs-check", wasted=wasted, **given).endswith(end)


@pytest.mark.parametrize("name", [START, TRACES])
def test_most_cells_show_something(name):
    """Seven in ten code cells end in a value, print, or draw."""
    shows = [re.search(r"print\(|display\(|check\.|show\.|Markdown\(|plt\.|axis\.", text(one["source"]))
             or isinstance(ast.parse(text(one["source"])).body[-1], ast.Expr)
             for one in code_cells(notebook(name))]  # fmt: skip
    assert sum(map(bool, shows)) >= 0.7 * len(shows)
