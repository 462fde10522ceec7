"""Taking a student home: merged, as its adapter alone, as a GGUF file, each with a card; compared, and put on the Hub.

```python
from helpers import export

home = export.merged(method)
forms = {"adapter": export.adapter(method), "f16": export.gguf(method, "f16")}
export.table(export.compared(method, home, forms))
```
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from helpers import questions
from helpers.export import gguf_file, likeness
from helpers.export.card import card_of
from helpers.export.hub import push
from helpers.export.likeness import Likeness, table
from helpers.export.merging import save_adapter, save_merged
from helpers.export.ollama import modelfile
from helpers.export.place import made
from helpers.export.pupil import Pupil, pupil_of
from helpers.training.method import Method

__all__ = [
    "Likeness", "Pupil", "adapter", "compared", "gguf", "merged", "modelfile", "pupil_of", "push", "table",
]

MODELFILE = "Modelfile"


def merged(
    method: Method, rounded: bool = False, figures: Mapping | Path | str | None = None, terms: str | None = None,
    checkpoint: Path | str | None = None, folder: Path | None = None,
) -> Path:  # fmt: skip
    """The student as one model: safetensors, tokenizer, chat template, how it writes, and a model card.

    Args:
        method: the distillation, after its `run()`.
        rounded: whether the base is rounded to 4 bits first, as it was in training (`merging.merge` says why); the
            weights are written in as many bits as the base was published in all the same.
        figures: for the card, as `card.card_of`.
        terms: for the card, as `card.card_of`.
        checkpoint: as `pupil_of`.
        folder: where to; a folder beside the tier's other artifacts if None.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: as `pupil_of`; ValueError: as `pupil_of`, `place.made` and `merging.merge`.
        OSError: as `models.load_student`.
    """
    pupil, name = pupil_of(method, checkpoint), "merged-rounded" if rounded else "merged"
    text = card_of(pupil, "merged", _title(pupil, name), rounded, figures, terms)
    record = {"form": name, **pupil.record}
    return made(folder or _home(pupil) / name, record, lambda part: save_merged(pupil, rounded, part), text,
                bool(figures or terms))


def adapter(
    method: Method, figures: Mapping | Path | str | None = None, terms: str | None = None,
    checkpoint: Path | str | None = None, folder: Path | None = None,
) -> Path:  # fmt: skip
    """The adapter alone, for PEFT, with the tokenizer and a model card. Args, Returns and Raises as `merged`."""
    pupil = pupil_of(method, checkpoint)
    text = card_of(pupil, "adapter", _title(pupil, "adapter"), False, figures, terms)
    record = {"form": "adapter", **pupil.record}
    return made(folder or _home(pupil) / "adapter", record, lambda part: save_adapter(pupil, part), text,
                bool(figures or terms))


def gguf(
    method: Method, kind: str = "f16", rounded: bool = False, figures: Mapping | Path | str | None = None,
    terms: str | None = None, checkpoint: Path | str | None = None, folder: Path | None = None,
) -> Path:  # fmt: skip
    """The merged student as a GGUF file for llama.cpp and Ollama, beside it a Modelfile and a model card.

    The merged model is exported first if it is not there. Where the chat template cannot be put in Ollama's words,
    there is no Modelfile, which is printed; the file itself has the template, which llama.cpp reads.

    Args:
        method: as `merged`.
        kind: "f32", "f16", "bf16" or "q8_0".
        rounded: as `merged`.
        figures: as `merged`.
        terms: as `merged`.
        checkpoint: as `merged`.
        folder: as `merged`.

    Returns:
        The file.

    Raises:
        ImportError: as `gguf_file.available`.
        FileNotFoundError, OSError: as `merged`.
        ValueError: as `merged` and `gguf_file.write`.
    """
    gguf_file.check_kind(kind)
    pupil = pupil_of(method, checkpoint)
    form = f"gguf-rounded-{kind}" if rounded else f"gguf-{kind}"
    name = f"{_title(pupil, 'merged')}-{kind}.gguf"
    text = card_of(pupil, "gguf", _title(pupil, form), rounded, figures, terms, name, kind)

    def make(part: Path) -> None:
        from transformers import AutoConfig, AutoTokenizer

        whole = merged(method, rounded, figures, terms, checkpoint)
        gguf_file.write(whole, part / name, kind)
        tokenizer, config = AutoTokenizer.from_pretrained(whole), AutoConfig.from_pretrained(whole)
        try:
            written = modelfile(tokenizer, name, config.max_position_embeddings, method.tier.answer_tokens)
        except ValueError as error:
            print(f"there is no {MODELFILE} beside it: {error}")
            return
        (part / MODELFILE).write_text(written, encoding="utf-8")

    record = {"form": form, **pupil.record}
    return made(folder or _home(pupil) / form, record, make, text, bool(figures or terms)) / name


def compared(
    method: Method, home: Path, forms: Mapping[str, Path], problems: Sequence | None = None,
    checkpoint: Path | str | None = None,
) -> dict[str, Likeness]:  # fmt: skip
    """How alike the forms of a student are, as `likeness.compared`.

    Args:
        method: as `merged`.
        home: what `merged` gave, which the others are compared with.
        forms: by name, what `adapter` and `gguf` gave.
        problems: 20 of the tier's validation problems if None.
        checkpoint: as `merged`.

    Returns:
        By name, "merged" first.

    Raises:
        ValueError: as `likeness.compared`, and FileNotFoundError as `pupil_of`.
    """
    if problems is None:
        problems = questions.draw(method.tier, "validation", 20, seed=0, fewer=True)
    return likeness.compared(pupil_of(method, checkpoint), home, forms, problems)


def _home(pupil: Pupil) -> Path:
    return pupil.method.tier.artifacts / "export" / f"{pupil.method.folder.name}-{pupil.adapter.name}"


def _title(pupil: Pupil, form: str) -> str:
    return f"{Path(pupil.base.name).name}-{pupil.method.name}-{form}".lower()
