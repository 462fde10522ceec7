"""Questions of GSM8K that lack something they need, each beside its whole original: for the probe on real models."""

import hashlib
import json
import os
import random
from pathlib import Path

from huggingface_hub import constants

from helpers import disk, tiers
from helpers.questions.reading import Question, checked, read, text_of

FOLDER = "DISTILL_MIP"  # the environment variable that names a folder with gsm8k.json
FILE = "gsm8k.json"
FAMILY = "missing premise"
# Fan et al. 2025, "Missing Premise exacerbates Overthinking" (arXiv 2504.06514); MIT licence. Not on the Hugging Face
# Hub but on GitHub, so the commit pins it.
REPOSITORY, REVISION = "MingLiiii/MiP-Overthinking", "4777bc327631ae61b88363ee313de15b12e4743b"
SHA256 = "cf1a7b0b8b2ff44f64c6e89ac82ff1aa890ee0366b8544ec648eaf7108486797"
URL = f"https://raw.githubusercontent.com/{REPOSITORY}/{REVISION}/data/{FILE}"


def missing_premises(n: int | None = None, seed: int = 0) -> list[tuple[Question, Question]]:
    """Pairs of a solvable question of GSM8K and the same without something that it needs: (original, impossible).

    The file has 582 rows, all from GSM8K's test split; in 7 of them nothing was taken away, and they are left out: 575
    pairs.
    Not all of these lack what they need: read by hand, 17 (3 %) can be answered as they stand, such as the mean of five
    marks that are given. So to notice 97 % is the most that can be right, and to notice the others is a mistake.
    From GitHub at a pinned commit, or from the folder that the environment variable DISTILL_MIP names.

    Args:
        n: how many, None for all.
        seed: the same gives the same pairs, a larger n those of a smaller one first.

    Raises:
        ValueError: for a negative n, more pairs than there are, and a row that cannot be read.
        FileNotFoundError: for a missing folder or file.
        OSError: where GitHub does not give the data.
    """
    rows, where = _rows()
    originals = read(rows, where, "row")
    pairs = []
    for number, (row, original) in enumerate(zip(rows, originals, strict=True), 1):
        lacking = row.get("insufficient_question")
        if not isinstance(lacking, str) or not lacking.strip():
            raise ValueError(f'{where}, row {number}: it has no "insufficient_question"; mend or remove it')
        checked(lacking, f"{where}, row {number}")
        if lacking.strip() != original.question.strip():
            pairs.append((Question(original.question, original.answer, FAMILY), Question(lacking, (), FAMILY)))
    if n is not None and not 0 <= n <= len(pairs):
        raise ValueError(f"{where} has {len(pairs):,} pairs, and {n:,} were asked for")
    random.Random(f"missing premises {seed}").shuffle(pairs)
    return pairs if n is None else pairs[:n]


def _rows() -> tuple[list[dict], str]:
    """The rows, and where they come from."""
    folder = os.environ.get(FOLDER)
    path = Path(folder).expanduser() / FILE if folder else _downloaded()
    if not path.is_file():
        raise FileNotFoundError(
            f"{FOLDER} names {path.parent}, and there is no {FILE} in it: put data/{FILE} of github.com/{REPOSITORY} "
            f"there, or unset {FOLDER}"
        )
    try:
        rows = json.loads(text_of(path))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}. Download it again") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} is not a list of objects: it should be data/{FILE} of github.com/{REPOSITORY}")
    return rows, str(path)


def _downloaded() -> Path:
    """The file at its pinned commit, fetched the first time, and again where what was kept is no longer the same.

    It is kept in artifacts/. Raises OSError as above.
    """
    path = tiers.ROOT / "artifacts" / "data" / f"missing-premises-{FILE}"
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256:
        return path
    ways = f"let {FOLDER} name a folder with its {FILE}"
    if constants.HF_HUB_OFFLINE:
        raise OSError(f"HF_HUB_OFFLINE forbids the network, and {URL} was never loaded here: unset it, or {ways}")
    try:
        content = disk.fetch(URL, SHA256)
    except (OSError, disk.Damaged) as error:
        raise OSError(f"{error}. See whether GitHub can be reached and try again, or {ways}") from error
    disk.write_whole(path, content)
    return path
