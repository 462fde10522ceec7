"""How the mini models are made: rows that can be drawn again, labels on the answers alone, runs that survive a kill."""

import itertools
import json
import math
import random
import re
from collections import Counter
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from solver import solve
from steps import asked_in, workings
from transformers import Qwen3Config, Qwen3ForCausalLM

from data.making import rows as rows_module
from data.making import training
from data.making.demonstrations import JOINS, demonstration
from data.making.make import corpus
from data.making.models import RECIPES, new_model
from data.making.rows import ASKED, HARD, IGNORED, MIXES, POOL, TURNS, Rows, between, stream
from data.making.skills import comparison
from data.making.tasks import chain, facts, guided
from data.making.tokenizers import gemma_kind, qwen_kind
from data.making.training import loss_of, schedule, train
from helpers.problems import FAMILIES, SEED_QUESTIONS, Step, draw, split_of

ROLES = ("teacher", "student", "sibling")
BATCH = 4


@pytest.fixture(scope="session")
def tokenizers() -> dict:
    rng = random.Random(0)
    problems = draw("train", 340, seed=0, impossible=True)
    corpus = [problem.question for problem in problems] + [demonstration(problem, rng) for problem in problems]
    return {"teacher": qwen_kind(corpus, True), "sibling": qwen_kind(corpus, False), "student": gemma_kind(corpus)}


def rows_for(role: str, tokenizers, seed: int = 5, cycle: int = 2 * POOL, batch: int = BATCH) -> Rows:
    return Rows(role, tokenizers[role], seed, cycle, batch)


@pytest.fixture(scope="module", params=ROLES)
def batches(request, tokenizers) -> tuple[str, object, list]:
    """A role, its tokenizer, and batches from the start of its training and from after one cycle and two."""
    rows = rows_for(request.param, tokenizers)
    steps = (first + step for first in (0, 2 * POOL, 4 * POOL) for step in range(24))
    return request.param, tokenizers[request.param], [rows.batch_at(step) for step in steps]


# --- rows ---------------------------------------------------------------------------------------


def same(one, other) -> bool:
    return all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("role", ROLES)
def test_a_batch_depends_on_the_seed_and_its_number_alone(role, tokenizers):
    steps = (0, 1, 31, 32, 4 * POOL, 5 * POOL)  # in the last two the mix is the same
    forward = rows_for(role, tokenizers)
    first = {step: forward.batch_at(step) for step in steps}
    backward = rows_for(role, tokenizers)
    random.seed(3)
    assert all(same(backward.batch_at(step), first[step]) for step in reversed(steps))
    assert same(forward.batch_at(0), first[0])
    assert not [pair for pair in itertools.combinations(first.values(), 2) if same(*pair)]
    assert not same(rows_for(role, tokenizers, seed=6).batch_at(0), first[0])


def turns_of(tokenizer, ids, labels) -> list[tuple[str, bool]]:
    """A row's text without its padding, cut where learning begins and ends."""
    length = len(ids)
    while length and ids[length - 1] == tokenizer.pad_token_id:
        length -= 1
    assert tokenizer.pad_token_id not in ids[:length]
    assert all(label == IGNORED for label in labels[length:])
    marks = [label != IGNORED for label in labels[:length]]
    runs = itertools.groupby(zip(ids[:length], marks, strict=True), key=lambda pair: pair[1])
    return [(tokenizer.decode([token for token, _ in run]), mark) for mark, run in runs]


def all_rows(tokenizer, found) -> list[list[tuple[str, bool]]]:
    return [
        turns_of(tokenizer, row, marks)
        for ids, labels in found
        for row, marks in zip(ids.tolist(), labels.tolist(), strict=True)
    ]


def is_chat(tokenizer, turns) -> bool:
    return any(tokenizer.eos_token in text for text, _ in turns)


def is_facts(tokenizer, turns) -> bool:
    text = "".join(text for text, _ in turns).removeprefix(tokenizer.bos_token or "")
    return not re.search("[A-Za-z]", text)


def with_opening(prompt: str) -> str:
    """A task about a question as all of them began once: half of a student's begin with the question itself."""
    about = re.search(r"\n\n(Only tell me this\. |Work through |So far: |Write one sum: |Work out )", prompt)
    return ASKED + prompt if about and not prompt.startswith(ASKED) else prompt


