"""What a real student was before and is after learning from DeepSeek-R1, for README: from data/results/real.json."""

from pathlib import Path

from helpers.evaluation.tables import markdown
from readme.real_parts import in_few_bits, merges, pruned
from readme.tables import measured, percent

RESULT = Path("data/results/real.json")
LONGEST = 900  # characters that are shown of an answer; the file has all of it
ROWS = (
    ("answers that begin with `<think>`", "opens"),
    ("answers that reason, close with `</think>` and then answer", "reasons"),
    ("answers that end by themselves", "ended"),
    ("right answers", "right"),
)


def real_table(found: dict) -> str:
    """Before and after, a column each; then what the figures are; then the question about crayons, word for word."""
    said, unseen, n = found["answers"], found["held_out"], found["traces"]["held_out"]
    rows = [["loss on held-out traces, nats a token", f"{unseen['before']:.3f}", f"{unseen['after']:.3f}"]]
    rows += [[name, *(percent(said[when][key]) for when in ("before", "after"))] for name, key in ROWS]
    rows.append(["tokens of an answer", *(f"{said[when]['tokens']:.0f}" for when in ("before", "after"))])
    chosen = found["settings"]
    note = (
        f"{found['student']['name']} ({found['student']['loaded']}), trained on {found['traces']['learnt']} of "
        f"DeepSeek-R1's 200 answers to GSM8K's questions, {chosen['epochs']} times each; the others are wrong, longer "
        f"than {chosen['max_length']:,} tokens, or held out. Measured on {n} held-out questions and the first "
        f"{chosen['max_length']:,} tokens of R1's answers to them ({unseen['tokens']:,} in all); greedy, at most "
        f"{chosen['answer_tokens']:,} tokens; 95 % intervals; right answers before and after: p = "
        f"{found['mcnemar']:.2f} (McNemar). One seed, {found['minutes']['all']:.0f} minutes on "
        f"{found['run']['machine']}, without what it takes to load. "
        f"{measured(found['run'])}"
    )
    parts = [*in_few_bits(found), *pruned(found), *merges(found)]
    return "\n\n".join([markdown(["", "before", "after"], rows), note, crayons(found), *parts])


def crayons(found: dict) -> str:
    """What was said to the question about crayons, greedy and sampled; `<` is escaped for Markdown."""
    asked, chosen = found["crayons"], found["settings"]["sampling"]
    parts = [f"> {asked['question']}"]
    for when in ("before", "after"):
        one = asked[when]
        verdict = "right" if one["greedy_right"] else "wrong" if one["greedy_ended"] else "cut off"
        drawn = (
            f"{one['sampled_right']} of {len(one['sampled'])} right, sampled at temperature {chosen['temperature']} "
            f"and top-p {chosen['top_p']}; the first"
        )
        parts += [f"*{when}, greedy ({verdict}):* {shown(one['greedy'])}"]
        parts += [f"*{when}, {drawn}:* {shown(one['sampled'][0])}"]
    return "<details><summary><b>the crayons</b></summary>\n\n" + "\n\n".join(parts) + "\n\n</details>"


def shown(text: str) -> str:
    """A model's text on one line, so that nothing in it becomes a heading, a list or a tag; a long one's beginning."""
    line = " ".join(text.split())
    return (line if len(line) <= LONGEST else f"{line[:LONGEST]} [… and so on]").replace("<", "&lt;")
