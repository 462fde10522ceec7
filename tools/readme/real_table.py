"""What a real student was before and is after learning from DeepSeek-R1, for README: from data/results/real.json."""

from pathlib import Path

from helpers.evaluation.tables import markdown
from readme.tables import measured, percent

RESULT = Path("data/results/real.json")
LONGEST = 900  # characters that are shown of an answer; the file has all of it
FEW_BITS = {"before": "rounded", "after": "taught by its whole self", "labels": "taught by the words"}
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
    return "\n\n".join([markdown(["", "before", "after"], rows), note, *in_few_bits(found), crayons(found)])


def in_few_bits(found: dict) -> list[str]:
    """The whole student in 3 and in 2 bits, as in notebook 11; nothing where the file has no such part yet."""
    part = found.get("qad")
    if part is None:
        return []
    rows = [["whole", "0", "100%", f"{part['whole']['loss']:.3f}", ""]]
    for bits in (key for key in part if key.isdigit()):
        for name, words in FEW_BITS.items():
            one, back = part[bits][name], part[bits]["recovered"].get(name, {})
            shares = [f"{percent(back[key])} of the {what}" for key, what in
                      (("kl", "KL"), ("agreement", "agreement")) if back.get(key)]  # fmt: skip
            rows.append([f"{bits} bits, {words}", f"{one['kl']:.3f}", f"{one['agreement']:.1%}", f"{one['loss']:.3f}",
                         ", ".join(shares)])  # fmt: skip
    settings, minutes = part["settings"], sum(part["seconds"].values()) / 60
    note = (
        f"The student as it was before, whole, and with its linear layers in few bits, in groups of "
        f"{settings['group']}; KL and loss in nats a token, on {part['tokens']:,} tokens of the {part['held_out']} "
        f"held-out texts (their first {settings['length']:,} tokens). Both arms read the other {part['texts']} texts "
        f"{settings['epochs']} time(s). Came back: with a 95 % interval over the texts. {minutes:.0f} minutes of "
        f"training on {part['run']['machine']}. {measured(part['run'])}"
    )
    return [markdown(["student", "KL from the whole", "same likeliest token", "loss", "came back"], rows), note]


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
