"""The parts of reasoning, one at a time: read a number, copy a name, state a sum, compare two numbers, take a step."""

import random
import re
from dataclasses import dataclass

from helpers.problems import draw, known_split, split_of
from helpers.problems.model import Step, calculate

KINDS = ("read", "copy", "sum", "compare", "step")
SIGNS = {"plus": "+", "minus": "-", "times": "×", "divided by": "÷"}


@dataclass(frozen=True)
class Skill:
    """One small task with its answer; kind is one of KINDS."""

    kind: str
    prompt: str
    answer: str

    def is_right(self, text: str) -> bool:
        """Whether a reply says the answer; a sum may swap its terms or write its signs as words."""
        return _plain(text) == _plain(self.answer)


def equation(left: int, op: str, right: int) -> str:
    """`3 × 24 = 72`."""
    return f"{left} {op} {right} = {calculate(left, op, right)}"


def comparison(left: int, right: int) -> str:
    """`12 is fewer than 30`, `30 is more than 12` or `12 is the same as 12`."""
    return f"{left} is {'more than' if left > right else 'fewer than' if left < right else 'the same as'} {right}"


def draw_skills(split: str, n: int, seed: int, kinds=KINDS) -> list[Skill]:
    """`n` different skills of a split, the kinds taking turns. Raises ValueError for an unknown kind or split."""
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise ValueError(f"no skill called {', '.join(unknown)}; choose from {', '.join(KINDS)}")
    rng = random.Random(f"skills {known_split(split)} {seed}")
    seen, found, source = set(), [], iter(())
    while len(found) < n:
        problem = next(source, None)
        if problem is None:
            source = iter(draw(split, 170, rng.getrandbits(32), impossible=True))
            continue
        skill = one_skill(kinds[len(found) % len(kinds)], problem, rng)
        if skill and skill.prompt not in seen and is_of(split, skill):
            seen.add(skill.prompt)
            found.append(skill)
    return found


def is_of(split: str, skill: Skill) -> bool:
    """Whether a task belongs to a split: by its question where it has one, else by its own words."""
    return skill.kind in ("read", "copy", "step") or split_of(skill.prompt) == split


def one_skill(kind: str, problem, rng: random.Random) -> Skill | None:
    """A task of this kind about a problem; None where the problem has none of this kind."""
    if kind == "compare":
        return compare_skill(rng)
    if kind == "sum":
        step = rng.choice([item for plan in problem.plans for item in plan if isinstance(item, Step)])
        return Skill(kind, f"Write one sum. {step.part}", sum_of(step))
    if kind == "step":
        steps = steps_of(problem, rng)
        place = rng.randrange(len(steps))
        return Skill(kind, step_prompt(problem.question, steps, place), sum_of(steps[place]))
    return read_skill(kind, problem, rng)


def compare_skill(rng: random.Random, largest: int = 120) -> Skill:
    """Two numbers to compare, the first of them 2 to `largest`."""
    left = rng.randint(2, largest)
    right = left if rng.random() < 0.2 else max(2, left + rng.randint(-50, 50))
    return Skill("compare", f"Compare {left} and {right}.", comparison(left, right) + ".")


def read_skill(kind: str, problem, rng: random.Random) -> Skill | None:
    """A number of a question to read, or a name to copy; None where the problem has none."""
    queries = [pair for pair in problem.reads if any(c.isdigit() for c in pair[1]) == (kind == "read")]
    if not queries:
        return None
    query, answer = rng.choice(queries)
    return Skill(kind, read_prompt(problem.question, query), answer)


def read_prompt(question: str, query: str) -> str:
    """Asks for one number or name of a question, not for its answer."""
    return f"Read this. {question}\n\nOnly tell me this. {query}"


def steps_of(problem, rng: random.Random) -> list[Step]:
    """The sums of one of a problem's plans, in their order."""
    return [item for item in rng.choice(problem.plans) if isinstance(item, Step)]


def sum_of(step: Step) -> str:
    """The sum of a step as a sentence: `3 × 24 = 72.`"""
    return equation(step.left, step.op, step.right) + "."


def step_prompt(question: str, steps: list[Step], place: int, ask: str = "Write one sum:") -> str:
    """Asks for one sum of a plan by name and gives the sums before it: which is next is not the student's to say."""
    given = "".join(f" {sum_of(step)}" for step in steps[:place])
    so_far = f"So far:{given} " if given else ""
    return f"Read this. {question}\n\n{so_far}{ask} {steps[place].label}."


def _plain(text: str) -> str:
    """One form for all ways to say the same: signs, terms in order, no end mark."""
    text = text.strip().rstrip(".").strip()
    for word, sign in SIGNS.items():
        text = text.replace(f" {word} ", f" {sign} ")
    if match := re.fullmatch(r"(\d+) ([+×]) (\d+) (?:=|is) (\d+)", text):
        left, op, right, result = match.groups()
        left, right = sorted((left, right), key=int)
        return f"{left} {op} {right} = {result}"
    return re.sub(r"^(\d+ [-÷] \d+) is (\d+)$", r"\1 = \2", text)