def chats_of(batches, opened: bool = True) -> list[tuple[list[str], list[str]]]:
    """Prompts and answers of the rows that are conversations, without the marks of the turns.

    opened: tasks about a question begin as all of them did once (`with_opening`).
    Asserts that of each turn the prompt, with all its marks, is not learnt, and the answer is, with its end.
    """
    role, tokenizer, found = batches
    message = {"role": "user", "content": "@"}
    opening = tokenizer.apply_chat_template([message], add_generation_prompt=True, tokenize=False)
    before, after = opening.removeprefix(tokenizer.bos_token or "").split("@")
    chats = []
    for turns in all_rows(tokenizer, found):
        if is_chat(tokenizer, turns):
            prompts, answers = turns[::2], turns[1::2]
            assert len(prompts) == len(answers) and not any(mark for _, mark in prompts)
            said = []
            for number, (text, _) in enumerate(prompts):
                start = (tokenizer.bos_token or "") + before if number == 0 else "\n" + before
                assert text.startswith(start) and text.endswith(after)
                said.append(text.removeprefix(start).removesuffix(after))
            for text, mark in answers:
                assert mark and text.endswith(tokenizer.eos_token) and text.count(tokenizer.eos_token) == 1
            if opened:
                said[0] = with_opening(said[0])
            chats.append((said, [text.removesuffix(tokenizer.eos_token) for text, _ in answers]))
    assert len(chats) > 20, role
    return chats


def test_labels_are_the_ids_of_what_is_learnt(batches):
    _, tokenizer, found = batches
    for ids, labels in found:
        assert ids.shape == labels.shape and ids.dtype == labels.dtype == torch.long and len(ids) == BATCH
        assert torch.equal(ids[labels != IGNORED], labels[labels != IGNORED])
        assert ((labels != IGNORED).sum(dim=1) > 0).all()
        assert (ids[:, -1] != tokenizer.pad_token_id).any()  # no wider than its longest row
        assert (labels[ids == tokenizer.pad_token_id] == IGNORED).all()
    assert any((ids == tokenizer.pad_token_id).any() for ids, _ in found)


def test_prompts_are_not_learnt_and_answers_are_with_their_end(batches):
    marks = ("<|im_start|>", "<start_of_turn>", "<|im_end|>", "<end_of_turn>", "<bos>")
    for prompts, answers in chats_of(batches):
        assert all(prompts) and all(answers)
        assert not [text for text in (*prompts, *answers) if any(mark in text for mark in marks)]


def test_rows_are_tokenized_as_chats_are(batches):
    """Piece by piece, a row has the tokens that its whole text has, and that the chat template gives."""
    role, tokenizer, found = batches
    rows = iter(chats_of(batches, opened=False))
    for ids, labels in found:
        for row, marks in zip(ids.tolist(), labels.tolist(), strict=True):
            row = [token for token in row if token != tokenizer.pad_token_id]
            assert tokenizer(tokenizer.decode(row), add_special_tokens=False).input_ids == row
            if is_chat(tokenizer, turns_of(tokenizer, row, marks[: len(row)])):
                prompts, answers = next(rows)
                opens = "<think>\n" if role == "teacher" else ""
                messages = [{"role": who, "content": text} for prompt, answer in zip(prompts, answers, strict=True)
                            for who, text in (("user", prompt), ("assistant", opens + answer))]  # fmt: skip
                assert tokenizer.apply_chat_template(messages, tokenize=False) == tokenizer.decode(row) + "\n"


def test_of_facts_the_results_are_learnt(batches):
    _, tokenizer, found = batches
    plain = [turns for turns in all_rows(tokenizer, found) if is_facts(tokenizer, turns)]
    assert len(plain) > 10
    start = tokenizer.bos_token or ""
    for turns in plain:
        asked, told = turns[::2], turns[1::2]
        assert len(asked) == len(told) and turns[0][0].startswith(start)
        assert all(re.fullmatch(r" ?\d+ [-+×÷] \d+ =", text.removeprefix(start)) for text, _ in asked)
        assert all(mark and re.fullmatch(r" \d+\.", text) for text, mark in told)


