"""The parts of `make real` for README, a table and a note each; nothing where the file has no such part yet."""

from helpers.evaluation.tables import markdown
from readme.tables import measured, percent

FEW_BITS = {"before": "rounded", "after": "taught by its whole self", "labels": "taught by the words"}
MERGES = {
    "trained": "as it was trained: base in 4 bits, adapter beside it",
    "whole": "whole base + update", "rounded": "base in 4 bits, unpacked, + update",
    "again": "the same, rounded to 4 bits again",
}  # fmt: skip
HEALED = {"before": "cut", "after": "healed by the whole model", "labels": "healed on labels alone"}


def in_few_bits(found: dict) -> list[str]:
    """The whole student in 3 and in 2 bits, as in notebook 11."""
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
    rates = ", ".join(f"{rate:g} at {bits} bits" for bits, rate in settings["rates"].items())
    note = (
        f"The student as it was before, whole, and with its linear layers in few bits, in groups of "
        f"{settings['group']}; KL and loss in nats a token, on {part['tokens']:,} tokens of the {part['held_out']} "
        f"held-out texts (their first {settings['length']:,} tokens). Both arms read the other {part['texts']} texts "
        f"{times(settings['epochs'])}, at rates that were not searched for on this model ({rates}). Came back: with a "
        f"95 % interval over the texts. One seed, {minutes:.0f} minutes of training on {part['run']['machine']}. "
        f"{measured(part['run'])}"
    )
    return [markdown(["student", "KL from the whole", "same likeliest token", "loss", "came back"], rows), note]


def pruned(found: dict) -> list[str]:
    """The whole model, and what is left of it with fewer blocks."""
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
        f"on the first {chosen['length']} tokens of {part['traces']} traces, {times(chosen['epochs'])} "
        f"({tokens['learnt']:,} learnt tokens), at the rate {chosen['rate']:g}, which was not searched for: from the "
        f"whole model's distributions "
        f"through notebook 06's cache, or on the labels. KL and loss in nats a token, over {tokens['held_out']:,} "
        f"tokens of held-out traces. The true next sentence is to be chosen among four, of which three stand further "
        f"on in the same trace: by chance it is in 25 %; {part['whole']['accuracy']['n']} items; 95 % intervals. By "
        f"the whole model rather than on labels, on the same items: {gains}. One seed, "
        f"{sum(part['minutes'].values()):.0f} minutes."
    )
    return [markdown(head, rows), note]


def merges(found: dict) -> list[str]:
    """The student taken home in three ways, as in notebook 13."""
    if "merged" not in found:
        return []
    rows = [
        [words, f"{one['kl']:.2g}", f"{one['agreement']:.2%}", f"{one['loss']:.4f}",
         f"{one['noise']:.2g}" if "noise" in one else ""]
        for name, words in MERGES.items() for one in (found["merged"][name],)
    ]  # fmt: skip
    head = ["the student as one model", "KL from the trained one", "same likeliest token", "loss", "noise"]
    note = (
        "Read at every learnt token of the held-out traces. KL and loss are in nats a token; the noise is how far the "
        "weights are from base in 4 bits plus update, in lengths of the update."
    )
    return [markdown(head, rows), note]


def times(epochs: int) -> str:
    """How often."""
    return "once" if epochs == 1 else f"{epochs} times"
