"""A model card: what the run's files say of a student that goes home, the rest is unknown."""

import json
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import ModelCard, ModelCardData, constants, hf_hub_download

from helpers import disk, provenance
from helpers.evaluation import results
from helpers.evaluation.tables import P_VALUES, markdown, said
from helpers.export.pupil import Pupil, shown
from helpers.tiers import ModelSpec
from helpers.traces import record

UNKNOWN = "unknown"
# What each form is, in a sentence, and how it is loaded.
FORMS = {
    "merged": (
        "The student as one model: its base, {weights}, plus what it learnt.",
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'tokenizer = AutoTokenizer.from_pretrained("{name}")\n'
        'model = AutoModelForCausalLM.from_pretrained("{name}")',
    ),
    "adapter": (
        "What the student learnt, alone: an adapter to be laid on its base.",
        "from peft import AutoPeftModelForCausalLM\nfrom transformers import AutoTokenizer\n\n"
        'tokenizer = AutoTokenizer.from_pretrained("{name}")\n'
        'model = AutoPeftModelForCausalLM.from_pretrained("{name}")',
    ),
    "gguf": (
        "The student as a file for llama.cpp and Ollama: its base, {weights}, plus what it learnt, in {kind}.",
        "llama-server -m {file}\nollama create my-student -f Modelfile",
    ),
}  # fmt: skip
LIBRARY = {"merged": "transformers", "adapter": "peft", "gguf": "gguf"}
ROUNDED = {False: "in the numbers in which it was published", True: "rounded to 4 bits as it was in training"}


def card_of(
    pupil: Pupil, form: str, name: str, rounded: bool = False, figures: Mapping | Path | str | None = None,
    terms: str | None = None, file: str = "", kind: str = "",
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
        file: of a GGUF export, the file.
        kind: of a GGUF export, the kind of its numbers.

    Raises:
        FileNotFoundError: for a file of figures that is not there.
    """
    method, tier = pupil.method, pupil.method.tier
    what, load = (text.format(name=name, file=file, kind=kind, weights=ROUNDED[rounded]) for text in FORMS[form])
    license = license_of(pupil.base)
    head = ModelCardData(
        license=None if license == UNKNOWN else license, library_name=LIBRARY[form], tags=["distillation", method.name],
        base_model=None if pupil.base.local else pupil.base.name,  # the Hub looks for what is named here
    )  # fmt: skip
    parts = [
        f"---\n{head.to_yaml()}\n---", f"# {name}", what, *_merging(form, rounded),
        "## Where it comes from", markdown(("what", ""), _origin(pupil, license, terms)),
        "## What it scores", _scores(pupil, figures),
        "## How it was trained", markdown(("setting", "value"), _settings(pupil)),
        "## How to load it", f"```{'sh' if form == 'gguf' else 'python'}\n{load}\n```",
        f"Ask it in its chat template. It was examined greedily, with at most {tier.answer_tokens:,} tokens an answer.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def license_of(spec: ModelSpec) -> str:
    """The licence that a model's own card names; "unknown" where it has none or the Hub cannot be asked."""
    if not isinstance(spec, ModelSpec):
        return UNKNOWN  # a teacher behind an address
    try:
        if spec.local:
            path = Path(spec.source) / "README.md"
        else:
            path = hf_hub_download(spec.name, "README.md", revision=spec.revision,
                                   local_files_only=constants.HF_HUB_OFFLINE)  # fmt: skip
        return str(ModelCard.load(path, ignore_metadata_errors=True).data.license or UNKNOWN)
    except (OSError, ValueError):
        return UNKNOWN


def _merging(form: str, rounded: bool) -> list[str]:
    if form == "adapter" or rounded:
        return []
    return [
        "What it learnt with its base in 4 bits was learnt beside rounded weights, and here it meets those that were "
        "not rounded. Its answers can differ from those that were examined in 4 bits: examine it itself, or take the "
        "form whose base was rounded too."
    ]


def _origin(pupil: Pupil, license: str, terms: str | None) -> list[tuple]:
    tier, rows = pupil.method.tier, pupil.method.rows
    try:
        told = record(rows)
    except ValueError:
        told = {}
    data = [told[key] for key in ("data", "data_config", "data_revision") if told.get(key)]
    return [
        ("teacher", _named(tier.teacher)),
        ("licence of the teacher", license_of(tier.teacher)),
        ("terms of its outputs", terms or UNKNOWN),
        ("student before", _named(pupil.base)),
        ("licence of the student", license),
        ("questions", " ".join(data) or UNKNOWN),
        ("teacher's answers that were learnt", f"{len(rows):,}"),
    ]


def _named(spec) -> str:
    # A teacher behind an address has no commit, and its address is nobody's business.
    revision = spec.revision if not spec.local else provenance.revision(spec)
    name = shown(spec) if isinstance(spec, ModelSpec) else spec.name
    return f"`{name}`, {f'at `{revision}`' if revision else f'revision {UNKNOWN}'}"


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
    rows = [(f"right answers, validation after epoch {epoch:g}", str(found), found.n)
            for epoch, found in pupil.run.validation]  # fmt: skip
    for key, value in _flat(_read(figures)):
        if isinstance(value, Mapping):
            n = value["n"]
            rows.append((key, said(value), n))
        elif set(key.split(".")) & P_VALUES:
            rows.append((key, f"p = {value:.2g}", ""))
    if not rows:
        return f"It is {UNKNOWN}: no figures were kept."
    return markdown(("what", "share, with its 95 % interval", "n"), rows)


def _read(figures: Mapping | Path | str | None) -> Mapping:
    if isinstance(figures, Path | str):
        figures = Path(figures)
        if not figures.is_file():
            raise FileNotFoundError(f"there are no figures in {disk.shown(figures)}: run the exam first")
        figures = json.loads(figures.read_text(encoding="utf-8"))
    return results.plain(figures or {})


def _flat(nested: Mapping, before: str = "") -> list[tuple]:
    """(dotted key, share or number) of each figure."""
    found = []
    for name, value in nested.items():
        if name == "run" and not before:
            continue
        key = f"{before}{name}"
        if isinstance(value, Mapping) and not {"value", "low", "high", "n"} <= set(value):
            found += _flat(value, f"{key}.")
        elif isinstance(value, Mapping | int | float):
            found.append((key, value))
    return found