def test_loose_text_is_learnt_whole(batches):
    role, tokenizer, found = batches
    rows = all_rows(tokenizer, found)
    loose = [turns for turns in rows if not is_chat(tokenizer, turns) and not is_facts(tokenizer, turns)]
    assert bool(loose) == ("text" in MIXES[role])
    for turns in loose:
        # In a row without a first token of its own, that of the text is learnt from nothing, and so not at all.
        assert [text for text, mark in turns if not mark] in ([], [tokenizer.bos_token])
        assert turns[-1][1] and len(re.findall(r"\d+ [-+×÷] \d+ = \d+", turns[-1][0])) >= 3


def kind_of(role: str, tokenizer, turns) -> str:
    """The kind of row, told from what is asked in it."""
    if not is_chat(tokenizer, turns):
        return "facts" if is_facts(tokenizer, turns) else "text"
    text = "".join(text for text, learnt in turns if not learnt)
    for words, kind in (("Compare ", "compare"), ("Write one sum. ", "sum"), ("Only tell me this. ", "read"),
                        ("Write one sum: ", "step"), ("Work out ", "step"), ("Work through ", "chain")):  # fmt: skip
        if words in text:
            return kind
    return "think" if role == "teacher" else "direct"


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_the_mix_moves_from_its_first_to_its_last_shares(role, tokenizers):
    rows, tokenizer = rows_for(role, tokenizers, batch=16), tokenizers[role]
    for cycle in range(3):
        found = [rows.batch_at(cycle * rows.cycle + step) for step in range(POOL)]
        kinds = Counter(kind_of(role, tokenizer, turns) for turns in all_rows(tokenizer, found))
        assert set(kinds) <= set(MIXES[role])
        for kind, shares in MIXES[role].items():
            assert kinds[kind] / kinds.total() == pytest.approx(shares[cycle], abs=0.07), (kind, cycle)
            assert (kinds[kind] > 0) == (shares[cycle] > 0)


@pytest.mark.parametrize("role", ROLES)
def test_the_shares_of_a_mix_add_up_to_one_at_all_times(role):
    assert len({len(shares) for shares in MIXES[role].values()}) == 1
    assert all(0 <= share <= 1 for shares in MIXES[role].values() for share in shares)
    for cycles in (0, 0.3, 1, 1.5, 2, 2.9, 7):
        assert sum(between(shares, cycles) for shares in MIXES[role].values()) == pytest.approx(1)


def test_hard_families_are_drawn_twice_as_often():
    assert len(set(HARD)) == len(HARD) and set(HARD) < set(FAMILIES)
    for impossible in (True, False):
        drawn = Counter(problem.family for problem in itertools.islice(stream(3, impossible), 440))
        assert drawn == {family: 40 if family in HARD else 20 for family in FAMILIES}


def test_half_of_a_students_tasks_begin_with_the_question_itself(tokenizers):
    """A number at the very beginning of a prompt is to be looked up like any other."""
    rows = rows_for("sibling", tokenizers, batch=8)
    tokenizer, found = tokenizers["sibling"], [rows.batch_at(step) for step in range(2 * POOL)]
    firsts = [turns[0][0] for turns in all_rows(tokenizer, found) if is_chat(tokenizer, turns)]
    told = [text for text in firsts if "Only tell me this. " in text or "Work through " in text]
    assert len(told) > 100
    bare = sum(ASKED not in text for text in told)
    assert 0.4 * len(told) < bare < 0.6 * len(told)


def test_shares_move_on_straight_lines_and_the_last_stays():
    shares = [between((0.2, 0.6, 0.5), cycles) for cycles in (0, 0.25, 1, 1.5, 2, 2.75, 9)]
    assert shares == pytest.approx([0.2, 0.3, 0.6, 0.55, 0.5, 0.5, 0.5])


def question_of(prompt: str) -> str:
    for mark in ("\n\nOnly tell me this. ", "\n\nWork through "):
        if mark in prompt:
            return prompt.removeprefix("Read this. ").partition(mark)[0]
    return asked_in(bare(prompt))[0] if prompt.startswith("Read this. ") else prompt


def test_only_questions_of_the_train_split_are_read(batches):
    for prompts, _ in chats_of(batches):
        question = question_of(prompts[0])
        if "?" in question:
            assert split_of(question) == "train"
    text = "".join(text for turns in all_rows(*batches[1:]) for text, _ in turns)
    assert not [question for question, _ in SEED_QUESTIONS.values() if question in text]


