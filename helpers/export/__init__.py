"""Taking a student home: merged, as its adapter alone, as a GGUF file, each with a card; compared, and put on the Hub.

```python
from helpers import export

home = export.merged(method)
forms = {"adapter": export.adapter(method), "f16": export.gguf(method, "f16")}
export.table(export.compared(method, home, forms))
```
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from helpers.export import gguf_file
from helpers.export.alike import Likeness
from helpers.export.card import card_of
from helpers.export.hub import push
from helpers.export.likeness import compared, table, with_trained
from helpers.export.merging import Pupil, pupil_of, save_adapter, save_merged
from helpers.export.ollama import modelfile
from helpers.export.place import made
from helpers.training.method import Method

__all__ = [
    "Likeness", "Pupil", "adapter", "compared", "gguf", "merged", "modelfile", "pupil_of", "push", "table",
    "with_trained",
]

MODELFILE = "Modelfile"
Figures = Mapping | Path | str | None


def merged(
    method: Method, rounded: bool = False, figures: Figures = None, terms: str | None = None,
    checkpoint: Path | str | None = None, folder: Path | None = None, again: bool = False,
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
        again: whether the sum is rounded to 4 bits once more, as `merging.merge` says.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: as `pupil_of`.
        ValueError: as `pupil_of`, `place.made` and `merging.merge`.
        OSError: as `models.load_student`.
    """
    pupil, form = pupil_of(method, checkpoint), "-".join(("merged", *_marks(rounded, again)))

    def make(part: Path) -> None:
        save_merged(pupil, rounded, part, again)

    return _made(pupil, form, make, folder, figures, terms, rounded, again=again)


def adapter(
    method: Method, figures: Figures = None, terms: str | None = None, checkpoint: Path | str | None = None,
    folder: Path | None = None,
) -> Path:  # fmt: skip
    """The adapter alone, for PEFT, with the tokenizer and a model card. Args, Returns and Raises as `merged`."""
    pupil = pupil_of(method, checkpoint)
    return _made(pupil, "adapter", lambda part: save_adapter(pupil, part), folder, figures, terms)


def gguf(
    method: Method, kind: str = "f16", rounded: bool = False, figures: Figures = None, terms: str | None = None,
    checkpoint: Path | str | None = None, folder: Path | None = None, again: bool = False,
) -> Path:  # fmt: skip
    """The merged student as a GGUF file for llama.cpp and Ollama, beside it a Modelfile and a model card.

    The merged model is exported first if it is not there. Where the chat template cannot be put in Ollama's words,
    there is no Modelfile, which is printed; the file itself has the template, which llama.cpp reads.

    kind is "f32", "f16", "bf16" or "q8_0"; the other arguments are those of `merged`.

    Returns:
        The file.

    Raises:
        ImportError: as `gguf_file.check_kind`; others as `merged` and `gguf_file.write`.
    """
    gguf_file.check_kind(kind)
    pupil = pupil_of(method, checkpoint)
    name = f"{_title(pupil, 'merged')}-{kind}.gguf"

    def make(part: Path) -> None:
        from transformers import AutoConfig, AutoTokenizer

        whole = merged(method, rounded, figures, terms, checkpoint, again=again)
        gguf_file.write(whole, part / name, kind)
        tokenizer, config = AutoTokenizer.from_pretrained(whole), AutoConfig.from_pretrained(whole)
        try:
            written = modelfile(tokenizer, name, config.max_position_embeddings, method.tier.answer_tokens)
        except ValueError as error:
            print(f"there is no {MODELFILE} beside it: {error}")
            return
        (part / MODELFILE).write_text(written, encoding="utf-8")

    form = "-".join(("gguf", *_marks(rounded, again), kind))
    return _made(pupil, form, make, folder, figures, terms, rounded, name, again) / name


def _made(
    pupil: Pupil, form: str, make: Callable[[Path], object], folder: Path | None, figures: Figures, terms: str | None,
    rounded: bool = False, file: str = "", again: bool = False,
) -> Path:  # fmt: skip
    """The folder of a form, with its card."""
    method = pupil.method
    folder = folder or method.tier.artifacts / "export" / f"{method.folder.name}-{pupil.adapter.name}" / form
    text = card_of(pupil, form.partition("-")[0], _title(pupil, form), rounded, figures, terms, file, again)
    return made(folder, {"form": form, **pupil.record}, make, text, bool(figures or terms))


def _marks(rounded: bool, again: bool) -> list[str]:
    """What of the merge stands in a form's name."""
    return ["rounded"] * rounded + ["again"] * again


def _title(pupil: Pupil, form: str) -> str:
    return f"{Path(pupil.base.name).name}-{pupil.method.name}-{form}".lower()
