"""helpers.traces.mix: whole and short traces in one textbook, each verified, the counts told; mini as it was."""

import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from trace_doubles import Calls, noted_loads, of_each_kind, right_answers  # noqa: F401  (a fixture)

from helpers import evaluation, methods, models, questions, sources, tiers, traces
from helpers.evaluation import is_right
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS
from helpers.traces import ANSWER, mix, store
from helpers.training import method

SHARED = Path(os.environ.get("DISTILL_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
THOUGHT = "Okay. 3 boxes of 24, that is 72. Wait, 70? No, 72. Then 62. Let me check: 62 + 10 = 72. Good."
WORKED = "First, all of them:\n\n$3 \\times 24 = 72$\n\nThen less the gift:\n\n$72 - 10 = 62$\n\nSarah has **62** left."


def row(i: int, behind: str = WORKED, tokens: int = 100, gold: tuple = (62,)) -> dict:
    return {
        "question": f"How many, {i}?", ANSWER: f"<think>\n{THOUGHT}\n</think>\n\n{behind}", "gold": list(gold),
        "family": "gsm8k", "tokens": tokens, "ended": True, "verdict": "kept",
    }  # fmt: skip


def kept(*rows: dict):
    return store.as_dataset(list(rows), json.dumps({"made": "up"}))


# --- one trace ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behind", "reasoning", "closing"),
    [
        (WORKED, WORKED.rpartition("\n\n")[0], "Sarah has **62** left."),
        ("3 × 24 = 72, less 10.\n\n**Final Answer**\n\n\\boxed{62}", "3 × 24 = 72, less 10.",
         "**Final Answer**\n\n\\boxed{62}"),
        ("3 × 24 = 72, less 10.\n\n---\n\n### Answer:\n\n\\[\n\\boxed{62}\n\\]\n", "3 × 24 = 72, less 10.",
         "### Answer:\n\n\\[\n\\boxed{62}\n\\]"),
        # The last paragraph does not give the answer by itself; with the one before it, it does.
        ("3 × 24 = 72\n\nSo \\boxed{62} are left.\n\nI hope this helps!", "3 × 24 = 72",
         "So \\boxed{62} are left.\n\nI hope this helps!"),
    ],
)  # fmt: skip
def test_the_last_working_becomes_the_reasoning(behind, reasoning, closing):
    text = mix.short(row(0, behind)[ANSWER], [62])
    assert text == f"<think>\n{reasoning}\n</think>\n\n{closing}"
    assert is_right(text, (62,)) and text.count("<think>") == text.count("</think>") == 1


@pytest.mark.parametrize(
    "behind",
    [
        "Sarah has 62 crayons left.",  # an answer and no working
        "**Final Answer**\n\n62",
        "Here is what I found.\n\nSarah has 62 crayons left.",  # nothing is worked out
        "3 × 24 = 72\n\n72 - 10 = 61\n\nSarah has 61 left.",  # wrong: such a trace is not kept in the first place
        "",
    ],
)
def test_a_trace_without_working_behind_its_mark_has_no_short_form(behind):
    assert mix.short(row(0, behind)[ANSWER], [62]) is None


def test_an_impossible_problem_has_no_short_form():
    text = row(0, "The bus would carry 105.\n\n105 is not 70.\n\nThere is a mistake in the problem.")[ANSWER]
    assert mix.short(text, ()) is None


def test_what_is_cut_short_is_still_kept(tiny):
    text = mix.short(row(0)[ANSWER], [62])
    question = questions.Question("How many?", (62,))
    assert traces.verdict(Answer(text, 9, True), question, set(), replace(tiny, max_length=10_000)) == "kept"


# --- many ---------------------------------------------------------------------------------------


@pytest.fixture
def tier(tiny):
    return replace(tiny, long_share=0.2)


def lengths(rows) -> Counter:
    return Counter("whole" if THOUGHT in text else "short" for text in rows[ANSWER])


def test_one_whole_to_four_short_each_question_once(tier):
    rows = kept(*(row(i) for i in range(50)))
    mixed = mix.mix(tier, 0, rows)
    assert lengths(mixed) == {"whole": 10, "short": 40}
    assert mixed["question"][:] == rows["question"][:], "in their order"
    assert traces.record(mixed) == {
        "made": "up", "mixed": {"long_share": 0.2, "long": 10, "short": 40, "short_as_written": 0, "left_out": 0}
    }  # fmt: skip
    assert mixed.features == rows.features
    assert mix.told(mixed).startswith("taught: 10 whole traces and 40 short ones (1 to 4.0)")


def test_the_lot_falls_by_the_seed_and_not_by_length(tier):
    rows = kept(*(row(i, tokens=100 + i) for i in range(200)))
    first, again, other = (mix.mix(tier, seed, rows) for seed in (0, 0, 1))
    assert first.to_list() == again.to_list() != other.to_list()
    places = [i for i, text in enumerate(first[ANSWER]) if THOUGHT in text]
    assert len(places) == 40 and 60 < sum(places) / 40 < 140, "long questions are no likelier to be taught whole"


def test_tokens_are_counted_anew_as_the_teacher_counts(tier):
    mixed = mix.mix(tier, 0, kept(*(row(i, tokens=7_777) for i in range(5))))
    tokenizer = models.load_tokenizer(tier, "teacher")
    for one in mixed:
        if THOUGHT in one[ANSWER]:
            assert one["tokens"] == 7_777
        else:  # its prompt opens the reasoning, and it ends its turn
            written = one[ANSWER].removeprefix("<think>\n")
            assert one["tokens"] == len(tokenizer(written, add_special_tokens=False).input_ids) + 1


def test_a_teacher_that_names_the_answer_alone_gives_its_shorter_half(tier):
    rows = kept(*(row(i, "It is 62.", tokens=100 + i) for i in range(40)))
    mixed = mix.mix(tier, 0, rows)
    told = traces.record(mixed)["mixed"]
    assert told == {"long_share": 0.2, "long": 5, "short": 0, "short_as_written": 20, "left_out": 15}
    assert mixed["question"][:20] == rows["question"][:20] and set(mixed[ANSWER]) == set(rows[ANSWER])
    assert "1 to 4.0), of which 20 short as they were written; 15 left out" in mix.told(mixed)


def test_those_without_a_short_form_are_the_whole_ones_first(tier):
    rows = kept(*(row(i, tokens=50) for i in range(46)), *(row(i, "It is 62.", tokens=500) for i in range(46, 50)))
    mixed = mix.mix(tier, 0, rows)
    assert lengths(mixed) == {"whole": 10, "short": 40}
    assert all(THOUGHT in text for text in mixed[ANSWER][46:])


@pytest.mark.parametrize(("share", "whole", "short"), [(0, 0, 10), (0.5, 5, 5), (1, 10, 0)])
def test_any_share(tier, share, whole, short):
    mixed = mix.mix(replace(tier, long_share=share), 0, kept(*(row(i) for i in range(10))))
    assert (lengths(mixed)["whole"], lengths(mixed)["short"]) == (whole, short)
    assert mix.told(mixed)


@pytest.mark.parametrize("share", [-0.1, 1.1, None])
def test_a_share_that_is_none_is_refused(tier, share):
    with pytest.raises(ValueError, match="long_share is"):
        mix.mix(replace(tier, long_share=share), 0, kept(row(0)))


def test_other_rows_are_not_told_of():
    with pytest.raises(ValueError, match="not mixed"):
        mix.told(kept(row(0)))


# --- what the notebooks load --------------------------------------------------------------------


def answered(numbers, _):
    given = f"It is {' and '.join(map(str, numbers))}." if numbers else "There is a mistake in the problem."
    return Answer(f"Hm, 1 + 1.\n</think>\n\n1 + 1 = 2 and so on.\n\n{given}", 20, True, opened=True)


def test_load_mixes_where_the_tier_says_so_and_tells_it(tier, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    calls = Calls(monkeypatch, tier, answered)
    solvable = replace(tier, traces=20, max_length=10_000)
    rows = traces.load(solvable)
    told = traces.record(rows)["mixed"]
    assert told["long"] == 4 and told["short"] + told["short_as_written"] + told["left_out"] == 16
    assert capsys.readouterr().out == mix.told(rows) + "\n"
    assert traces.load(solvable).to_list() == rows.to_list() and len(calls.asked) == 20
    whole = traces.load(replace(solvable, long_share=None))
    assert len(whole) == 20 and "mixed" not in traces.record(whole), "the stored traces are whole"
    assert methods.Token(solvable, 0, rows).folder != methods.Token(solvable, 0, whole).folder
    kept_again, counts = traces.verify(solvable, rows)
    assert counts == Counter(kept=len(rows)) and kept_again.to_list() == rows.to_list()


def test_nothing_changes_on_the_mini_tier(tiny, tmp_path, monkeypatch, capsys):
    """Its traces, what is said of them and the folders of its trainings are byte for byte what they were."""
    assert TIERS["mini"].long_share is None
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    Calls(monkeypatch, tiny, right_answers)
    rows = traces.load(tiny, n=6)
    assert capsys.readouterr().out == ""
    told = json.loads((store.place(tiny, 6, 0) / "provenance.json").read_text())
    assert list(told) == [
        "teacher", "revision", "data", "data_config", "data_revision", "n", "seed", "temperature", "top_p", "top_k",
        "max_new_tokens", "batch_size", "column", "questions", "prompt", "template", "machine", "versions",
    ]  # fmt: skip
    assert list(traces.record(rows)) == [*told, "judged"]
    assert set(rows[ANSWER]) <= {f"<think>\nLet me see.\n</think>\n\n{end}" for end in (
        "There is a mistake in the problem.", *(f"It is {' and '.join(map(str, one))}." for one in rows["gold"])
    )}  # fmt: skip


def test_a_training_s_folder_is_named_by_its_traces_student_settings_and_code():
    textbook, student = kept(row(0), row(1)), TIERS["mini"].student
    made = {
        "traces": method.digest_of(textbook),
        "student": ["data/mini/student", store.revision(student)],
        "settings": ["Lora(r=32, alpha=64, learning_rate=0.008, targets='all-linear')", 4, 12, 512],
        "code": sources.code("methods/token", "training/method", "models/lora", "models/chat"),
    }
    assert methods.Token(TIERS["mini"], 0, textbook).folder.name == f"token-0-{method.short(made)}"


@pytest.mark.parametrize("name", ["small", "full"])
def test_the_real_tiers_teach_one_whole_trace_to_four_short_ones(name):
    tier = TIERS[name]
    assert tier.long_share == pytest.approx(1 / (1 + 4))
    # A trace that its room cuts off could not have been taught: it is longer than the longest row.
    assert tier.max_new_tokens >= 2 * tier.max_length


# --- how many were cut off ----------------------------------------------------------------------


def test_a_real_teachers_cut_share_is_printed_where_traces_are_made(tiny, tmp_path, monkeypatch, capsys):
    """Over all traces, kept or not. The mini tier's are counted in its notebook."""
    tier = replace(tiny, teacher=TIERS["full"].teacher, max_new_tokens=8_192)
    teacher = models.load_teacher(tiny)
    Calls(monkeypatch, tier, of_each_kind)
    traces.collect(tier, 10, 0, tmp_path, teacher)
    assert capsys.readouterr().out == f"cut off at 8,192 tokens: {evaluation.wilson(2, 10)} of 10 traces\n"
    traces.collect(tier, 10, 0, tmp_path, teacher)
    assert capsys.readouterr().out == f"traces of 10 questions: read from {tmp_path.name}\n"
    traces.collect(tiny, 10, 0, tmp_path / "mini", teacher)
    assert capsys.readouterr().out == ""


# --- real traces --------------------------------------------------------------------------------


def test_most_real_traces_hold_their_own_short_form():
    path = SHARED / "deepseek-r1-gsm8k" / "traces.jsonl"
    if not path.is_file():
        pytest.skip("the real data is not here: traces.jsonl")
    found, rest = [], 0
    for line in path.read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        gold = (float(one["answer"].rpartition("####")[2].replace(",", "")),)
        text = f"<think>\n{one['response']}"
        if text.count("</think>") != 1 or not is_right(text, gold):
            continue
        rest += 1
        brief = mix.short(text, gold)
        if brief is not None:
            assert is_right(brief, gold) and brief.count("<think>") == brief.count("</think>") == 1
            behind = text.rpartition("</think>")[2]
            for part in brief.removeprefix("<think>\n").split("\n</think>\n\n"):
                assert all(line.strip() in behind for line in part.split("\n")), "every word is the teacher's"
            found.append(len(brief) / len(text))
    print(len(found), rest, sum(found) / len(found))
    assert len(found) >= 0.8 * rest > 100
    assert sum(found) / len(found) < 0.4