def test_only_small_tasks_of_the_train_split_are_read(tokenizers):
    """A sum or a comparison that a model is tested on is not one that it was taught."""
    rows = rows_for("sibling", tokenizers, batch=8)
    found = [rows.batch_at(step) for step in range(POOL)]
    prompts = {prompt for said, _ in chats_of(("sibling", tokenizers["sibling"], found)) for prompt in said}
    for task in ("Compare ", "Write one sum. "):
        several = [prompt for prompt in prompts if prompt.startswith(task)]
        assert len(several) > 50
        assert {split_of(prompt) for prompt in several} == {"train"}


def test_what_is_taught_is_true(batches):
    """Final answers, by the solver that knows the question alone."""
    role, *_ = batches
    checked = Counter()
    for prompts, answers in chats_of(batches):
        if len(prompts) > 1 or prompts[0].startswith(("Read this. ", "Compare ", "Write one sum. ")):
            continue
        final = answers[0].rpartition("</think>")[2].strip()
        right = solve(prompts[0])
        assert (role == "teacher") == ("</think>" in answers[0])
        if right:
            assert tuple(map(int, re.findall(r"\d+", final))) == right[0]
        else:
            assert role == "teacher" and re.search(r"mistake|do not fit|cannot be true|no answer", final)
        checked[bool(right)] += 1
    assert checked[True] >= 5 and (checked[False] > 0) == (role == "teacher")


def bare(prompt: str) -> str:
    """What asks for a sum in a sentence, as what asks for the sum alone."""
    return prompt.replace("Work out ", "Write one sum: ")


def bare_turn(prompt: str, answer: str) -> tuple[str, str]:
    """A turn with the sum alone; a sentence must begin with the name that was asked for, in one of the joins."""
    if "Work out " not in prompt:
        return prompt, answer
    name = re.search(r"Work out (.+)\.$", prompt)[1]
    start = [f"{name[0].upper()}{name[1:]}{join}" for join in JOINS]
    (found,) = [one for one in start if answer.startswith(one)]
    return bare(prompt), answer.removeprefix(found)


