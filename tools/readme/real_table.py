"""What a real student was before and is after learning from DeepSeek-R1, for README: from data/results/real.json."""

from pathlib import Path

from helpers.evaluation.tables import markdown
from readme.tables import measured, percent

RESULT = Path("data/results/real.json")
LONGEST = 900  # characters that are shown of an answer; the file has all of it
ROWS = (
    ("answers that begin with `<think>`", "opens"),
    ("answers that reason, close with `</think>` and then answer", "reasons"),
    ("answers that end by themselves", "ended"),
    ("right answers", "right"),
)
HEALED = {"before": "cut", "after": "healed by the whole model", "labels": "healed on labels alone"}


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
    return "\n\n".join([markdown(["", "before", "after"], rows), note, crayons(found), *pruned(found)])


def pruned(found: dict) -> list[str]:
    """The whole model, and what is left of it with fewer blocks; nothing where the file has no such part yet."""
    if "pruned" not in found:
        return []
    part = found["pruned"]
    depths = [name for name in part if name.isdigit()]
    named = {f"all {part['whole']['blocks']} blocks": part["whole"]}
    named |= {f"{depth} blocks, {words}": part[depth][way] for depth in depths for way, words in HEALED.items()}
    rows = [
        [name, f"{one['weights'] / 1e6:.0f}", f"{one['kl']:.3f}", f"{one['loss']:.3f}", percent(one["accuracy"])]
        for name, one in named.items()
    ]
    head = ["", "weights, millions", "KL from the whole", "loss", "true next sentence"]
    gains = "; ".join(
        f"with {depth} blocks {100 * one['value']:+.1f} points ({100 * one['low']:+.1f} to {100 * one['high']:+.1f})"
        for depth, one in ((depth, part[depth]["gain"]) for depth in depths)
    )
    tokens, chosen = part["tokens"], part["settings"]
    note = (
        f"The same model, whole in float32, with fewer blocks, as in notebook 12: they went one after another, each "
        f"time the one without which {chosen['choosing']} traces had the lowest loss. Healed: every weight is trained, "
        f"on the first {chosen['length']} tokens of {part['traces']} traces, once ({tokens['learnt']:,} learnt "
        f"tokens), at the rate {chosen['rate']:g}, which was not searched for: from the whole model's distributions "
        f"through notebook 06's cache, or on the labels. KL and loss in nats a token, over {tokens['held_out']:,} "
        f"tokens of held-out traces. The true next sentence is to be chosen among four, of which three stand further "
        f"on in the same trace: by chance it is in 25 %; {part['whole']['accuracy']['n']} items; 95 % intervals. By "
        f"the whole model rather than on labels, on the same items: {gains}. One seed, "
        f"{sum(part['minutes'].values()):.0f} minutes."
    )
    return [markdown(head, rows), note]


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
