"""A model card: what the run's files say of a student that goes home, the rest is unknown."""

import json
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData, constants, hf_hub_download

from helpers import disk, provenance, questions
from helpers.evaluation import results
from helpers.evaluation.tables import P_VALUES, markdown, said
from helpers.export.merging import Pupil, shown
from helpers.tiers import EndpointSpec, ModelSpec
from helpers.traces import record

UNKNOWN = "unknown"
LOOK_UP = f"{UNKNOWN}: look them up where the server is offered, before you pass on what was learnt from them"
# Of each form: what reads it, what it is, how it is loaded.
FORMS = {
    "merged": (
        "transformers", "The student as one model: its base, {weights}, plus what it learnt.",
        "python\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'tokenizer = AutoTokenizer.from_pretrained("{name}")\n'
        'model = AutoModelForCausalLM.from_pretrained("{name}")',
    ),
    "adapter": (
        "peft", "What the student learnt, alone: an adapter to be laid on its base.",
        "python\nfrom peft import AutoPeftModelForCausalLM\nfrom transformers import AutoTokenizer\n\n"
        'tokenizer = AutoTokenizer.from_pretrained("{name}")\n'
        'model = AutoPeftModelForCausalLM.from_pretrained("{name}")',
    ),
    "gguf": (
        "gguf", "The student as a file for llama.cpp and Ollama: its base, {weights}, plus what it learnt, in {kind}.",
        "sh\nllama-server -m {file}\nollama create my-student -f Modelfile",
    ),
}  # fmt: skip
ROUNDED = {False: "in the numbers in which it was published", True: "rounded to 4 bits as it was in training"}
MERGING = """
What it learnt with its base in 4 bits was learnt beside rounded weights, and here it meets those that were not rounded.
Its answers can differ from those that were examined in 4 bits: examine it itself, or take the form whose base was
rounded too.
"""
AGAIN = """
The sum of base and update was rounded to 4 bits once more. What the update had changed by less than half a step of
these 4 bits is lost: its answers can differ from those that were examined.
"""
TEXT = """---
{head}
---

# {name}

{what}
{merging}
## Where it comes from

{origin}

## What it scores

{scores}

## How it was trained

{settings}

## How to load it

```{load}
```

Ask it in its chat template. It was examined greedily, with at most {room:,} tokens an answer.
"""


def card_of(
    pupil: Pupil, form: str, name: str, rounded: bool = False, figures: Mapping | Path | str | None = None,
    terms: str | None = None, file: str = "", again: bool = False,
) -> str:  # fmt: skip
    """The text of a model card, with the settings that the Hub reads at its head.

    Args:
        pupil: who is taken home.
        form: one of FORMS.
        name: what the folder is called.
        rounded: as `merging.merge`.
        figures: by dotted keys, or a file that `results.write` wrote; shares are told with their interval, p-values as
            they are, and other figures are left out.
        terms: what the teacher's owner says of what may be done with its answers, and where; unknown if None.
        file: of a GGUF export, the file, whose name ends in the kind of its numbers.
        again: as `merging.merge`.

    Raises:
        FileNotFoundError: for a file of figures that is not there.
    """
    method, base = pupil.method, pupil.base
    library, *texts = FORMS[form]
    kind = Path(file).stem.rpartition("-")[2]
    what, load = (one.format(name=name, file=file, kind=kind, weights=ROUNDED[rounded]) for one in texts)
    license = license_of(base)
    head = ModelCardData(
        license=None if license == UNKNOWN else license, library_name=library, tags=["distillation", method.name],
        base_model=None if base.local else base.name,  # the Hub looks for what is named here
    )  # fmt: skip
    merging = AGAIN if again else "" if form == "adapter" or rounded else MERGING
    return TEXT.format(
        head=head.to_yaml(), name=name, what=what, merging=merging,
        origin=markdown(("what", ""), _origin(pupil, license, terms)), scores=_scores(pupil, figures),
        settings=markdown(("setting", "value"), _settings(pupil)), load=load, room=method.tier.answer_tokens,
    )  # fmt: skip