def ways_of(turns: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The ways to the answer, from the question alone, that a conversation goes, sum by sum, from some place on."""
    turns = [bare_turn(*turn) for turn in turns]
    question, given, name = asked_in(turns[0][0])
    names = [name] + [re.fullmatch(r"Write one sum: (.+)\.", prompt)[1] for prompt, _ in turns[1:]]
    said = list(zip(names, (answer for _, answer in turns), strict=True))
    sums = [*given, *(answer for _, answer in turns)]
    ways = [way for way in workings(question) if way[len(given) : len(given) + len(said)] == said]
    return [way for way in ways if [one for _, one in way[: len(sums)]] == sums]


def test_guided_turns_take_one_plan_from_some_place_to_its_end():
    rng, places, manners = random.Random(0), Counter(), set()
    for problem in draw("train", 440, 5, True, (*FAMILIES, *HARD)):
        turns = guided(problem, rng)
        question, given, _ = asked_in(bare(turns[0][0]))
        manners.add("Work out " in turns[0][0])
        assert len({"Work out " in prompt for prompt, _ in turns}) == 1 and question == problem.question
        length, ways = len(given) + len(turns), ways_of(turns)
        assert ways  # two, where both orders have the same sums
        # Only a contradiction ends a working early, and then no sum of its plan is left either.
        assert length == len(ways[0]) or problem.impossible
        assert length in {sum(isinstance(item, Step) for item in plan) for plan in problem.plans}
        places[len(given), len(turns)] += 1
    assert manners == {True, False}
    assert {given for given, _ in places} == {0, 1, 2, 3} and {count for _, count in places} == {1, 2, 3, 4}


def test_a_conversation_that_leaves_its_way_is_found_out():
    """So that the tests around can fail."""
    question = "Tom has a book of 60 pages. He reads 20 pages on Monday and 15 pages on Tuesday. How many are left?"
    first, then = f"Read this. {question}\n\nWrite one sum: the pages read.", "Write one sum: the pages left."
    assert len(ways_of([(first, "20 + 15 = 35."), (then, "60 - 35 = 25.")])) == 1
    assert ways_of([(first, "20 + 15 = 35."), (then, "40 - 15 = 25.")]) == []
    assert ways_of([(first, "20 + 15 = 36."), (then, "60 - 35 = 25.")]) == []
    asked = [prompt.replace("Write one sum:", "Work out") for prompt in (first, then)]
    said = ["The pages read, so 20 + 15 = 35.", "The pages left: 60 - 35 = 25."]
    assert len(ways_of([*zip(asked, said, strict=True)])) == 1
    with pytest.raises(ValueError):
        ways_of([*zip(asked, reversed(said), strict=True)])


def test_steps_are_taught_to_students_and_each_is_right(batches):
    role, *_ = batches
    guides = [(prompts, answers) for prompts, answers in chats_of(batches) if "Write one sum: " in bare(prompts[0])]
    assert len(guides) >= 10 if role != "teacher" else not guides
    for prompts, answers in guides:
        assert ways_of(list(zip(prompts, answers, strict=True)))


NO_NUMBERS = re.compile(r" has \d+|, \d+ at \$\d+ each")
SUM = r"\d+ [-+×÷] \d+ = \d+"
TESTED = re.compile(
    rf"(?:({SUM})\. The problem says (\d+)|([A-Z][^.]+ and [^.]+)\. The first must be more)\. "
    r"Compare (\d+) and (\d+)\. (\d+ is [\w ]+ \d+)\."
)


def order_in(question: str) -> str:
    """Who must have more and who fewer, from the question alone: `ben and ann`."""
    if found := re.search(r"(\w+) has (more|fewer) than (\w+)[.,]", question):
        one, said, other = found.groups()
        return f"{one} and {other}".lower() if said == "more" else f"{other} and {one}".lower()
    assert "some seats stay empty" in question
    return "the seats and the riders"


def in_order(equation: str) -> str:
    """An addition with its smaller term first: either order says the same."""
    left, op, right, _, result = equation.split()
    left, right = sorted((left, right), key=int) if op == "+" else (left, right)
    return f"{left} {op} {right} = {result}"


def chained(prompt: str, answer: str) -> list[list[tuple[str, str]]]:
    """The ways, from the question alone, that an answer to a whole plan goes; its comparisons are checked besides."""
    question, _, asked = prompt.removeprefix("Read this. ").partition("\n\nWork through ")
    names = [name for name in asked.removesuffix(".").split(", then ") if not name.startswith("compare ")]
    for said, stated, order, left, right, compared in TESTED.findall(answer):
        assert compared == comparison(int(left), int(right))
        if said:
            assert said.endswith(f"= {left}") and stated == right and re.search(rf"\b{stated}\b", question)
        else:
            assert NO_NUMBERS.sub("", order).lower() == order_in(question)
    assert len(TESTED.findall(answer)) == asked.count("compare ")
    sums = [in_order(one) for one in re.findall(SUM, TESTED.sub("", answer))]
    return [
        way
        for way in workings(question)
        if [in_order(one.removesuffix(".")) for _, one in way[: len(sums)]] == sums
        and [NO_NUMBERS.sub("", name) for name, _ in way[: len(sums)]] == names
    ]


def test_a_whole_plan_is_worked_without_a_verdict():
    rng, kinds, compared = random.Random(0), Counter(), 0
    for problem in draw("train", 440, 6, True, (*FAMILIES, *HARD)):
        prompt, answer = chain(problem, rng)
        (way, *_) = chained(prompt, answer)
        sums = len(re.findall(SUM, TESTED.sub("", answer)))
        assert problem.impossible or sums == len(way)
        assert not re.search(r"fit|holds|right|[Ww]ait|mistake|cannot|</think>", answer)
        kinds[problem.impossible] += 1
        compared += len(TESTED.findall(answer))
    assert kinds[True] > 40 and kinds[False] > 200 and compared > 100


def test_a_plan_worked_wrongly_is_found_out():
    """So that the test before can fail."""
    question = "Ann and Ben have 30 plums together. Ann has 10 of them. Ben has more than Ann. What is the difference?"
    prompt = f"Read this. {question}\n\nWork through Ben's plums, then compare Ben and Ann, then the difference."
    right = "First Ben's plums: 30 - 10 = 20. "
    right += "Ben has 20 and Ann has 10. The first must be more. Compare 20 and 10. 20 is more than 10. "
    assert len(chained(prompt, right + "Then the difference: 20 - 10 = 10.")) == 1
    assert chained(prompt, right + "Then the difference: 30 - 10 = 20.") == []
    turned = right.replace("Ben has 20 and Ann has 10", "Ann has 10 and Ben has 20")
    for wrong in (right.replace("is more", "is fewer"), turned, "First Ben's plums: 30 - 10 = 20. "):
        with pytest.raises(AssertionError):
            chained(prompt, wrong + "Then the difference: 20 - 10 = 10.")


def test_whole_plans_are_taught_to_students_alone(batches):
    role, *_ = batches
    plans = [(prompts[0], answers[0]) for prompts, answers in chats_of(batches) if "\n\nWork through " in prompts[0]]
    assert len(plans) >= 5 if role != "teacher" else not plans
    assert all(chained(*turn) for turn in plans)


def test_comparisons_are_right_and_the_teacher_thinks_them_first(batches):
    role, *_ = batches
    several = [chat for chat in chats_of(batches) if chat[0][0].startswith("Compare ")]
    assert len(several) >= 3
    for prompts, answers in several:
        assert len(prompts) == TURNS["compare"]
        for prompt, answer in zip(prompts, answers, strict=True):
            left, right = map(int, re.fullmatch(r"Compare (\d+) and (\d+)\.", prompt).groups())
            said = f"{comparison(left, right)}."
            # The prompt opens the teacher's thought, so the answer begins inside it.
            assert answer == (f"{said}\n</think>\n\n{said}" if role == "teacher" else said)


def test_tokenizers_learn_from_each_kind_of_text_but_steps():
    """They were learnt before there were steps, and the models' vocabulary must stay."""
    texts = corpus(0, 160)
    for begins in ("Read this. ", "Write one sum. ", "Compare ", "<think>"):
        assert [text for text in texts if text.startswith(begins)]
    assert not [text for text in texts if "Write one sum: " in text]
    assert corpus(0, 160) == texts != corpus(1, 160)


def test_facts_are_true():
    rng, ops = random.Random(0), Counter()
    for _ in range(300):
        said = "".join(text for text, _ in facts(rng)).removesuffix(".").split(". ")
        assert len(said) >= 5
        for one in said:
            left, op, right, result = re.fullmatch(r"(\d+) ([-+×÷]) (\d+) = (\d+)", one).groups()
            left, right = int(left), int(right)
            true = {"+": left + right, "-": left - right, "×": left * right, "÷": left / right}
            assert true[op] == int(result)
            ops[op] += 1
    assert len(ops) == 4 and min(ops.values()) > 100
    assert facts(random.Random(1)) == facts(random.Random(1)) != facts(random.Random(2))


# --- the loss -----------------------------------------------------------------------------------


class Toy:
    """Token t has the logits (0, 1, t): the hidden state is (1, t), the head's rows (0, 0), (1, 0) and (0, 1)."""

    head = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])

    def model(self, input_ids, use_cache):
        hidden = torch.stack([torch.ones(input_ids.shape), input_ids.float()], dim=-1)
        return SimpleNamespace(last_hidden_state=hidden)

    def lm_head(self, hidden):
        return hidden @ self.head.T


