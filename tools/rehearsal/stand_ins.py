"""Makes stand-ins of the real models in a local Hub cache: `python -m rehearsal.stand_ins`.

Real are the tokenizers, the chat templates, the vocabularies and every setting in the models' files. Not real are the
weights: a few layers of width 64 or 128, random, or taught a few answers by heart (`lessons`). They exist so that every
line which a GPU user runs has been run before. WHAT THEY SAY MEANS NOTHING. All of it lies in artifacts/rehearsal/.
"""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import torch

from helpers.tiers import GSM8K, TIERS, ModelSpec
from rehearsal import lessons
from rehearsal import settings as real_settings
from rehearsal import tokenizers as real_tokenizers

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "artifacts" / "rehearsal"
MARK = "THIS_IS_A_STAND_IN"
WARNING = (
    "THESE MODELS ARE STAND-INS. Tokenizers, templates and settings are the real ones; the weights are not: a few\n"
    "small layers, random or taught some answers by heart, to rehearse the code without a GPU. What they answer and\n"
    "what is measured on them means nothing, and none of it is kept as a result.\n"
)


def hub(folder: Path = FOLDER) -> Path:
    """What HF_HUB_CACHE is to name: the models."""
    return folder / "hub"


def home(folder: Path = FOLDER) -> Path:
    """What HF_HOME is to name: the data."""
    return folder / "home"


def place_of(name: str, hub: Path) -> Path:
    """Where the Hub's client keeps a model."""
    return hub / f"models--{name.replace('/', '--')}"


def offline(hub: Path, home: Path) -> dict[str, str]:
    """The environment in which the Hub's client finds what lies there, and asks nobody else."""
    return {
        "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(hub), "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip


def inside(path: Path, folder: Path = FOLDER) -> Path:
    """The path. Raises ValueError unless it lies in the rehearsal's folder: nothing of a stand-in is kept elsewhere."""
    if not Path(path).resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"{path} is not in {folder}: what stand-ins make is kept nowhere else")
    return Path(path)


def specs() -> list[ModelSpec]:
    """The models of the tiers that come from the Hub, each once. Raises KeyError for one without a stand-in."""
    found = {spec.name: spec for tier in TIERS.values() for spec in (tier.teacher, tier.student, tier.sibling) if spec}
    wanted = [spec for spec in found.values() if not spec.local]
    missing = [spec.name for spec in wanted if spec.name not in real_settings.MODELS]
    if missing:
        raise KeyError(f"{', '.join(missing)} has no stand-in: add it to MODELS in tools/rehearsal/settings.py")
    return wanted


def digest() -> str:
    """Changes with anything that the stand-ins are made of."""
    sources = [Path(module.__file__) for module in (lessons, real_settings, real_tokenizers)]
    found = hashlib.sha256(repr((specs(), GSM8K)).encode())
    for path in (Path(__file__), lessons.SAMPLE, *sources):
        found.update(path.read_bytes())
    return found.hexdigest()


def make(folder: Path = FOLDER) -> None:
    """Makes what is missing or was made otherwise. Raises as `real_tokenizers.path_of` and `specs`."""
    for spec in specs():
        place = inside(place_of(spec.name, hub(folder)), folder)
        mark = place / MARK
        if mark.is_file() and mark.read_text(encoding="utf-8").startswith(digest()):
            continue
        print(f"making a stand-in of {spec.name}", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        with tempfile.TemporaryDirectory() as desk:
            told = model(spec, Path(desk))
            lay_out(Path(desk), place, spec.revision)
        # Last: a stand-in without it is made anew.
        mark.write_text(f"{digest()}\n{told}\n\n{WARNING}", encoding="utf-8")
    gsm8k(inside(home(folder), folder))


def model(spec: ModelSpec, desk: Path) -> str:
    """Writes a repository's files to a folder and returns a line on how the weights were made."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    about = real_settings.MODELS[spec.name]
    told = "random weights"
    with repository(desk, real_settings.files_of(about), about.family):
        torch.manual_seed(0)
        made = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(desk), dtype=torch.float32)
        if about.taught:
            loss = lessons.learn(made, AutoTokenizer.from_pretrained(desk))
            told = f"weights taught some answers by heart, to {loss:.4f} nats a token"
        made.to(torch.bfloat16).save_pretrained(desk)
    (desk / "README.md").write_text(f"# A stand-in of {spec.name}\n\n{WARNING}\nHere: {told}.\n", encoding="utf-8")
    (desk / MARK).write_text(WARNING, encoding="utf-8")
    return told


@contextmanager
def repository(desk: Path, files: dict[str, dict], family: str):
    """A folder with a model's settings and tokenizer, into which the model is saved while the block runs.

    The settings stay as the real repository has them, not as this version of the library would write them.
    """
    texts = {name: json.dumps(content, indent=2) + "\n" for name, content in files.items()}

    def write() -> None:
        for name, text in texts.items():
            (desk / name).write_text(text, encoding="utf-8")

    write()
    shutil.copy(real_tokenizers.path_of(family), desk / "tokenizer.json")
    yield
    write()


def lay_out(files: Path, place: Path, revision: str) -> None:
    """Files as the Hub's client keeps them: blobs by their digest, and links to them under the revision."""
    snapshot, blobs, refs = place / "snapshots" / revision, place / "blobs", place / "refs"
    for folder in (snapshot, blobs, refs):
        folder.mkdir(parents=True)
    for path in sorted(files.iterdir()):
        name = hashlib.sha256(path.read_bytes()).hexdigest()
        shutil.copyfile(path, blobs / name)
        (snapshot / path.name).symlink_to(os.path.relpath(blobs / name, snapshot))
    (refs / "main").write_text(revision, encoding="utf-8")
    shutil.copyfile(files / "README.md", place / "README.md")


def gsm8k(place: Path) -> None:
    """The rehearsal's GSM8K, as `load_dataset` finds it without the Hub: where a first load would have put it."""
    from datasets import DatasetInfo, Features, Value
    from datasets.arrow_writer import ArrowWriter
    from datasets.splits import SplitDict, SplitInfo

    name = GSM8K.name.rpartition("/")[2]
    folder = place / "datasets" / GSM8K.name.replace("/", "___") / GSM8K.config / "0.0.0" / GSM8K.revision
    mark = folder / MARK
    if mark.is_file() and mark.read_text(encoding="utf-8").startswith(digest()):
        return
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    features, splits = Features({"question": Value("string"), "answer": Value("string")}), SplitDict(dataset_name=name)
    # Another number before each test problem than before any for training: no question is in both.
    for split, numbers in (("train", lessons.NUMBERS), ("test", lessons.TEST_NUMBERS)):
        with ArrowWriter(features=features, path=str(folder / f"{name}-{split}.arrow")) as writer:
            for row in lessons.rows(numbers):
                writer.write(row)
            count, size = writer.finalize()
        splits.add(SplitInfo(name=split, num_bytes=size, num_examples=count, dataset_name=name))
    about = "40 problems of GSM8K, each many times with another number before it: a stand-in"
    info = DatasetInfo(
        description=about, features=features, splits=splits, builder_name="parquet", dataset_name=name,
        config_name=GSM8K.config, version="0.0.0",
    )  # fmt: skip
    info.write_to_directory(str(folder))
    mark.write_text(f"{digest()}\n{about}\n", encoding="utf-8")


def main() -> int:
    make()
    print(f"{WARNING}They lie in {os.path.relpath(FOLDER, ROOT)}/.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
