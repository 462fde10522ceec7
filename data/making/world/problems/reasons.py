"""Whether a reason that a response gives for "there is no answer" is true of the problem."""

import re

from data.making.world.problems.model import Missing, Problem
from data.making.world.problems.names import COLORS, NEW_COLORS, listed
from data.making.world.problems.things import CONTAINERS, NEW_CONTAINERS
from helpers.problems.model import Claim

LACK = re.compile(
    r"\b(not|no|never|nothing|nobody|without|missing|unknown|unclear|unsaid|unstated|isn't|aren't|doesn't|don't|lacks?|"
    r"needs?|omitted|forgot\w*|leaves? out|left out)\b"
)
# Words that are in every question or carry no sense of their own.
COMMON = frozenset(
    listed(
        "a an the is are was were has have had how many much what which for of in on to it there each not said and one "
        "more fewer less day days does do with at this that he she they we i so but then all only both"
    )
)
# Words of `Missing.what` that tell one missing fact from another of the same person, and what else says the same.
SAME = {
    "costs": ("cost", "price", "costs", "priced"), "price": ("cost", "price", "costs", "sells", "worth"),
    "gives": ("give", "gives", "gave", "given", "away"), "gets": ("get", "gets", "got", "receives", "new"),
    "loses": ("lose", "loses", "lost", "gone"), "each": ("each", "every", "per", "one"),
    "fewer": ("fewer", "less", "more", "difference"), "more": ("more", "fewer", "less", "difference"),
    "friends": ("friends", "people"), "days": ("days", "long"), "needs": ("needs", "need", "goal", "enough", "wants"),
    "buys": ("buys", "buy", "bought"), "pays": ("pays", "pay", "paid", "gives", "money"),
    "collects": ("collects", "collect", "collected"),
    "has": ("has", "have", "had", "owns", "owned", "begins", "starts", "start", "first"),
    "coupon": ("coupon", "discount", "voucher", "off"), "delivery": ("delivery", "fee", "charge"),
    "used": ("used", "uses", "use"), "share": ("share", "shares", "friends", "pay", "split"),
}  # fmt: skip


SHADES = frozenset((*COLORS, *NEW_COLORS))
BOXES = frozenset((*CONTAINERS, *NEW_CONTAINERS))
LIKE_MORE = {"more", "fewer", "needs", "gets"}


def true_reason(text: str, problem: Problem) -> bool:
    """Whether `text`, the sentence that follows a verdict, says why this problem has no answer.

    Two numbers that do not fit must be named, both of them, with no number that is neither said in the question nor
    found on the way; of the problem's names those that the reason is about, and no other. Where a fact is missing,
    what is missing, whose it is, and that it is not said. False for a problem that has an answer.
    """
    if not problem.impossible:
        return False
    last = problem.plans[0][-1]
    if strangers(text, problem) or not same_people(text, problem):
        return False
    return says_missing(text, last, problem) if isinstance(last, Missing) else says_claim(text, last, problem)


def numbers_in(text: str) -> set[int]:
    return {int(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})*", text)}


def owners(text: str, problem: Problem) -> set[str]:
    """The names of the problem's people, buses or goods that a text uses."""
    return {name for name in names_of(problem) if re.search(rf"\b{re.escape(name)}(?:s|es|'s)?\b", text)}


def names_of(problem: Problem) -> set[str]:
    """Whose the numbers are: of (operation, who, other, ..., number) the words that can be who or other."""
    found = set()
    for fact in (*problem.facts, problem.asked):
        words = [part for part in fact[1:] if isinstance(part, str) and part not in ("<", ">", "cost", "")]
        found |= {word for word in words if word[0].isupper()}
        if fact[0].startswith("price") or fact[0] in ("sum", "each") or (fact[0] == "order" and words[0][0].islower()):
            found |= {word for word in words if word not in PLURALS}
    return found


PLURALS = ("passengers", "children", "visitors", "workers", "tourists")


def same_people(text: str, problem: Problem) -> bool:
    """Whether a text is about those whom the reason is about: at least its first, and nobody beside them.

    A person who is the only one of the story need not be named, nor anybody where two numbers do not fit.
    """
    named, meant = owners(text, problem), owners(problem.reason, problem)
    allowed = meant | owners(getattr(problem.plans[0][-1], "label", ""), problem)
    if not named <= allowed:
        return False
    if not named and isinstance(problem.plans[0][-1], Claim):
        return True  # the two numbers say what it is about
    return bool(named & meant) or not meant or len(names_of(problem)) == 1


