"""The parts of `make real` for README, a table and a note each; nothing where the file has no such part yet."""

from helpers.evaluation.tables import markdown
from readme.tables import measured, percent

FEW_BITS = {"before": "rounded", "after": "taught by its whole self", "labels": "taught by the words"}
MERGES = {
    "trained": "as it was trained: base in 4 bits, adapter beside it",
    "whole": "whole base + update", "rounded": "base in 4 bits, unpacked, + update",
    "again": "the same, rounded to 4 bits again",
}  # fmt: skip


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
        f"{'once' if settings['epochs'] == 1 else str(settings['epochs']) + ' times'}, at rates that were not searched "
        f"for on this model ({rates}). Came back: with a 95 % interval over the texts. One seed, {minutes:.0f} minutes "
        f"of training on {part['run']['machine']}. {measured(part['run'])}"
    )
    return [markdown(["student", "KL from the whole", "same likeliest token", "loss", "came back"], rows), note]


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