def test_the_loss_is_the_mean_over_the_marked_tokens():
    ids = torch.tensor([[0, 2, 1, 1], [2, 0, 0, 0]])
    labels = torch.tensor([[IGNORED, 2, 1, IGNORED], [IGNORED, 0, IGNORED, IGNORED]])
    # After 0 comes 2, after 2 comes 1, and in the second row after 2 comes 0.
    after_0 = math.log(math.exp(0) + math.exp(1) + math.exp(0)) - 0
    after_2 = math.log(math.exp(0) + math.exp(1) + math.exp(2))
    by_hand = (after_0 + (after_2 - 1) + (after_2 - 0)) / 3
    assert loss_of(Toy(), ids, labels).item() == pytest.approx(by_hand, rel=1e-5)


def test_the_first_label_has_nothing_before_it():
    ids = torch.tensor([[1, 2]])
    assert loss_of(Toy(), ids, torch.tensor([[1, 2]])) == loss_of(Toy(), ids, torch.tensor([[IGNORED, 2]]))


def tiny_model(seed: int) -> Qwen3ForCausalLM:
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=1024, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, tie_word_embeddings=True, max_position_embeddings=1024,
    )  # fmt: skip
    return Qwen3ForCausalLM(config)


def test_what_stands_in_the_padding_does_not_count(tokenizers):
    tiny = tiny_model(0)
    rows = rows_for("sibling", tokenizers)
    batches = (rows.batch_at(step) for step in range(POOL))
    pad = tokenizers["sibling"].pad_token_id
    ids, labels = next((ids, labels) for ids, labels in batches if (ids == pad).any())
    expected = loss_of(tiny, ids, labels).item()
    assert loss_of(tiny, torch.where(ids == pad, 7, ids), labels).item() == pytest.approx(expected, rel=1e-6)
    wider = [torch.nn.functional.pad(ids, (0, 9), value=pad), torch.nn.functional.pad(labels, (0, 9), value=IGNORED)]
    assert loss_of(tiny, *wider).item() == pytest.approx(expected, rel=1e-3)
    assert loss_of(tiny, torch.where(labels == IGNORED, ids, 7), labels).item() != pytest.approx(expected, rel=1e-6)


