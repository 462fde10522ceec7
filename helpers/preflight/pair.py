"""What tokenizers and settings alone tell of a pair: tokens, ends, templates, room. No weights are read."""

from collections.abc import Sequence
from dataclasses import dataclass

from helpers import losses, models
from helpers.models.chat import end_of_turn
from helpers.models.kinds import Tokenizer
from helpers.preflight.findings import GOOD, LOOK, STOP, Report
from helpers.tiers import Tier

OTHERWISE = "learn across tokenizers (method='cross-tokenizer'), or from the words alone (method='token')"
ONE_BY_ONE = ("logits", "cached", "on-policy")  # methods that compare both sides' tokens under the same numbers
WORDS = "learn from the words alone (method='token')"


@dataclass(frozen=True)
class Side:
    """One model of the pair, without its weights.

    Attributes:
        who: "teacher", "student" or "sibling".
        tokenizer: its own.
        rows: how many logits it gives.
        positions: how many tokens it can read.
    """

    who: str
    tokenizer: Tokenizer
    rows: int
    positions: int


def side(tier: Tier, who: str, report: Report) -> Side | None:
    """One side of the pair; None, and a finding, where it cannot be had or cannot be trained as it is."""
    try:
        tokenizer, config = models.load_tokenizer(tier, who), models.text_config(getattr(tier, who))
    except (OSError, ValueError) as error:
        report.add(f"{who}: tokenizer", STOP, f"it cannot be used: {error}", "mend that first")
        return None
    return Side(who, tokenizer, config.vocab_size, config.max_position_embeddings)


def tokens(report: Report, method: str, student: Side, teacher: Side) -> bool:
    """Whether both have the same tokens under the same numbers, and what that means."""
    try:
        size = losses.common_vocabulary(student.tokenizer, teacher.tokenizer, 1 << 31, 1 << 31)
    except ValueError as error:
        needed = method in ONE_BY_ONE
        told = f"no: {error}" if needed else "no, and they need not be"
        report.add("same tokens", STOP if needed else GOOD, told, OTHERWISE)
        return False
    told = f"yes, {size:,} of them under the same numbers"
    mend = "its distributions can be learnt one by one, which loses nothing: method='logits' or 'cached'"
    report.add("same tokens", LOOK if method == "cross-tokenizer" else GOOD, told, mend)
    return True


def vocabulary(report: Report, method: str, one: Side) -> None:
    """How many of a model's logits are tokens: rows that fill up are never taught; a token without one is an error."""
    named = one.tokenizer.get_vocab()
    beyond = sorted((number, token) for token, number in named.items() if number >= one.rows)
    spare = one.rows - len(named) + len(beyond)
    state, told = GOOD, f"{len(named):,} tokens, {one.rows:,} logits"
    if beyond:
        state = STOP if method in ONE_BY_ONE else LOOK
        told += f": {', '.join(repr(token) for _, token in beyond[:3])} has none"
    elif spare:
        told += f", {spare:,} of which fill up and are cut off"
    mend = "keep it out of every text, or take a model whose tokenizer was saved with it"
    report.add(f"{one.who}: vocabulary", state, told, mend)


def ends(report: Report, one: Side) -> None:
    """Where an answer ends: what the template writes behind it has to be a token that ends a turn."""
    try:
        state, told = GOOD, f"`{one.tokenizer.convert_ids_to_tokens(end_of_turn(one.tokenizer))}`"
    except ValueError as error:
        state, told = STOP, str(error)
    report.add(f"{one.who}: end of turn", state, told, "give the tokenizer a template that ends each turn")


def template(report: Report, tier: Tier, student: Side, teacher: Side) -> None:
    """Whether the prompts and the ends fit where both read one text, in the same tokens."""
    from helpers.methods.logits import shared  # not at the top: it stands on transformers

    mend = f"give the student the teacher's chat template, or {WORDS}"
    try:
        opening = shared(tier, student.tokenizer, student.rows, teacher.rows)["opening"]
    except ValueError as error:
        report.add("same template", STOP, f"no: {error}", mend)
        return
    more = f"; the teacher's prompt has {opening} tokens more, which are learnt as words" if opening else ""
    report.add("same template", GOOD, f"yes{more}")
    if end_of_turn(student.tokenizer) != end_of_turn(teacher.tokenizer):
        report.add("same end of turn", STOP, "no: the student would learn to end where the teacher does not", mend)


def thinking(tokenizer: Tokenizer) -> str:
    """Whether a chat template opens the reasoning itself, and whether that can be switched."""
    pieces = len(tokenizer("<think>", add_special_tokens=False).input_ids)
    opens = "opens <think> itself" if models.opens_reasoning(tokenizer) else "leaves <think> to the answer"
    can = "; enable_thinking switches it" if "enable_thinking" in (tokenizer.chat_template or "") else ""
    return f"the template {opens}{can}; <think> is {pieces} token{'s' * (pieces > 1)}"


def coverage(report: Report, student: Side, teacher: Side) -> None:
    """Across tokenizers: whether the bytes of their tokens can be told, and how many both have."""
    from helpers.methods.cross_tokenizer import sides_of  # not at the top: it stands on transformers

    try:
        shared = sides_of(teacher.tokenizer, student.tokenizer).shared
    except ValueError as error:
        report.add("tokens across", STOP, str(error), WORDS)
        return
    report.figures["coverage"] = shared.coverage
    report.add("tokens across", GOOD, f"{shared.coverage:.1%} of the teacher's are the student's too, by their bytes")


def longest_of(one: Side, asked: Sequence[str]) -> int:
    """How many of its own tokens the longest question has, with what a chat puts around it."""
    return max(len(models.prompt_ids(one.tokenizer, question)) for question in asked)


def room(
    report: Report, tier: Tier, student: Side, teacher: Side | None, asked: Sequence[str], learnt: Sequence[int]
) -> None:
    """Whether questions and traces fit: into a training row, and into what the models can read.

    learnt: how many of the student's tokens each trace has with its question; empty where there are none yet.
    """
    longest = longest_of(student, asked)
    report.figures["longest_question"] = longest
    state = STOP if longest >= tier.max_length else LOOK if 2 * longest > tier.max_length else GOOD
    mend = "take a larger max_length: what is left of a row is all that is learnt"
    report.add("longest question", state, f"{longest:,} of {tier.max_length:,} tokens", mend)
    if learnt:
        report.figures["longest_trace"] = max(learnt)
        over = sum(tokens > tier.max_length for tokens in learnt)
        state = STOP if over == len(learnt) else LOOK if over else GOOD
        told = f"{max(learnt):,} tokens with its question; {over:,} of {len(learnt):,} above {tier.max_length:,}"
        report.add("longest trace", state, told, "take a larger max_length, or teach without the longest")
    written = max(tier.answer_tokens, tier.max_length - longest)
    for one, more in ((student, written), (teacher, tier.max_new_tokens)):
        if one is not None:
            longest = longest_of(one, asked)
            state = STOP if longest >= one.positions else LOOK if longest + more > one.positions else GOOD
            told = f"{longest + more:,} tokens at most, of {one.positions:,} that it can read"
            mend = "make max_length, answer_tokens or max_new_tokens smaller: beyond its places a model writes nonsense"
            report.add(f"{one.who}: places", state, told, mend)
