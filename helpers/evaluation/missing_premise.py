"""Whether a response to a question that lacks something says so: how the probe on missing premises is judged.

A response **notices** it where what stands behind its reasoning

- says that something needed is missing, or that the question cannot be answered: in one of the ways in LACKS below, or
  in any that `reading.says_impossible` knows; or asks for what is missing (ASKS);
- and gives no answer all the same.

What does not count:

- what is said within the reasoning alone, and a reasoning that never ended: a model that turns in circles has noticed
  nothing that it tells anyone;
- a question ("is anything missing?") and a negation ("no information is missing");
- a doubt that ends in a boxed or named answer ("\\boxed{18}", "the answer is 18"), or in an assumption and a number
  ("the length is not given; assuming 60 metres, he runs 540"): who guesses has answered. After an answer without a
  guess a doubt counts again; after a guess, only a plain "it cannot be determined" or the wish to be told.

Patterns find what they were made for, so a share of noticed questions is that of responses that say it plainly. On
GSM8K's own solutions and on real traces for solvable questions they find nothing, which a test holds.
"""

import re

from helpers.evaluation.numerals import NUMBER
from helpers.evaluation.phrases import Phrase, calls_impossible, standing
from helpers.evaluation.reading import undecided

# What a question is called, and what can be missing from it.
ASKED = r"(?:problem|question|statement|text|prompt|puzzle|scenario|description|it|you)"
NEEDED = (
    r"(?:information|info|details?|data|context|premises?|conditions?|facts?|figures?|numbers?|values?|quantit(?:y|ies)"
    r"|measurements?)"
)
MORE = r"(?:(?:some |a )?(?:little |bit |few )?(?:of )?(?:more|further|additional|extra|specific))"
NOT = r"(?:does not|doesn't|do not|don't|did not|didn't|has not|hasn't|have not|haven't|never|fails to|failed to)"
CANNOT = r"(?:cannot|can not|can't|could not|couldn't|unable to|not able to|impossible to|no way (?:for us )?(?:to|of))"
WORK_OUT = (
    r"(?:determin|calculat|comput|solv|answer|provide an answer|figure (?:it )?out|work (?:it )?out|conclud|establish"
    r"|deduc|infer)"
)

