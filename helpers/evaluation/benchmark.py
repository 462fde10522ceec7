"""The same questions for every model, and what each one wrote."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import problems, questions
from helpers.evaluation import missing_premise
from helpers.evaluation.reading import says_impossible
from helpers.evaluation.statistics import Estimate, wilson
from helpers.questions.missing_premise import missing_premises
from helpers.tiers import Sampling, Tier

# Not before a model answers: they load PyTorch.
if TYPE_CHECKING:
    from helpers.generation.with_transformers import Answer

GREEDY = Sampling(temperature=0.0)
WHOLE = Sampling(temperature=1.0)  # a tier whose teacher samples like this advises no settings for it
MADE = 500  # test problems, where they are made here without end


@dataclass(frozen=True)
class Benchmark:
    """What every model is asked.

    Attributes:
        asked: problems with `.question`, `.answer` and `.family`, and an `.answer_kind` where that is no number.
        pairs: (solvable, impossible) twins, or none.
        seeds: the three questions of `problems.SEED_QUESTIONS`.
        noticed: whether a response says that its problem has no answer.
    """

    asked: list
    pairs: list[tuple] = field(default_factory=list)
    seeds: list = field(default_factory=list)
    noticed: Callable[[str], bool] = says_impossible

    def first(self, n: int) -> "Benchmark":
        """The first n problems alone, without pairs and seeds."""
        return Benchmark(self.asked[:n])


@dataclass(frozen=True)
class Responses:
    """One model's answers to an exam, each list in the exam's order.

    Attributes:
        asked: the answers to its problems.
        solvable: to the first problem of each pair.
        impossible: to the second of each.
        seeds: to the three questions.
        seconds: of writing them all.
        parameters: of the model, with its adapter's; None where it is behind a server.
    """

    asked: "list[Answer]"
    solvable: "list[Answer]"
    impossible: "list[Answer]"
    seeds: "list[Answer]"
    seconds: float
    parameters: int | None

    @property
    def answers(self) -> "list[Answer]":
        """All of them."""
        return [*self.asked, *self.solvable, *self.impossible, *self.seeds]

    @property
    def ended(self) -> Estimate:
        """The share of all answers that ended by themselves."""
        return wilson(sum(answer.ended for answer in self.answers), len(self.answers))


def draw_benchmark(tier: Tier, n: int, pairs: int, seed: int, lacking: bool = False) -> Benchmark:
    """n test problems, `pairs` pairs of twins where the tier's problems are made here, and the three seed questions.

    Of the reader's own questions there are no pairs; where there are fewer than n, all are taken, which is printed.

    Args:
        tier: whose problems they are.
        n: how many problems.
        pairs: how many pairs.
        seed: of the drawing.
        lacking: on the other tiers, take questions that lack something they need, with their originals
            (`missing_premises`), as pairs; where they cannot be had there are none, and why is printed.

    Raises:
        ValueError: as `questions.draw` and `missing_premises`.
        OSError: as `questions.draw`.
    """
    seeds = [questions.Question(text, answer, name) for name, (text, answer) in problems.SEED_QUESTIONS.items()]
    asked = questions.draw(tier, "test", n, seed, fewer=tier.data.own)
    if tier.data.own:
        return Benchmark(asked, [], seeds)
    if tier.data.made_here:
        return Benchmark(asked, problems.draw_twins("test", min(pairs, tier.data.most or pairs), seed), seeds)
    try:
        twins = missing_premises(pairs, seed) if lacking else []
    except OSError as error:
        print(f"no pairs of an impossible problem and its original: {error}")
        twins = []
    return Benchmark(asked, twins, seeds, missing_premise.notices)


def size(tier: Tier) -> int:
    """How many test problems the final exam has: all there are, or 500 where problems are made here without end.

    Raises as `questions.draw`.
    """
    return questions.count(tier, "test") or MADE


def teacher(exam: Benchmark, tier: Tier) -> Responses:
    """The teacher's answers: greedy, or sampled as its makers advise where the tier says how (greedy Qwen3 loops).

    It writes through the fastest engine there is (`helpers.generation`). The model is loaded and unloaded.
    Raises as `generation.load_teacher`.
    """
    from helpers import generation

    sampling = GREEDY if tier.sampling == WHOLE else tier.sampling
    return _sit(exam, generation.load_teacher(tier), tier.max_new_tokens, tier.generate_batch, sampling)


def student(exam: Benchmark, tier: Tier, adapter: Path | str | None = None, role: str = "student") -> Responses:
    """The student's answers, greedy, in 4 bits as it was trained.

    The model is loaded and unloaded. Raises as `models.load_student` and `models.load_sibling`.

    Args:
        exam: what it is asked.
        tier: whose student it is.
        adapter: what it learnt; None for the student before its lessons.
        role: in the tier, the "student" or the "sibling".
    """
    from helpers import models

    load = {"student": models.load_student, "sibling": models.load_sibling}[role]
    return _sit(exam, load(tier, adapter=adapter), tier.answer_tokens, tier.answer_batch, GREEDY)


def ensemble(
    exam: Benchmark, tier: Tier, adapters: Mapping[str, Path | str], role: str = "student"
) -> Responses:
    """The answers of several adapters of one base as one: greedy, from the mean of their distributions, in 4 bits.

    The model is loaded without Unsloth, and unloaded. Raises as `models.adapters.load_adapters`.

    Args:
        exam: what it is asked.
        tier: whose student it is.
        adapters: their folders, by any names.
        role: in the tier, the "student" or the "sibling".
    """
    from helpers import generation
    from helpers.models.adapters import load_adapters

    model, tokenizer = load_adapters(replace(tier, engine="transformers"), adapters, role)
    together = generation.Transformers(model, tuple(adapters))
    batch = max(1, tier.answer_batch // len(adapters))  # each answer takes a row for each
    return _sit(exam, (together, tokenizer), tier.answer_tokens, batch, GREEDY)


def _sit(exam: Benchmark, loaded: tuple, room: int, batch: int, sampling: Sampling) -> Responses:
    from helpers import generation, models

    model, tokenizer = loaded
    parts = exam.asked, [one for one, _ in exam.pairs], [two for _, two in exam.pairs], exam.seeds
    texts = [problem.question for part in parts for problem in part]
    try:
        begun = time.perf_counter()
        answers = iter(generation.generate(
            model, tokenizer, texts, room, batch,
            temperature=sampling.temperature, top_p=sampling.top_p, top_k=sampling.top_k,
        ))  # fmt: skip
        seconds = time.perf_counter() - begun
        counted = model.model if isinstance(model, generation.Transformers) else model
        parameters = None if isinstance(model, generation.Endpoint) else models.parameter_count(counted)
        return Responses(*([next(answers) for _ in part] for part in parts), seconds, parameters)
    finally:
        generation.unload(model)
