"""Answers side by side: what each model reasoned, what it answered, and whether that is right."""

from collections.abc import Mapping, Sequence

from helpers.evaluation import FALSE_REASON, RIGHT, SEED_FACTS, final_answer, kinds, says_impossible, worth
from helpers.generation.with_transformers import Answer
from helpers.show.page import BLUE, FAINT, FLOW, ORANGE, PAPER, Picture, card, safe

IMPOSSIBLE, YES = "it cannot be true", "✓"
Gold = tuple | list | int | float | str | None


def answers(
    question: str, given: Mapping[str, str | Answer], gold: Gold = None, facts: Sequence[str] = (), kind: str = "number"
) -> Picture:
    """Each model's answer to one question, in columns: reasoning grey, final answer bold.

    To call an impossible problem impossible for a reason that is false is not right, where the facts are known.

    Args:
        question: what was asked.
        given: a model's name and what it wrote; an Answer of `helpers.generation` also shows its tokens and its end.
        gold: the right numbers, () for an impossible problem; with None nothing is called right or wrong.
        facts: of an impossible problem, ways to say which facts do not fit; those of the seed question are known.
        kind: of the answer, where it is no number (`tiers.kinds`).
    """
    facts = facts or SEED_FACTS.get(question, ())
    head = f'<div style="{FLOW}"><b>Question</b><br>{safe(question)}</div>'
    plain = [f"Question: {question}"]
    if gold is not None:
        numbers = gold if isinstance(gold, tuple | list) else (gold,)
        told = kinds.of(kind).told(numbers) or IMPOSSIBLE
        head += f"<div><b>Gold</b> {safe(told)}</div>"
        plain.append(f"Gold: {told}")
    columns = "".join(column(name, one, gold, facts=facts, kind=kind) for name, one in given.items())
    row = f'<div style="display:flex;flex-wrap:wrap;gap:8px;margin-top:8px;">{columns}</div>'
    plain += [_plain_column(name, one, gold, facts, kind) for name, one in given.items()]
    return Picture(card(head + row), "\n\n".join(plain))


def column(
    name: str, given: str | Answer, gold: Gold = None, note: str | None = None, facts: Sequence[str] = (),
    kind: str = "number",
) -> str:  # fmt: skip
    """One model's answer as HTML.

    Args:
        name: the model's.
        given: what it wrote.
        gold: as `answers` takes it.
        note: for an answer that is not whole yet, what to say instead of how it ended.
        facts: as `answers` takes them.
        kind: as `answers` takes it.
    """
    reasoning, answer = parts(given)
    answer = answer or ("(none)" if note is None else "…")
    lines = [f"<div><b>{safe(name)}</b> {FAINT.mark(_notes(given) if note is None else note)}</div>"]
    if gold is not None:
        verdict = _verdict(given, gold, facts, kind)
        ink = BLUE if verdict.startswith(YES) else ORANGE
        lines.append(f"<div>{ink.mark(verdict, 'padding:1px 6px;border-radius:3px;')}</div>")
    if reasoning:
        style = FAINT.style(f"{FLOW}margin-top:6px;max-height:24em;overflow:auto;")
        lines.append(f'<div style="{style}"><i>reasoning</i><br>{safe(reasoning)}</div>')
    lines.append(f'<div style="{PAPER.style(f"{FLOW}margin-top:6px;")}"><i>answer</i><br><b>{safe(answer)}</b></div>')
    return card("".join(lines), "flex:1 1 160px;min-width:0;border:1px solid #8a8a8a;border-radius:4px;")


def parts(given: str | Answer) -> tuple[str, str]:
    """Reasoning and final answer, without the marks between them; "" for what there is not."""
    text = _whole(given).strip()
    answer = final_answer(text)
    reasoning = text.removesuffix(answer).replace("<think>", "").replace("</think>", "").strip()
    return reasoning, answer


def _plain_column(name: str, given: str | Answer, gold: Gold, facts: Sequence[str], kind: str) -> str:
    reasoning, answer = parts(given)
    notes = _notes(given)
    head = f"{name} ({notes})" if notes else name
    lines = [head if gold is None else f"{head}: {_verdict(given, gold, facts, kind)}"]
    lines += [f"  reasoning: {reasoning}"] if reasoning else []
    return "\n".join([*lines, f"  answer: {answer or '(none)'}"])


def _whole(given: str | Answer) -> str:
    """The text with the `<think>` that the prompt may have opened."""
    return given.whole if isinstance(given, Answer) else given


def _notes(given: str | Answer) -> str:
    """How long an Answer is and how it ended; nothing is known of a str."""
    if not isinstance(given, Answer):
        return ""
    unit = "token" if given.tokens == 1 else "tokens"
    return f"{given.tokens:,} {unit}, {'ended by itself' if given.ended else 'cut off'}"


def _verdict(given: str | Answer, gold: Gold, facts: Sequence[str], kind: str) -> str:
    found = worth(_whole(given), gold, facts, kind)
    word = {RIGHT: f"{YES} right", FALSE_REASON: f"✗ {FALSE_REASON}"}.get(found, "✗ wrong")
    if kind != "number" or found == FALSE_REASON or not says_impossible(_whole(given)):
        return word
    return f"{word}: says {IMPOSSIBLE}" + (", and why" if facts and found == RIGHT else "")
