"""The real student's adapter put into its base, in three ways, and what each has lost, on traces it never learnt.

Nothing is generated: every text is read by the student that was trained and by each merge of it.
"""

import json
import time
from collections.abc import Mapping, Sequence

from datasets import Dataset

from helpers import disk, models, provenance
from helpers.export.merging import Pupil, merge, pupil_of
from helpers.models.kinds import Model
from helpers.tiers import Tier
from helpers.training.method import Method, digest_of
from helpers.training.nearness import nearness
from helpers.training.rows import of_traces
from real import learning, rounded
from real import traces as real_traces

WAYS = {"whole": (False, False), "rounded": (True, False), "again": (True, True)}  # rounded, and the sum again
TRAINED = "trained"


def part(tier: Tier, every: Dataset, held: Dataset, seed: int) -> dict:
    """The part `merged` of the file: what `merged` gives. The training that comes before it is read where it is there.

    Args:
        tier: whose student it is.
        every: all traces.
        held: those that are never learnt.
        seed: of the split and of the training.
    """
    from helpers.methods.token import Token  # not at the top: see helpers.methods

    learnt, _, _ = real_traces.split(every, tier, len(held), seed)
    learning.train(tier, learnt, held, seed)
    return merged(Token(tier, seed, learnt), held)


def merged(method: Method, held: Dataset) -> dict[str, dict[str, float]]:
    """For the trained student and each merge: kl, agreement, loss, seconds; for a merge noise, too.

    kl: the mean divergence from the trained student, in nats a learnt token. agreement: at which share of these tokens
    both hold the same one for likeliest. loss: in nats a token. noise: as `noise` gives it. seconds: of all this.

    The figures of each are on disk as soon as they are there, in the training's folder, and are read from then on.

    Args:
        method: the distillation, after its run.
        held: traces that it did not learn.

    Raises:
        FileNotFoundError: where the training is not finished.
        ValueError: where the folder holds figures of another student or other traces.
    """
    pupil = pupil_of(method)
    folder = method.folder / "merged"
    files = {name: folder / f"{name}.json" for name in (TRAINED, *WAYS)}
    made = {**pupil.record, "held": digest_of(held)}
    with provenance.one_writer(folder):
        provenance.refuse_others(folder, made, "figures", [file.name for file in files.values()])
        provenance.write(folder, made)
        left = [name for name, file in files.items() if not file.is_file()]
        if left:
            trained, tokenizer = models.load_student(method.tier, adapter=pupil.adapter)
            try:
                rows = of_traces(method.tier, tokenizer, held, method.role).to_list()
                for name in left:
                    found = beside(pupil, trained, name, rows)
                    disk.write_whole(files[name], json.dumps(found))
                    print(f"the merge {name}: {found['kl']:.2g} nats a token from the trained student", flush=True)
            finally:
                models.unload(trained)
        return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items()}


def beside(pupil: Pupil, trained: Model, name: str, rows: Sequence[Mapping]) -> dict[str, float]:
    """What `merged` says of one, by its name."""
    began = time.perf_counter()
    if name == TRAINED:
        found = compared(trained, trained, rows)
    else:
        model, _ = merge(pupil, *WAYS[name])
        try:
            found = compared(trained, model.to(trained.device), rows) | {"noise": noise(pupil, model)}
        finally:
            models.unload(model)
    return found | {"seconds": round(time.perf_counter() - began, 1)}


def compared(trained: Model, other: Model, rows: Sequence[Mapping]) -> dict[str, float]:
    """What `merged` says of one model beside another. rows: with input_ids and labels; read singly, none is padded."""
    return rounded.told(nearness(other, trained, rows, pad=0, at_a_time=1))


def noise(pupil: Pupil, model: Model) -> float:
    """How far a merge is from base in 4 bits plus update, as a share of the update: ‖W - (W₄ + ΔW)‖ / ‖ΔW‖."""
    import bitsandbytes.functional as four_bit  # not at the top, both: see helpers.models.loading

    from helpers.models.adapters import load_adapters, updates

    apart, _ = load_adapters(pupil.method.tier, {"one": pupil.adapter}, pupil.method.role)
    far = whole = 0.0
    for layer, update in updates(apart, "one"):
        base = apart.get_submodule(layer).base_layer.weight
        wanted = four_bit.dequantize_4bit(base.data, base.quant_state).float() + update
        weight = model.get_submodule(layer.removeprefix("base_model.model.")).weight.detach()
        far += float((weight.float() - wanted).square().sum())
        whole += float(update.square().sum())
    models.unload(apart)
    return (far / whole) ** 0.5