# kind "lack": something is missing. "cannot": so the question cannot be answered.
LACKS = (
    Phrase(r"\b(?:insufficient|inadequate|incomplete|too little|missing|lack(?:s|ing)?(?: of)?)"
           rf"(?: \w+){{0,2}} {NEEDED}",
           ("There is insufficient data.", "We lack the needed details."), kind="lack"),
    Phrase(rf"\b{NEEDED} (?:is|are|was|were|seems?|appears?)(?: to be)?(?: \w+)? (?:missing|insufficient|incomplete"
           "|lacking)", ("Some information is missing: the length of a sprint.",), kind="lack"),
    Phrase(rf"\b{ASKED}(?: \w+){{0,3}} (?:is|seems|appears|looks)(?: to be)?(?: \w+)? (?:incomplete|missing|lacking"
           "|unanswerable|cut off)", ("The question is incomplete.",), kind="lack"),
    Phrase(r"\b(?:unspecified|unstated|under-?specified|ill-(?:posed|defined)|undetermined|indeterminate)",
           ("The number of apples is unspecified.",), kind="lack"),
    Phrase(rf"\bwithout (?:knowing|information|(?:more|further|additional|this|that|specific|the necessary)(?: \w+)?"
           rf" {NEEDED})", ("Without knowing the distance, no number can be said.",), kind="cannot"),
    Phrase(rf"\bneed(?:s|ed)? (?:information|{MORE}(?: \w+)? {NEEDED})",
           ("We need more information to solve this.", "This problem needs a bit more information to solve."),
           kind="cannot"),
    Phrase(rf"\b(?:more|further|additional|specific)(?: \w+)? {NEEDED}(?: \w+){{0,6}} (?:is|are|would be) (?:needed"
           "|required)", ("More details on the sprints are required.",), kind="cannot"),
    Phrase(r"\b(?:would|[a-z]+'d) (?:also |still |first )?(?:need|have) to know",
           ("To answer, we'd need to know the length of a sprint.",), kind="cannot"),
    Phrase(r"\b(?:remains?|is|are) (?:unknown|unclear|unanswerable)(?: because| as| since| from|[.,;]|$)",
           ("The total remains unknown.",), kind="lack"),
    Phrase(rf"\b{ASKED}(?: \w+){{0,2}} {NOT}(?: \w+ly)? (?:specif|stat|giv|provid|mention|tell|told|say|said|indicat"
           "|defin|clarif|suppl)", ("The question doesn't say how many pencils he had.",), True, "lack"),
    Phrase(r"\b(?:is|are|was|were|been)(?: not|n't)(?: \w+ly)? (?:specified|stated|provided|mentioned|indicated|defined"
           "|supplied|sufficient|given(?! (?:to|away|up)))", ("The length of a sprint is not given.",), True, "lack"),
    Phrase(r"\bno (?!missing)(?:\w+ )?(?:information|data|details|mention|indication)\b"
           r"(?! (?:is|are|was|seems) missing)",
           ("There's no mention of how many marbles Tom has.",), True, "lack"),
    Phrase(rf"\b(?:not|\w+n't)(?: have| give us)? enough(?: \w+)? {NEEDED}",
           ("There isn't enough information about her pay.",), True, "cannot"),
    Phrase(rf"\b{NOT} (?:provide|include|contain|give) any(?: \w+)? {NEEDED}",
           ("The facts do not include any details on tickets.",), True, "lack"),
    Phrase(r"\bno way (?:to|of) (?:know|tell)", ("There's no way to know how fast she ran.",), True, "cannot"),
    Phrase(rf"\b{CANNOT}(?: \w+ly| even)? {WORK_OUT}", ("We cannot calculate the cost.",), True, "cannot"),
    Phrase(rf"\b(?:not|isn't) possible to {WORK_OUT}", ("It is not possible to conclude. He runs 3 sprints.",), True,
           "cannot"),
    Phrase(r"\b(?:cannot|can not|can't|could not|couldn't) be (?:\w+ly )?(?:determined|calculated|computed|answered"
           "|solved|known|deduced|established|worked out|found|inferred)",
           ("The price isn't known, so the total cannot be found.",), True, "cannot"),
    Phrase(r"\b(?:we|i|one|you) (?:simply )?(?:cannot|can not|can't) (?:know|say|tell|give an?\b)",
           ("We can't say how many there are.",), True, "cannot"),
)  # fmt: skip
# A request is often a question, and counts as one.
ASKS = (
    Phrase(r"\b(?:please|could you|can you|would you|if you (?:can|could|would|have))(?: \w+){0,2} "
           r"(?:provide|specify|clarify|supply|share|tell me|give me)\b",
           ("Could you please provide the length of each sprint?", "If you can tell me the price, I will go on.")),
    Phrase(r"^(?:(?!\bif\b).)*\blet me know\b(?! if)[^.]*\b(?:and|so) (?:i|we)(?:'ll|'d| can| will| could)",
           ("Let me know Steve's age, and I can help you.",)),
)  # fmt: skip
GUESSES = (
    Phrase(r"\bassum(?:e|es|ed|ing|ption)\b", ("Assuming 60 metres, he runs 540 metres.",)),
    Phrase(r"\bsuppos(?:e|ing)\b", ("Suppose it is 60 metres: he runs 540.",)),
    Phrase(r"\bpresum(?:e|ably|ing)\b", ("It is presumably 60 metres, which makes 540.",)),
    Phrase(r"\blet's say\b", ("Let's say 60 metres: then it is 540.",)),
    Phrase(r"\bguess(?:ing)?\b", ("My guess is 60 metres, which makes 540.",)),
    Phrase(r"(?<!if )\binterpret(?:ation|ing)\b", ("In the common interpretation it is 540.",)),
    Phrase(r"\b(?:using|taking|take) \w+ = \d", ("Using f = 8 that comes out to 1 flight.",)),
)  # fmt: skip


def notices(text: str) -> bool:
    """Whether a response says that its question lacks something, and gives no answer all the same: see above."""
    before, said, given = undecided(text)
    guessed = given and _guesses(f"{before} {said[0]}")
    doubts = calls_impossible(said, given) + [i for i, one in enumerate(said) if _lacks(one, guessed)]
    if not doubts:
        return False
    rest = said[max(doubts) :]
    return not (_guesses(" ".join(rest)) and NUMBER.search(rest[-1]))


def _lacks(sentence: str, guessed: bool) -> bool:
    if any(standing(ASKS, sentence)):
        return True
    found = () if sentence.endswith("?") else standing(LACKS, sentence)
    return any(phrase.kind == "cannot" or not guessed for phrase, _ in found)


def _guesses(text: str) -> bool:
    return any(re.search(phrase.pattern, text) for phrase in GUESSES)