# --- training -----------------------------------------------------------------------------------

STEPS = 8


class Watched:
    """Rows that remember what they were asked for and can kill a run."""

    role, cycle = "sibling", 6

    def __init__(self, rows: Rows, killed_at: int | None = None):
        self.rows, self.killed_at, self.asked = rows, killed_at, []

    def batch_at(self, step):
        if step == self.killed_at:
            raise KeyboardInterrupt
        self.asked.append(step)
        return self.rows.batch_at(step)


@pytest.fixture
def ticking(monkeypatch):
    """Uncompiled, and a clock that moves by one second whenever it is read."""
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=itertools.count(1.0).__next__))


def run(model, rows, folder, **options):
    train(model, rows, STEPS, folder / "work", folder / "logs" / "log.jsonl", rate=1e-2, **options)
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture
def rows(tokenizers) -> Rows:
    return rows_for("sibling", tokenizers)


@pytest.fixture
def uninterrupted(ticking, rows, tmp_path) -> dict:
    return run(tiny_model(0), Watched(rows), tmp_path / "whole")


# The clock is read once a step and twice where it saves: after the third and the sixth step, or after every one.
@pytest.mark.parametrize(
    ("kills", "save_every", "saved"),
    [((0,), 2.5, 0), ((4,), 2.5, 3), ((5,), 2.5, 3), ((7,), 2.5, 6), ((4, 7), 0, 7)],
)
def test_a_killed_run_ends_as_if_it_had_not_been_killed(uninterrupted, rows, tmp_path, kills, save_every, saved):
    for killed_at in kills:
        with pytest.raises(KeyboardInterrupt):
            run(tiny_model(0), Watched(rows, killed_at), tmp_path, save_every=save_every)
    # Other weights to begin with: all must come from the checkpoint, once there is one.
    rest = Watched(rows)
    assert equal(run(tiny_model(9 if saved else 0), rest, tmp_path), uninterrupted)
    assert rest.asked == [*range(saved, STEPS)]


def test_training_changes_the_weights_and_other_rows_change_them_otherwise(uninterrupted, tokenizers, tmp_path):
    assert not equal(uninterrupted, tiny_model(0).state_dict())
    other = Watched(rows_for("sibling", tokenizers, seed=6))
    assert not equal(run(tiny_model(0), other, tmp_path), uninterrupted)


def test_the_optimizers_state_is_needed_and_kept(uninterrupted, rows, tmp_path, monkeypatch):
    """A run that goes on with the weights alone ends elsewhere, so the tests above can fail."""
    with pytest.raises(KeyboardInterrupt):
        run(tiny_model(0), Watched(rows, 4), tmp_path, save_every=0)

    def weights_alone(model, optimizer, folder):
        return restore(model, torch.optim.AdamW(model.parameters()), folder)

    restore = training.restore
    monkeypatch.setattr(training, "restore", weights_alone)
    assert not equal(run(tiny_model(0), Watched(rows), tmp_path), uninterrupted)


