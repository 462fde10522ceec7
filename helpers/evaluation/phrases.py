"""How a response says that a problem has no answer: each pattern stands beside the sentences that it is for."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple


class Phrase(NamedTuple):
    """A way to say something.

    Attributes:
        pattern: it is looked for in a sentence in small letters.
        sentences: which it alone finds.
        negated: whether it has its negation in it ("do not fit"), so that a "not" before it does not turn it round.
        kind: what it speaks of, see IMPOSSIBLE.
    """

    pattern: str
    sentences: tuple[str, ...]
    negated: bool = False
    kind: str = "problem"


# What turns a phrase round, up to four words before it, and a sentence in which it does.
TURNS = (
    (r"\bno", "I see no real mistake in the problem."),
    (r"\bnot", "That is not impossible."),
    ("n't", "It isn't impossible."),
    (r"\bnever", "It was never impossible."),
    (r"\bnothing", "Nothing in it contradicts the first fact."),
    (r"\bnone", "None of it contradicts the first fact."),
    (r"\bwithout", "It works out without a contradiction."),
    (r"\bavoids?", "That avoids a contradiction."),
    (r"\bif", "If they contradicted each other, I would say so."),
    (r"\bwhether", "We check whether they contradict each other."),
    (r"\bma(?:de|kes?)", "She made a mistake in the first question."),
)
TURNS_NEGATED = (
    (r"\bif", "If the facts do not fit together, I say so."),
    (r"\bwhether", "We check whether the facts do not fit together."),
    ("(?:not|n't) (?:true |mean )?that", "It is not true that the facts do not fit together."),
)


def turning(rows: Iterable[tuple[str, str]]) -> re.Pattern:
    """What stands at the end of the words before a phrase and turns it round.

    In "not 40 which is a contradiction", what the "not" speaks of ends at "which".
    """
    words = "|".join(word for word, _ in rows)
    return re.compile(rf"(?:{words})(?: (?!(?:which|that|so|because|but|and)\b)[\w']+){{0,4}} $")


TURNED, TURNED_NEGATED = turning(TURNS), turning(TURNS_NEGATED)

# What a problem and its parts are called, with up to three words behind it.
PROBLEM = r"(?:problem|question|puzzle|scenario|situation|setup|wording)"
FACTS = r"(?:statements?|facts?|premises?|conditions?|constraints?|numbers|figures|data|information|clues|claims)"
SUBJECT = (
    rf"\b(?:{PROBLEM}|{FACTS})(?:,? as (?:it is )?(?:stated|given|written|posed|described),?)?"
    r"(?: (?!that|which)[\w']+){0,3}?"
)
FAULT = r"(?:mistake|error|typo|flaw|inconsistency|contradiction)s?"
IS = r" (?:is|are|was|were|seems?|appears?|looks?|must be)(?: to be)?(?: \w+)? "
DO_NOT = r"\b(?:do|does|did)(?: not|n't)"
CANNOT = r"\b(?:cannot|can not|can't|could not|couldn't)"
EACH_OTHER = r"(?:each other|one another|themselves|itself)"
# Where "impossible" stands for itself, and not for what comes next: "impossible to buy half a ticket".
ALONE = r"(?= *(?:[.,;:!)]|$|as\b|because|since|given|under|in this))"

# kind "problem": speaks of the problem. "claim": may speak of a step of the working, and counts only where no answer
# was boxed or named before it. "thing": may speak of things in the story, and counts only where, besides, no number is
# said after it.
IMPOSSIBLE = (
    Phrase(rf"(?<!\d )\b{FAULT} (?:in|with) (?:the|this|these|its|your) (?:\w+ ){{0,2}}?(?:{PROBLEM}|{FACTS})\b"
           "(?! (?:paper|sheet|set|book|bank|list))",
           ("There is a mistake in the problem.", "I found an error in the first statement.")),
    Phrase(rf"\b(?:{PROBLEM}|{FACTS}) (?:has|have|contains?) (?:an? |some )?(?:\w+ )?{FAULT}",
           ("The question has an error in it.",)),
    Phrase(rf"\b(?:wrong|off|amiss) with (?:the|this|these) (?:\w+ )?(?:{PROBLEM}|{FACTS})",
           ("Something is wrong with the numbers.",)),
    Phrase(rf"\bcontradict(?:s|ed|ing)? (?:{EACH_OTHER}|the\b|what\b|that\b)",
           ("These two contradict each other.", "The library would have more, which contradicts the first fact.")),
    Phrase(SUBJECT + r" contradict\b(?! \w)", ("The two statements contradict.",)),
    Phrase(rf"{SUBJECT} (?:conflict|clash)(?:e?s)?\b"
           rf"|\bconflict(?:s|ing)? with (?:{EACH_OTHER}|the (?:first|second|other|given))",
           ("The two conditions conflict.", "The numbers given clash.", "This conflicts with the first fact.")),
    Phrase(SUBJECT + IS + "(?:flawed|faulty|wrong|incorrect|false|invalid|nonsensical|ill-posed|incompatible|at odds"
           "|in conflict|impossible)",
           ("The question is flawed.", "One of these facts must be wrong.")),
    Phrase(rf"\bimpossible (?:{PROBLEM}|to (?:solve|answer|determine|find|calculate|satisfy|reconcile)"
           "|for (?:both|all|these|the (?:two|conditions|facts|statements|numbers)))",
           ("This is an impossible problem.", "It is impossible to satisfy both. There are 40 seats.")),
    Phrase(rf"\b(?:mutually exclusive|exclude {EACH_OTHER}|rule {EACH_OTHER} out)",
           ("The two are mutually exclusive.", "The two rule each other out.")),
    Phrase(r"\bfalse premise", ("It all rests on a false premise.",)),
    Phrase(r"\binsufficient information\b", ("There is insufficient information.",)),
    Phrase(r"\bnot enough information\b", ("There is not enough information to answer this.",), negated=True),
    Phrase(rf"{SUBJECT} {DO_NOT} (?:\w+ )?(?:fit|agree|match)\b|{DO_NOT} (?:all )?(?:fit|belong|go|agree) together",
           ("The facts do not fit.", "These two do not go together."), negated=True),
    Phrase(rf"{CANNOT} (?:both|all) hold\b|\bboth {CANNOT} (?:be|hold)\b",
           ("The constraints cannot all hold.", "Both can't hold."), negated=True),
    Phrase(rf"\bno such (?:\w+ )?\w+ (?:exists?|is possible)|{CANNOT} be such an?\b"
           r"|\bno (?:\w+ )?(?:number|value|way)s?(?: of \w+)? (?:that |which |can |to |for )*"
           "(?:satisf|fulfil|meet|make|both|all|this)",
           ("No such numbers exist.", "There cannot be such a number.", "There is no number that satisfies both."),
           negated=True),
    Phrase(r"\bunsolvable\b", ("It is unsolvable.",), kind="claim"),
    Phrase(rf"\bthere(?:'s| is| seems to be| must be) an? (?:\w+ )?{FAULT}(?= *[.,;:!]|$)",
           ("There's a mistake: 45 is more than 40.",), kind="claim"),
    Phrase(r"\ba contradiction\b|\bcontradictory\b",
           ("The total is not 40 which is a contradiction.", "This is contradictory."), kind="claim"),
    Phrase(r"\binconsisten(?:t|cy|cies)\b", ("It contains an inconsistency.",), kind="claim"),
    Phrase(rf"\bimpossible\b{ALONE}", ("IMPOSSIBLE", "This is impossible."), kind="claim"),
    Phrase(rf"{DO_NOT} (?:add up|make sense|work out)\b|\bmakes? no sense\b",
           ("That doesn't add up.", "A negative number of seats makes no sense."), negated=True, kind="claim"),
    Phrase(rf"{CANNOT} (?:both |all |possibly )*be (?:true|right|correct|solved|determined|answered|satisfied|met)",
           ("They can not both be true.", "It cannot be solved as stated."), negated=True, kind="claim"),
    Phrase(rf"{CANNOT} (?:exist|occur|have (?:happened|been)|happen|be{ALONE}"
           "|be that (?:she|he|it|they|there|the|both))",
           ("Such a day can't exist.", "That can't be."),
           negated=True, kind="claim"),
    Phrase(rf"(?:\bnot|n't) (?:\w+ly |an? )?(?:possible{ALONE}|consistent|compatible|solvable)",
           ("This scenario isn't possible.", "That is not consistent with it."), negated=True, kind="claim"),
    Phrase(r"\bno (?:\w+ )?solutions?\b(?! (?:left|for|of|in)\b)|\bnot have a solution",
           ("There is no solution.", "Therefore, no valid solution exists."), negated=True, kind="claim"),
    Phrase(r"\b(?:has|have|is) no (?:\w+ )?answer\b|\bno (?:\w+ )?answer (?:exists|is possible)",
           ("The problem has no valid answer.", "No answer is possible."), negated=True, kind="claim"),
    Phrase(r"\bimpossible (?:to|for|that)\b", ("It is impossible to give 49 away.",), kind="thing"),
    Phrase(r"(?:\bnot|n't) (?:\w+ly )?possible (?:to|for|that)\b",
           ("It is not possible for her to give 49 away.",), negated=True, kind="thing"),
)  # fmt: skip

# Ways to conclude with a number all the same: "so she buys 5", "since ..., they need 31", and a later sentence.
SO = re.compile(r"\b(?:so|therefore|thus|hence|then|but|yet|means?|leav(?:es|ing))\b([^:]*\d.*)")
SINCE = re.compile(r"\W*(?:since|because|as|although|while)\b")
LATER = re.compile(r"\W*(?:so|therefore|thus|hence|in total|altogether|finally)\b([^:]*\d.*)")
# What only gives one more reason: "so it can not be 60", "then Ben would have 12".
REASON = re.compile(r"n't\b|\b(?:not|cannot|no|never|too|only|would|could|if|than|contradict\w*|impossible)\b")


def standing(phrases: Iterable[Phrase], sentence: str) -> Iterator[tuple[Phrase, re.Match]]:
    """The phrases in a sentence, in small letters, that nothing before them in their clause turns round."""
    for phrase in phrases:
        for match in re.finditer(phrase.pattern, sentence):
            clause = re.split(r"[,;:()]\s*", sentence[: match.start()])[-1]
            if not (TURNED_NEGATED if phrase.negated else TURNED).search(clause):
                yield phrase, match


def calls_impossible(sentences: Sequence[str], given: bool) -> list[int]:
    """Which sentences, in small letters, say that the problem has no answer, where none is given all the same.

    Args:
        sentences: of an answer, in their order.
        given: whether the first of them boxes or names an answer.
    """
    return [i for i, sentence in enumerate(sentences) if _calls(sentence, sentences[i + 1 :], given)]


def _calls(sentence: str, later: Sequence[str], given: bool) -> bool:
    if sentence.endswith("?"):
        return False
    for phrase, match in standing(IMPOSSIBLE, sentence):
        if given and phrase.kind != "problem":
            continue
        if not _concludes(sentence, match.end(), later, phrase.kind == "thing"):
            return True
    return False


def _concludes(sentence: str, end: int, later: Sequence[str], thing: bool) -> bool:
    rest, said = sentence[end:], []
    if not re.match(r"[^,;.]*:", rest):  # behind a colon stand the reasons
        said += SO.findall(rest)
        if SINCE.match(sentence):
            said += re.findall(r",([^:]*\d.*)", rest)
    said += [found[1] for found in map(LATER.match, later) if found]
    if thing:
        said += [one for one in later if re.search(r"\d", one)]
    return any(not REASON.search(one) for one in said)