def license_of(spec: ModelSpec | EndpointSpec) -> str:
    """The licence that a model's own card names; "unknown" where it has none or the Hub cannot be asked."""
    if isinstance(spec, EndpointSpec):
        return UNKNOWN
    try:
        path = Path(spec.source) / "README.md" if spec.local else hf_hub_download(
            spec.name, "README.md", revision=spec.revision, local_files_only=constants.HF_HUB_OFFLINE
        )  # fmt: skip
        return str(ModelCard.load(path, ignore_metadata_errors=True).data.license or UNKNOWN)
    except (OSError, ValueError):
        return UNKNOWN


def _origin(pupil: Pupil, license: str, terms: str | None) -> list[tuple]:
    tier, rows = pupil.method.tier, pupil.method.rows
    try:
        told = record(rows)
    except ValueError:
        told = {}
    data = [told[key] for key in ("data", "data_config", "data_revision") if told.get(key)]
    if "imported" in told:  # the traces are from elsewhere, and the questions with them
        data = [questions.source(tier.data).name]
    taught = f", from {told['imported']}" if "imported" in told else ""
    served = isinstance(tier.teacher, EndpointSpec)
    return [
        # A server's address is nobody's business.
        ("teacher", f"`{tier.teacher.name}`, as a server calls it" if served else _named(tier.teacher)),
        ("licence of the teacher", license_of(tier.teacher)),
        ("terms of its outputs", terms or (LOOK_UP if served else UNKNOWN)),
        ("student before", _named(pupil.base)),
        ("licence of the student", license),
        ("questions", " ".join(data) or UNKNOWN),
        ("teacher's answers that were learnt", f"{len(rows):,}{taught}"),
    ]


def _named(spec: ModelSpec) -> str:
    return f"`{shown(spec)}`, at `{provenance.revision(spec)}`"


def _settings(pupil: Pupil) -> list[tuple]:
    method, tier = pupil.method, pupil.method.tier
    lora, own = tier.lora, {key: value for key, value in method.config().items() if key not in ("teacher", "revision")}
    versions = ", ".join(f"{name} {number}" for name, number in results.versions().items())
    return [
        ("method", method.name), *own.items(), ("seed", method.seed),
        ("adapter", f"rank {lora.r}, alpha {lora.alpha}, learning rate {lora.learning_rate:g}"),
        ("epochs, batch, longest row", f"{tier.epochs}, {tier.batch_size}, {tier.max_length:,} tokens"),
        ("steps", f"{pupil.run.steps:,} in all; this is {pupil.adapter.name}"),
        ("seconds of training", pupil.run.seconds),
        ("versions when this was written", versions),
    ]  # fmt: skip


def _scores(pupil: Pupil, figures: Mapping | Path | str | None) -> str:
    if isinstance(figures, Path | str):
        if not Path(figures).is_file():
            raise FileNotFoundError(f"there are no figures in {disk.shown(figures)}: run the exam first")
        figures = json.loads(Path(figures).read_text(encoding="utf-8"))
    rows = [
        (f"right answers, validation after epoch {epoch:g}", str(found), found.n)
        for epoch, found in pupil.run.validation
    ]
    rows += _rows({name: one for name, one in results.plain(figures or {}).items() if name != "run"})
    return markdown(("what", "share, with its 95 % interval", "n"), rows) if rows else (
        f"It is {UNKNOWN}: no figures were kept."
    )  # fmt: skip


def _rows(nested: Mapping, before: str = "") -> list[tuple]:
    """A row for each share and each p-value, by its dotted key."""
    rows = []
    for name, value in nested.items():
        key = f"{before}{name}"
        if isinstance(value, Mapping) and {"value", "low", "high", "n"} <= set(value):
            rows.append((key, said(value), value["n"]))
        elif isinstance(value, Mapping):
            rows += _rows(value, f"{key}.")
        elif isinstance(value, int | float) and set(key.split(".")) & P_VALUES:
            rows.append((key, f"p = {value:.2g}", ""))
    return rows