def known_numbers(problem: Problem, last: Claim) -> set[int]:
    """All that the question says and all that its plan finds."""
    known = {part for fact in problem.facts for part in fact if isinstance(part, int)}
    for item in problem.plans[0]:
        known |= {item.left, *((item.right,) if item.right is not None else ())}
        known |= {item.found if isinstance(item, Claim) else item.result}
    return known | {last.stated, last.found, last.stated - last.found, last.found - last.stated}


def strangers(text: str, problem: Problem) -> bool:
    """Whether a text names someone whom the question does not know, such as a name copied wrongly."""
    known = set(re.findall(r"[A-Z]\w+", f"{problem.question} {problem.reason}"))
    inside = re.findall(r"(?<=[a-z0-9,;:'\"] )[A-Z]\w+", text)
    # At the beginning any word has a capital, but only somebody has, gives or needs anything.
    first = re.findall(r"(?:^|[.!?] )([A-Z]\w+)(?='s| (?:has|had|would|cannot|already|gives|needs|only))", text)
    return any(name not in known and name.lower() not in COMMON for name in (*inside, *first))


def says_claim(text: str, last: Claim, problem: Problem) -> bool:
    said, known = numbers_in(text), known_numbers(problem, last)
    if problem.kind == "share":
        # n × q misses the total: the total and n are what matters.
        must = {last.stated, last.left}
        if not parts_and_whole(text, last, problem):
            return False
        known |= {last.stated % last.left, (last.right + 1) * last.left, last.right + 1}
    else:
        must = {last.found, last.stated}
    if not (must <= said and said <= known):
        return False
    if problem.kind in ("taken", "parts") and f"{last.stated}" in re.findall(r"\b(?:only|has) \$?(\d+)", text):
        return False  # what is asked for is not what there is
    if problem.kind == "order":
        return each_its_own(text, last, problem)
    if problem.kind == "contradiction":
        return not swapped(text, last)
    return True


def parts_and_whole(text: str, last: Claim, problem: Problem) -> bool:
    """Whether the number before the things is the whole, and the number of friends or in each box the other."""
    thing = next((fact[2] for fact in problem.facts if fact[0] in ("share", "pack")), "things")
    whole, part = f"{last.stated}", f"{last.left}"
    things, friends = re.findall(rf"(\d+) {re.escape(thing)}\b", text), re.findall(r"(\d+) friends", text)
    return whole in (things or [whole]) and part in (friends or [part])


def swapped(text: str, last: Claim) -> bool:
    """ "50, not 42" where 42 was found: the numbers change places."""
    return bool(re.search(rf"\b{last.stated}\b[^.]*?, not \D*{last.found}\b", text))


def each_its_own(text: str, last: Claim, problem: Problem) -> bool:
    """Where an order is stated: the two names come in the order of their two numbers."""
    owner = sorted(owners(last.label, problem), key=last.label.index)
    if len(owner) < 2 or not all(name in text for name in owner):
        return True
    number = dict(zip(owner, (last.left, last.stated), strict=False))
    by_name = [number[name] for name in sorted(owner, key=text.index)]
    return by_name == sorted(by_name, key=lambda n: position(text, n))


def position(text: str, number: int) -> int:
    match = re.search(rf"\b{number}\b", text)
    return match.start() if match else len(text)


def says_missing(text: str, last: Missing, problem: Problem) -> bool:
    """Whether a text says that this fact is not given: whose it is, its telling words in one of their forms."""
    low, what = text.lower(), re.sub(r"\b[A-Z]\w+(?:'s)?", "", last.what)
    if not LACK.search(low) or not numbers_in(text) <= numbers_in(what):
        return False
    owner = sorted(owners(last.what, problem), key=last.what.index)[:1]
    if owner and owner[0][0].isupper() and owner[0] not in text and len(names_of(problem)) > 1:
        return False
    words, meant = set(re.findall(r"[a-z]+", low)), re.findall(r"[a-z]+", what)
    # "more" and "fewer" and colors belong to their own facts: "how many pens" and "how many blue pens" are two.
    if words & SHADES != set(meant) & SHADES or bool(words & {"more", "fewer"}) > bool({*meant} & LIKE_MORE):
        return False
    if not words & BOXES <= {*meant}:
        return False  # a number in each of other boxes
    telling = [word for word in meant if word in SAME and not (word == "has" and {"more", "fewer"} & {*meant})]
    if not all(words & {*SAME[word]} for word in telling):
        return False
    nouns = [word for word in meant if word not in COMMON and word not in SAME and word not in SHADES]
    return not nouns or any(word[:-1] in low for word in nouns)
