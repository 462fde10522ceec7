"""Single skills and loose sentences: all that a student knows before its lessons. No two steps of one problem."""

import random
import re

from data.making.demonstrations import sentence
from data.making.skills import Skill, compare_skill, is_of, read_skill, sum_of
from data.making.tasks import facts as sums
from data.making.world.demonstrations import Pieces, plain, reply, working
from data.making.world.problems import Problem, Step, draw
from data.making.world.problems.cast import invented
from data.making.world.wordings import JOINS

SKILLS = ("read", "copy", "spell", "sum", "compare", "step")
ASKED = "Read this. "
LARGEST = 200
SPELL = ("Say this word again: {}.", "Repeat the name {}.", "Write this word: {}.", "What is this word? {}.")


def strange_word(rng: random.Random) -> str:
    """A word that can be spoken and that nobody knows, or a name."""
    word = invented(rng, held=False)
    return word.title() if rng.random() < 0.6 else word


def one_skill(kind: str, problem: Problem, rng: random.Random) -> Skill | None:
    """A task of this kind about a problem; None where the problem has none of this kind."""
    if kind == "spell":
        word = strange_word(rng)
        return Skill(kind, rng.choice(SPELL).format(word), f"{word}.")
    if kind == "compare":
        return compare_skill(rng, LARGEST)
    if kind in ("read", "copy"):
        return read_skill(kind, problem, rng)
    steps = [item for item in rng.choice(problem.plans) if isinstance(item, Step)]
    if not steps or (kind == "step" and len(steps) < 2):  # the only step of a problem would be its whole chain
        return None
    place = rng.randrange(len(steps))
    if kind == "sum":
        return Skill(kind, f"Write one sum. {steps[place].part}", sum_of(steps[place]))
    return Skill(kind, step_prompt(problem.question, steps, place), sum_of(steps[place]))


def step_prompt(question: str, steps: list[Step], place: int, ask: str = "Write one sum:") -> str:
    """Asks for one step by name. What it needs of earlier ones is given as a bare number, never as a sum."""
    step = steps[place]
    needed = [one for one in steps[:place] if one.result in (step.left, step.right)]
    given = "".join(f"{sentence(one.label)}: {one.result}. " for one in needed)
    return f"{ASKED}{question}\n\n{given}{ask} {step.label}."


def step_turn(problem: Problem, rng: random.Random) -> tuple[str, str] | None:
    """A step's prompt and answer: the bare sum, or the sum after the name of what it finds."""
    task = one_skill("step", problem, rng)
    if not task or rng.random() < 0.5:
        return task and (task.prompt, task.answer)
    before, _, label = task.prompt.rpartition("Write one sum: ")
    name = sentence(label.removesuffix("."))
    return f"{before}Work out {label}", f"{name}{rng.choice(JOINS)}{task.answer}"


def draw_skills(split: str, n: int, seed: int, kinds=SKILLS) -> list[Skill]:
    """`n` different skills of a split, the kinds taking turns."""
    rng = random.Random(f"world skills {split} {seed}")
    found: dict[str, Skill] = {}
    source, tries = iter(()), 0
    while len(found) < n:
        problem = next(source, None)
        if problem is None:
            source = iter(draw(split, 170, rng.getrandbits(32), True))
            continue
        skill = one_skill(kinds[len(found) % len(kinds)], problem, rng)
        tries += 1
        if skill and skill.prompt not in found and is_of(split, skill):
            found[skill.prompt] = skill
        elif tries > 200 * n:
            raise ValueError(f"the world has too few tasks of {', '.join(kinds)} for {n}")
    return list(found.values())


def facts(rng: random.Random) -> Pieces:
    """`data.making.tasks.facts`, of the numbers that this world has."""
    return sums(rng, _fact)


def _fact(rng: random.Random) -> tuple[int, str, int]:
    op = rng.choice("+++---×××÷÷")
    most = LARGEST if rng.random() < 0.7 else 2 * LARGEST
    if op == "+":
        return rng.randint(1, most), op, rng.randint(1, most)
    if op == "-":
        left = rng.randint(2, most)
        return left, op, rng.randint(1, left)
    few = rng.randint(2, 12)
    many = rng.randint(2, 60)
    if op == "×":
        return (few, op, many) if rng.random() < 0.6 else (many, op, few)
    return few * many, op, few if rng.random() < 0.8 else many


def loose_text(problems: list[Problem], rng: random.Random) -> Pieces:
    """One sentence of each problem's working, in no order: the words of reasoning, and no reasoning.

    A real student has read much before it meets a teacher. Words that it never saw cannot be taught by adapters,
    because those leave the embeddings as they are.
    """
    sentences = []
    for problem in problems:
        said = working(problem, rng)
        sentences.append(rng.choice(said) if rng.random() < 0.85 else plain(reply(problem, rng)))
    tag = rng.choice(("", "", "b", "i", "note", "think"))
    pieces = plain(f"<{tag}>\n" if tag else "")
    for number, one in enumerate(sentences):
        start = " " if number else ""
        if tag and number == len(sentences) - 1:
            start = f"\n</{tag}>\n\n"
        pieces += [(f"{start}{one[0][0]}", one[0][1]), *one[1:]]
    return pieces


def told(problem: Problem) -> str:
    """The control: a question with its plan laid down, step by step, by name and without a number."""
    names = [re.sub(r"\d+", "some", item.label) for item in problem.plans[0] if isinstance(item, Step)]
    return f"{ASKED}{problem.question}\n\nWork through {', then '.join(names)}."
