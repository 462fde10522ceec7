"""helpers.evaluation: answers in order and unspoilt by padding, and shares, families, twins."""

import copy
import re
import time
from dataclasses import dataclass

import pytest
import torch
from tiny_models import QUESTIONS

from helpers import evaluation, models
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer, generate
from helpers.models import prompt_ids

TOKENS = 12


@dataclass(frozen=True)
class Asked:
    """What scoring needs of a problem."""

    answer: tuple[int, ...]
    family: str = "boxes"

    @property
    def impossible(self) -> bool:
        return not self.answer


@pytest.fixture(scope="module", params=["qwen", "gemma"])
def loaded(request, tiny):
    if request.param == "qwen":
        return models.load_teacher(tiny)
    return models.load_student(tiny, four_bit=False)


def by_hand(model, tokenizer, question: str) -> list[int]:
    """Greedy decoding as simple as can be: one question, no padding, no cache."""
    ids = prompt_ids(tokenizer, question)
    start = len(ids)
    with torch.no_grad():
        while len(ids) - start < TOKENS:
            ids.append(int(model(input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1].argmax()))
            if ids[-1] == tokenizer.eos_token_id:
                break
    return ids[start:]


# --- generate -----------------------------------------------------------------------------------


def test_a_batch_answers_as_each_question_alone(loaded):
    model, tokenizer = loaded
    alone = [tokenizer.decode(by_hand(model, tokenizer, question)) for question in QUESTIONS]
    assert len(set(alone)) == len(QUESTIONS), "the answers must differ, or their order cannot be seen"
    together = generate(model, tokenizer, QUESTIONS, TOKENS, batch_size=len(QUESTIONS))
    assert [answer.text for answer in together] == alone


def test_answers_come_in_the_order_of_the_questions(loaded):
    model, tokenizer = loaded
    forward = generate(model, tokenizer, QUESTIONS, TOKENS, batch_size=2)
    backward = generate(model, tokenizer, QUESTIONS[::-1], TOKENS, batch_size=3)
    assert forward == backward[::-1]
    assert forward == generate(model, tokenizer, QUESTIONS, TOKENS, batch_size=1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"temperature": -1}, "temperature is -1: it must be 0, which takes the likeliest token, or above"),
        ({"temperature": float("nan")}, "temperature is nan"), ({"temperature": float("inf")}, "temperature is inf"),
        ({"temperature": "0.6"}, "temperature is '0.6'"), ({"temperature": None}, "temperature is None"),
        ({"batch_size": 0}, "batch_size is 0: it must be 1 or more"), ({"batch_size": -1}, "batch_size is -1"),
        ({"batch_size": 1.5}, "batch_size is 1.5"), ({"max_new_tokens": 0}, "max_new_tokens is 0"),
        ({"top_p": 0.0}, "top_p is 0.0: it must be above 0, and at most 1"), ({"top_p": 1.5}, "top_p is 1.5"),
        ({"top_k": -1}, "top_k is -1"), ({"seed": "a"}, "the seed is 'a'"), ({"seed": 1.5}, "the seed is 1.5"),
        ({"seed": -1}, "the seed is -1"),
    ],
)  # fmt: skip
def test_settings_that_are_none_are_named(loaded, wrong, told):
    """A negative temperature was greedy, and a negative batch_size ended in KeyError: 0."""
    with pytest.raises(ValueError, match=re.escape(told)):
        generate(*loaded, QUESTIONS, **{"max_new_tokens": TOKENS} | wrong)


@pytest.mark.parametrize("question", [None, 5, ["How many?"], "a \ud83d"])
def test_a_question_that_is_no_text_is_named_by_its_number(loaded, question):
    with pytest.raises(ValueError, match=re.escape(f"question 3 is {question!r}, and no text")):
        generate(*loaded, [*QUESTIONS[:2], question], TOKENS)


