"""Opens folders of `make measure-kit` on the machine with the GPU, with nothing but Python's own library:

    python3 tools/measure/open_kit.py FOLDER [FOLDER ...]
    PYTHONPATH=$PWD/artifacts/measure/site:$PWD/tools:$PWD python3 -m measure
"""

import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "artifacts" / "measure" / "site"
TOKENIZERS = ROOT / "artifacts" / "bench" / "tokenizers"  # where tools/rehearsal/tokenizers.py keeps them


def open_kit(folders: list[Path], site: Path = SITE, tokenizers: Path = TOKENIZERS) -> int:
    """Unpacks wheels, and the tokenizers, and returns how many files those were.

    A wheel is a zip whose folders lie as they are imported; what its `.data` folder holds for there comes along.
    Raises FileNotFoundError for a folder with nothing to open.
    """
    count = 0
    for folder in folders:
        files = sorted([*Path(folder).glob("*.whl"), *Path(folder).glob("tokenizers.zip")])
        if not files:
            raise FileNotFoundError(f"there is nothing to open in {folder}: `make measure-kit` makes such folders")
        for path in files:
            with zipfile.ZipFile(path) as packed:
                if path.suffix == ".zip":
                    packed.extractall(tokenizers)
                else:
                    unpack(packed, site)
            count += 1
    return count


def unpack(wheel: zipfile.ZipFile, site: Path) -> None:
    for name in wheel.namelist():
        parts = Path(name).parts
        if parts[0].endswith(".data"):
            if len(parts) < 3 or parts[1] not in ("purelib", "platlib"):
                continue  # scripts, headers and pages for man
            parts = parts[2:]
        place = site.joinpath(*parts)
        if name.endswith("/"):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(wheel.read(name))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    print(f"opened {open_kit([Path(name) for name in sys.argv[1:]])} files into {SITE}")
