"""The real student's adapter put into its base, in three ways, and what each has lost, on traces it never learnt.

`python -m real.merges`, after `make real`: it prints the part "merged" of its file. Nothing is generated: every text is
read by the student that was trained and by each merge of it.
"""

import json
from collections.abc import Mapping, Sequence

import torch
from datasets import Dataset

from helpers import losses, models
from helpers.export.merging import Pupil, merge, pupil_of
from helpers.models.kinds import Model
from helpers.training.method import Method
from helpers.training.rows import of_traces

WAYS = {"whole": (False, False), "rounded": (True, False), "again": (True, True)}  # rounded, and the sum again


def merged(method: Method, held: Dataset) -> dict[str, dict[str, float]]:
    """For the trained student and each merge: kl, agreement, loss.

    kl: the mean divergence from the trained student, in nats a learnt token. agreement: at which share of these tokens
    both hold the same one for likeliest. loss: in nats a token.

    Args:
        method: the distillation, after its run.
        held: traces that it did not learn.

    Raises:
        FileNotFoundError: where the training is not finished.
    """
    pupil = pupil_of(method)
    trained, tokenizer = models.load_student(method.tier, adapter=pupil.adapter)
    rows = of_traces(method.tier, tokenizer, held, method.role).to_list()
    found = {"trained": compared(trained, trained, rows)}
    for name, way in WAYS.items():
        model = merge(pupil, *way)[0]
        found[name] = compared(trained, model, rows) | {"noise": noise(pupil, model)}
        models.unload(model)
    models.unload(trained)
    return found


def compared(trained: Model, other: Model, rows: Sequence[Mapping]) -> dict[str, float]:
    """What `merged` says of one model beside another. rows: with input_ids and labels."""
    totals, tokens = torch.zeros(3, dtype=torch.float64), 0
    for row in rows:
        ids, labels = (torch.tensor([row[name]]) for name in ("input_ids", "labels"))
        with torch.no_grad():
            theirs, ours = (
                losses.learnt(model(ids.to(model.device)).logits.float().cpu(), labels) for model in (trained, other)
            )
        words = losses.targets(labels)
        totals += torch.stack([
            losses.each_divergence(ours, theirs).sum(), (ours.argmax(-1) == theirs.argmax(-1)).sum(),
            torch.nn.functional.cross_entropy(ours, words, reduction="sum"),
        ]).double()  # fmt: skip
        tokens += len(words)
    kl, agreement, loss = (totals / tokens).tolist()
    return {"kl": kl, "agreement": agreement, "loss": loss}


def noise(pupil: Pupil, model: Model) -> float:
    """How far a merge is from base in 4 bits plus update, as a share of the update: ‖W - (W₄ + ΔW)‖ / ‖ΔW‖."""
    import bitsandbytes.functional as four_bit  # not at the top, both: see helpers.models.loading

    from helpers.models.adapters import load_adapters, updates

    apart, _ = load_adapters(pupil.method.tier, {"one": pupil.adapter}, pupil.method.role)
    far = whole = 0.0
    for layer, update in updates(apart, "one"):
        base = apart.get_submodule(layer).base_layer.weight
        wanted = four_bit.dequantize_4bit(base.data, base.quant_state).float() + update
        weight = model.get_submodule(layer.removeprefix("base_model.model.")).weight
        far += float((weight.float() - wanted).square().sum())
        whole += float(update.square().sum())
    models.unload(apart)
    return (far / whole) ** 0.5


def main() -> None:
    """The figures of `make real`'s student, printed."""
    from helpers.methods.token import Token
    from real import __main__ as real
    from real import traces

    learnt, held, _ = traces.split(traces.read(traces.path()), real.REAL, real.HELD_OUT, real.SEED)
    print(json.dumps(merged(Token(real.REAL, real.SEED, learnt), held), indent=1))


if __name__ == "__main__":
    main()