def test_a_question_with_a_mark_of_the_template_stops_no_other(loaded):
    """<bos> is in the prompt of one family once, at its beginning; a question may say it too."""
    marked = "What is <bos>, and <end_of_turn>, and <|im_end|>?"
    answers = generate(*loaded, [QUESTIONS[0], marked, QUESTIONS[1]], TOKENS, batch_size=3)
    assert len(answers) == 3 and answers[1].tokens > 0
    assert answers[::2] == generate(*loaded, QUESTIONS[:2], TOKENS)


def test_no_questions_no_answers(loaded):
    assert generate(*loaded, [], TOKENS) == []


def test_an_answer_that_is_cut_off_says_so(loaded):
    answers = generate(*loaded, QUESTIONS, 3)
    assert [(answer.tokens, answer.ended) for answer in answers] == [(3, False)] * len(QUESTIONS)


@pytest.mark.parametrize("named_by", ["tokenizer", "model"])
def test_an_answer_ends_at_the_end_of_turn(loaded, monkeypatch, named_by):
    """Whether the tokenizer or the model's own settings name the token, as Gemma's do with two."""
    model, tokenizer = loaded
    ids = by_hand(model, tokenizer, QUESTIONS[1])
    stop = next(i for i in range(2, TOKENS) if ids[i] not in ids[:i])
    if named_by == "model":
        monkeypatch.setattr(model.generation_config, "eos_token_id", [tokenizer.eos_token_id, ids[stop]])
    else:
        tokenizer = copy.deepcopy(tokenizer)
        tokenizer.eos_token = tokenizer.convert_ids_to_tokens(ids[stop])
        monkeypatch.setattr(model.generation_config, "eos_token_id", None)
    answer = generate(model, tokenizer, QUESTIONS, TOKENS)[1]
    assert (answer.text, answer.tokens, answer.ended) == (tokenizer.decode(ids[:stop]), stop + 1, True)


def test_reasoning_marks_stay_in_the_text(tiny):
    _, tokenizer = models.load_teacher(tiny)
    ids = tokenizer("72 - 10 = 62.\n</think>\n\n62 left.<|im_end|><|endoftext|>", add_special_tokens=False).input_ids
    answer = with_transformers.answer_of(ids, [tokenizer.eos_token_id], tokenizer, opened=True)
    assert answer.text == "72 - 10 = 62.\n</think>\n\n62 left."
    assert evaluation.final_answer(answer.whole) == "62 left."


def test_reasoning_that_the_prompt_opened_and_nothing_closed_is_no_answer(tiny):
    (answer,) = generate(*models.load_teacher(tiny), QUESTIONS[:1], TOKENS)
    assert answer.opened and answer.text
    assert evaluation.final_answer(answer.whole) == ""
    (direct,) = generate(*models.load_student(tiny), QUESTIONS[:1], TOKENS)
    assert not direct.opened and direct.whole == direct.text


def test_the_seed_makes_the_sample_and_disturbs_no_other(loaded):
    def sample(seed):
        return generate(*loaded, QUESTIONS, TOKENS, temperature=1.0, seed=seed)

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = sample(0)
    assert torch.equal(torch.rand(3), expected)
    assert first == sample(0)
    assert first != sample(1)


def test_sampling_is_as_narrow_as_asked(loaded):
    greedy = generate(*loaded, QUESTIONS, TOKENS)
    assert generate(*loaded, QUESTIONS, TOKENS, temperature=1.0, top_k=1) == greedy
    assert generate(*loaded, QUESTIONS, TOKENS, temperature=1.0, top_p=1e-6) == greedy
    assert generate(*loaded, QUESTIONS, TOKENS, temperature=5.0) != greedy


def test_the_models_own_settings_do_not_leak_in(loaded, monkeypatch, caplog):
    """Gemma's folder asks for sampling with top_k 64, Qwen's for a temperature of 0.6."""
    model, tokenizer = loaded
    plain = generate(model, tokenizer, QUESTIONS, TOKENS)
    sampled = generate(model, tokenizer, QUESTIONS, TOKENS, temperature=2.0)
    for name, value in {"do_sample": True, "temperature": 0.6, "top_k": 1, "top_p": 0.9}.items():
        monkeypatch.setattr(model.generation_config, name, value)
    assert generate(model, tokenizer, QUESTIONS, TOKENS) == plain
    assert generate(model, tokenizer, QUESTIONS, TOKENS, temperature=2.0) == sampled
    assert not caplog.records


