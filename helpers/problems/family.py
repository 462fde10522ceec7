"""How a family of word problems is made: what is drawn for it fills the texts that say it.

The texts of a family are lines. In each, `{a}` is the value that is called a, ` | ` stands between parts, and ¶ ends a
line of the text; what has no key goes on with the line before.

    ask: a way to ask; the last thing that is drawn is one of them
    step: sum = a + b | what the result is | the facts that this one sum needs
    test: a + b = c | what is compared           or  test: a > b | what is compared
    or: the steps from here on are another plan
    reason: why there is no answer, if a test fails; {found} is what it found
    answer: the names of the numbers asked for; the last step's result without this line
    reply: ways to say the answer
    read: the answer | what asks for this number or name of the question
"""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from helpers.problems.model import Claim, Problem, Step

KEYS = ("ask", "step", "test", "or", "reason", "answer", "reply", "read")


@dataclass(frozen=True)
class Family:
    """Problems that differ in their numbers and words alone.

    Args:
        name: What the family is called.
        draw: Draws a problem's values, or those of a problem and of its impossible twin.
        texts: (key, parts) of each line of the texts.
    """

    name: str
    draw: Callable[[random.Random], dict | tuple[dict, dict]]
    texts: tuple[tuple[str, list[str]], ...]

    def drafts(self, rng: random.Random) -> list[tuple[str, dict]]:
        """Draws what `problem` makes a problem of: a question and its values; two where the family has twins."""
        drawn = self.draw(rng)
        ways = [parts[0] for key, parts in self.texts if key == "ask"]
        way = rng.choice(ways) if len(ways) > 1 else ways[0]
        return [(way.format_map(values), values) for values in (drawn if isinstance(drawn, tuple) else (drawn,))]

    def problem(self, question: str, values: dict) -> Problem:
        """The whole problem of a draft."""
        known, plans, failed, answer = dict(values), [[]], False, []
        said = {"reason": [], "reply": [], "read": []}
        for key, parts in self.texts:
            if key in ("step", "test"):
                item = _step(parts, known) if key == "step" else _claim(parts, known)
                if not failed:  # nothing follows a claim that does not hold
                    plans[-1].append(item)
                    failed = key == "test" and not item.holds
                if key == "step":
                    answer = [parts[0].split()[0]]
            elif key == "or":
                plans.append([])
            elif key == "answer":
                answer = parts[0].split()
            elif key in said:
                said[key].append([part.format_map(known) for part in parts])
        return Problem(
            question,
            self.name,
            () if failed else tuple(known[name] for name in answer),
            # A plan that comes down to nothing on its way is left out.
            plans=tuple(map(tuple, (plan for plan in plans if failed or all(map(_is_above_zero, plan))))),
            replies=tuple(reply for parts in said["reply"] for reply in parts),
            reads=tuple((query, found) for found, query in said["read"]),
            reason=said["reason"][0][0] if failed else None,
        )


def family(texts: str) -> Callable[[Callable], Family]:
    """Makes the Family of a function that draws its values, named as the function is.

    Args:
        texts: The lines that this file's head explains.
    """
    parted = []
    for line in re.split(rf"\n\s*(?=(?:{'|'.join(KEYS)}):)", texts.strip()):
        key, _, said = " ".join(line.split()).partition(":")
        parted.append((key, said.strip().replace("¶ ", "\n").replace("¶", "\n").split(" | ")))
    return lambda draw: Family(draw.__name__, draw, tuple(parted))


def _step(parts: list[str], known: dict) -> Step:
    equation, label, part = parts
    name, _, left, op, right = equation.split()
    left, right = (int(term) if term.isdigit() else known[term] for term in (left, right))
    step = Step(label.format_map(known), left, op, right, part.format_map(known))
    known[name] = step.result
    return step


def _claim(parts: list[str], known: dict) -> Claim:
    equation, label = parts
    left, op, *right, stated = equation.replace("=", "").split()
    claim = Claim(label.format_map(known), known[left], op, known[right[0]] if right else None, known[stated])
    known["found"] = claim.found
    return claim


def _is_above_zero(item: Step | Claim) -> bool:
    return isinstance(item, Claim) or item.result > 0
