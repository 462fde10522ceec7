"""Whether a response to a question that lacks something says so: how the probe on missing premises is judged.

A response **notices** it where what stands behind its reasoning

- says that something needed is missing, or that the question cannot be answered: in one of the ways in SAYS below, or
  in any that `reading.says_impossible` knows; or asks for what is missing (ASKS);
- and gives no answer all the same.

What does not count:

- what is said within the reasoning alone, and a reasoning that never ended: a model that turns in circles has noticed
  nothing that it tells anyone;
- a question ("is anything missing?") and a negation ("no information is missing");
- a doubt that ends in a boxed or named answer ("\\boxed{18}", "the answer is 18"), or in an assumption and a number
  ("the length is not given; assuming 60 metres, he runs 540"): who guesses has answered. A doubt after that counts
  again.

Patterns find what they were made for, so a share of noticed questions is that of responses that say it plainly. On
GSM8K's own solutions and on real traces for solvable questions they find nothing, which a test holds.
"""

import re

from helpers.reading import DOUBLE_NEGATION, NEGATION, NUMBER, doubts, undecided

# What a question is called, and what can be missing from it.
ASKED = r"(?:problem|question|statement|text|prompt|puzzle|scenario|description|it|you)"
NEEDED = (
    r"(?:information|info|details?|data|context|premises?|conditions?|facts?|figures?|numbers?|values?|quantit(?:y|ies)"
    r"|measurements?)"
)
NOT = r"(?:does not|doesn't|do not|don't|did not|didn't|has not|hasn't|have not|haven't|never|fails to|failed to)"
CANNOT = r"(?:cannot|can not|can't|could not|couldn't|unable to|not able to|impossible to|no way (?:for us )?(?:to|of))"
WORK_OUT = (
    r"(?:determin|calculat|comput|solv|answer|provide an answer|figure (?:it )?out|work (?:it )?out|conclud|establish"
    r"|deduc|infer)"
)

# What is missing, said outright; turned round by a negation before it ("nothing is missing").
SAYS = re.compile(
    rf"\b(?:(?:insufficient|inadequate|incomplete|too little|missing|lack(?:s|ing)?(?: of)?)(?: \w+){{0,2}} {NEEDED}"
    rf"|{NEEDED} (?:is|are|was|were|seems?|appears?)(?: to be)?(?: \w+)? (?:missing|insufficient|incomplete|lacking)"
    rf"|{ASKED}(?: \w+){{0,3}} (?:is|seems|appears|looks)(?: to be)?(?: \w+)? (?:incomplete|missing|lacking"
    r"|unanswerable|underspecified|ill-posed|ill-defined|cut off)"
    r"|unspecified|unstated|underspecified|under-specified|ill-posed|undetermined|indeterminate"
    rf"|without (?:knowing|information|(?:more|further|additional|this|that|specific|the necessary)(?: \w+)? {NEEDED})"
    rf"|need(?:s|ed)? (?:information|(?:some )?(?:more|further|additional|extra|specific)(?: \w+)? {NEEDED})"
    rf"|(?:more|further|additional|specific)(?: \w+)? {NEEDED}(?: \w+){{0,6}} (?:is|are|would be) (?:needed|required)"
    r"|(?:would|[a-z]+'d) (?:also |still |first )?(?:need|have) to know"
    r"|(?:remains?|is|are) (?:unknown|unclear|unanswerable)(?: because| as| since| from|[.,;]|$))"
)
# The same with a negation in it ("the problem does not say how many"); turned round by "if" and "it is not true that".
SAYS_NOT = re.compile(
    rf"\b(?:{ASKED}(?: \w+){{0,2}} {NOT}(?: \w+ly)? (?:specify|state|give|provide|mention|tell|say|indicate|define"
    r"|clarify|supply|specified|stated|given|provided|mentioned|told|said|indicated|defined)"
    r"|(?:is|are|was|were|been)(?: not|n't)(?: \w+ly)? (?:specified|stated|provided|mentioned|indicated|defined"
    r"|supplied|sufficient|given(?! (?:to|away|up)))"
    r"|no (?!missing)(?:\w+ )?(?:information|data|details|mention|indication)\b(?! (?:is|are|was|seems) missing)"
    rf"|(?:not|\w+n't)(?: have| give us)? enough(?: \w+)? {NEEDED}"
    rf"|{NOT} (?:provide|include|contain|give) any(?: \w+)? {NEEDED}|no way (?:to|of) (?:know|tell)"
    rf"|{CANNOT}(?: \w+ly| even)? {WORK_OUT}|(?:not|isn't) possible to {WORK_OUT}"
    r"|(?:cannot|can not|can't|could not) be (?:\w+ly )?(?:determined|calculated|computed|answered|solved|known|deduced"
    r"|established|worked out|found|inferred)"
    rf"|(?:we|i|one|you) (?:simply )?(?:cannot|can not|can't) (?:know|say|tell)\b)"
)
# A request is often a question, and counts as one.
ASKS = re.compile(
    r"\b(?:(?:please|could you|can you|would you|if you (?:can|could|would|have))(?: \w+){0,2} "
    r"(?:provide|specify|clarify|supply|share|tell me|give me))\b"
)
GUESS = re.compile(r"\b(?:assum(?:e|es|ed|ing|ption)|suppos(?:e|ing)|presum(?:e|ably|ing)|let's say|guess(?:ing)?)\b")


def notices(text: str) -> bool:
    """Whether a response says that its question lacks something, and gives no answer all the same: see above."""
    sentences = undecided(text)
    said = [i for i, sentence in enumerate(sentences) if _lacks(sentence)]
    if not said:
        return False
    rest = sentences[said[-1] :]
    return not (GUESS.search(" ".join(rest)) and NUMBER.search(rest[-1]))


def _lacks(sentence: str) -> bool:
    if ASKS.search(sentence):
        return True
    if sentence.endswith("?"):
        return False
    return doubts(sentence) or _stands(SAYS, NEGATION, sentence) or _stands(SAYS_NOT, DOUBLE_NEGATION, sentence)


def _stands(pattern: re.Pattern, turned: re.Pattern, sentence: str) -> bool:
    """Whether the pattern is in the sentence with nothing before it, in its clause, that turns it round."""
    clauses = (re.split(r"[,;:()]\s*", sentence[: match.start()])[-1] for match in pattern.finditer(sentence))
    return any(not turned.search(clause) for clause in clauses)