def test_the_model_is_left_as_it_was(loaded):
    model, tokenizer = loaded
    for training in (True, False):
        model.train(training)
        generate(model, tokenizer, QUESTIONS[:1], 1)
        assert model.training is training


def test_a_short_run_shows_no_bar(loaded, capfd):
    generate(*loaded, QUESTIONS[:1], 1)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False)])
def test_a_long_run_shows_a_bar_that_goes(loaded, capfd, monkeypatch, progress, shown):
    bar = with_transformers.tqdm
    fast = {"delay": 0.01, "mininterval": 0.0}
    monkeypatch.setattr(with_transformers, "tqdm", lambda **settings: bar(**{**settings, **fast}))
    generate(*loaded, QUESTIONS, TOKENS, batch_size=1, progress=progress)
    written = capfd.readouterr().err
    assert ("answers" in written) is shown
    if shown:
        assert written.endswith("\r") and not written.split("\r")[-2].strip(), "the last thing is a wiped line"


# --- scores -------------------------------------------------------------------------------------

PROBLEMS = [Asked((62,)), Asked((28, 4), "smoothies"), Asked((5,)), Asked((), "buses")]
ANSWERS = [
    Answer("Sarah has 62 crayons left.", 9, True),
    Answer("They spend $28 in total, and the average cost per smoothie is $4.", 20, True),
    Answer("Each friend gets 6.", 5, True),
    Answer("so it is 60.\n</think>\n\nThere is a mistake in the problem: 50, not 60.", 20, True, opened=True),
]


def test_accuracy_counts_the_right_answers():
    share = evaluation.accuracy(ANSWERS, PROBLEMS)
    assert (share.n, share.hits, share.value) == (4, 3, 0.75)
    assert share == evaluation.wilson(3, 4)


def test_reasoning_that_was_cut_off_is_wrong_even_where_it_names_the_number():
    cut = Answer("3 × 24 = 72, and 72 - 10 = 62. Wait, let me", 12, False, opened=True)
    assert evaluation.accuracy([cut], [PROBLEMS[0]]).hits == 0


def test_families_are_scored_apart_in_the_order_they_come():
    shares = evaluation.by_family(ANSWERS, PROBLEMS)
    assert {family: (share.hits, share.n) for family, share in shares.items()} == {
        "boxes": (1, 2), "smoothies": (1, 1), "buses": (1, 1),
    }  # fmt: skip
    assert list(shares) == ["boxes", "smoothies", "buses"]


def test_answers_and_problems_must_match():
    with pytest.raises(ValueError):
        evaluation.accuracy(ANSWERS[:3], PROBLEMS)
    with pytest.raises(ValueError, match="no share"):
        evaluation.accuracy([], [])


def test_twins_caught_missed_and_suspected():
    pairs = [(Asked((n,)), Asked(())) for n in range(1, 5)]
    impossible = Answer("The facts do not fit together: 5, not 6.", 9, True)
    number = Answer("There are 7.", 4, True)
    solvable, twins = [number, number, number, impossible], [impossible, number, impossible, number]
    score = evaluation.score_twins(pairs, solvable, twins)
    assert (score.detected.hits, score.detected.n) == (2, 4)
    assert (score.false_alarms.hits, score.false_alarms.n) == (1, 4)
    assert score.missed == (1, 3)


def test_twins_the_wrong_way_round_are_refused():
    with pytest.raises(ValueError, match="solvable problem and an impossible one"):
        evaluation.score_twins([(Asked(()), Asked((5,)))], ANSWERS[:1], ANSWERS[:1])


def test_thousands_of_answers_take_seconds():
    answers = [Answer(f"Sarah has {i} crayons left.", 9, True) for i in range(5000)]
    begun = time.process_time()
    share = evaluation.accuracy(answers, [Asked((i,)) for i in range(5000)])
    assert share.hits == 5000
    assert time.process_time() - begun < 5