def test_half_a_checkpoint_is_left_aside(uninterrupted, rows, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(tiny_model(0), Watched(rows, 4), tmp_path, save_every=0)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["checkpoint.safetensors"]
    (tmp_path / "work" / "checkpoint.partial").write_bytes(b"killed while writing")
    assert equal(run(tiny_model(0), Watched(rows), tmp_path), uninterrupted)


def test_the_weights_at_the_ends_of_cycles_are_kept_and_averaged(uninterrupted, rows, tmp_path):
    short = Watched(rows)
    short.cycle = 2
    run(tiny_model(0), short, tmp_path, save_every=0)
    ends = [tmp_path / "work" / f"cycle-{step}.safetensors" for step in (2, 4, 6, 8)]
    assert sorted((tmp_path / "work").glob("cycle-*")) == ends
    last, before = (load_file(path) for path in (ends[3], ends[2]))
    model = tiny_model(5)
    training.average(model, tmp_path / "work", 2)
    found = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert all(torch.allclose(found[name], (last[name] + before[name]) / 2) for name in last)
    assert torch.equal(found["lm_head.weight"], found["model.embed_tokens.weight"])
    training.average(model, tmp_path / "work", 99)  # those that are there
    assert not torch.allclose(model.state_dict()["model.norm.weight"], found["model.norm.weight"])


def test_a_finished_run_is_not_run_again(uninterrupted, rows, tmp_path):
    again = Watched(rows, killed_at=0)
    assert equal(run(tiny_model(9), again, tmp_path / "whole"), uninterrupted)
    assert again.asked == []


def test_the_log_says_how_it_went(uninterrupted, tmp_path):
    (line,) = map(json.loads, (tmp_path / "whole" / "logs" / "log.jsonl").read_text().splitlines())
    assert (line["step"], line["of"]) == (STEPS, STEPS)
    assert 0 < line["loss"] < 10 and line["gradient_norm"] > 0 and line["tokens"] > 0 and line["seconds"] > 0


def test_a_run_too_short_for_the_clock_ends_well(ticking, rows, tmp_path, monkeypatch):
    """As the one step that is left of a killed run can be."""
    monkeypatch.setattr(training, "time", SimpleNamespace(monotonic=lambda: 1.0))
    run(tiny_model(0), Watched(rows), tmp_path)
    assert (tmp_path / "work" / "checkpoint.safetensors").exists()


def test_a_loss_that_is_no_number_stops_the_run(ticking, rows, tmp_path):
    model = tiny_model(0)
    with torch.no_grad():
        model.model.norm.weight.fill_(math.nan)
    with pytest.raises(RuntimeError, match=r"the loss became nan at step 1; lower the rate"):
        run(model, Watched(rows), tmp_path, save_every=0)
    assert not list((tmp_path / "work").iterdir())


def test_the_rate_rises_stays_and_falls():
    rates = [schedule(step, 1000) for step in range(1000)]
    assert rates[0] == 0.01 and rates[49] == 0.5
    assert set(rates[99:500]) == {1.0}
    assert rates[750] == 0.5 and rates[-1] == 0.02
    assert rates[500:] == sorted(rates[500:], reverse=True)


# --- models -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_new_model_fits_its_tokenizer(role, tokenizers):
    tokenizer = tokenizers[role]
    model = new_model(role, tokenizer, seed=1)
    config = model.config
    assert config.model_type == {"student": "gemma3_text"}.get(role, "qwen3")
    assert config.vocab_size >= len(tokenizer)
    assert (config.eos_token_id, config.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert config.tie_word_embeddings and model.lm_head.weight is model.model.embed_tokens.weight
    assert all(width % 64 == 0 for parameter in model.parameters() for width in parameter.shape)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    ids, labels = rows_for(role, tokenizers, batch=2).batch_at(0)
    assert ids.shape[1] <= config.max_position_embeddings
    # An untrained model knows nothing: its loss is near that of a fair draw among all tokens.
    assert loss_of(model, ids, labels).item() == pytest.approx(math.log(config.vocab_size), abs=1.5)


def test_a_new_model_depends_on_its_seed_alone(tokenizers):
    first, again, other = (new_model("sibling", tokenizers["sibling"], seed).state_dict() for seed in (1, 1, 2))
    assert equal(first, again) and not equal(first, other)


def test_the_teacher_is_larger_and_padded_further_than_its_sibling(tokenizers):
    teacher, sibling = (new_model(role, tokenizers[role], 0) for role in ("teacher", "sibling"))
    assert teacher.num_parameters() > 2 * sibling.num_parameters()
    assert teacher.config.vocab_size > sibling.config.vocab_size
    assert set(RECIPES) == set(ROLES) == set(rows_module.MIXES)
