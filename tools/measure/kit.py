"""`make measure-kit`: what a machine with PyTorch and transformers lacks for `make measure`, packed for the way there.

Wheels go into folders artifacts/measure/kit/1, 2, ... of at most `--most` MB, with the tokenizers in the first. What
PyTorch and transformers bring is left out, and so is what `--has` names; of bitsandbytes only the build for one CUDA
stays. Behind it the folders are opened here (`open_kit.py`), and where they are for this Python all of it is imported.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from pins import pins_of
from rehearsal import tokenizers as real_tokenizers

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "artifacts" / "measure" / "kit"
PINS = ROOT / "requirements-gpu.txt"
NEEDED = (
    "unsloth", "unsloth_zoo", "trl", "peft", "datasets", "bitsandbytes", "accelerate", "math-verify", "papermill",
    "ipykernel", "ipywidgets", "matplotlib", "psutil", "scipy", "scikit-learn",
)  # fmt: skip
THERE = ("torch", "transformers", "triton")  # and what they bring
# Not needed, or made for one release of PyTorch alone: xformers is another attention, torchvision reads pictures.
WITHOUT = ("xformers", "torchvision", "wheel", "setuptools", "hf-transfer")
GLIBC = range(17, 40)
TOKENIZERS = "tokenizers.zip"


def resolved(pins: list[str], python: str) -> dict[str, dict]:
    """What pip would install on Linux (x86-64) for pins: of each name its wheel's address, SHA-256 and needs.

    Raises CalledProcessError, with pip's words on the terminal.
    """
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in GLIBC] + ["manylinux2014_x86_64", "manylinux1_x86_64"]
    words = [
        sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--ignore-installed",
        "--quiet", "--report", "-", "--only-binary=:all:", "--python-version", python, "--implementation", "cp",
        *(word for platform in platforms for word in ("--platform", platform)), "--target", str(FOLDER), *pins,
    ]  # fmt: skip
    report = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout)
    found = {}
    for one in report["install"]:
        about = one["metadata"]
        found[canonicalize_name(about["name"])] = {
            "version": about["version"], "needs": about.get("requires_dist", []),
            "url": one["download_info"]["url"], "sha256": one["download_info"]["archive_info"]["hashes"]["sha256"],
        }  # fmt: skip
    return found


def brought(names, found: dict[str, dict], python: str) -> set[str]:
    """Names and all that they bring, of what was found."""
    machine = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux",
               "platform_system": "Linux", "platform_machine": "x86_64", "implementation_name": "cpython",
               "platform_python_implementation": "CPython", "os_name": "posix"}  # fmt: skip
    waiting, there = [(canonicalize_name(name), ("",)) for name in names], set()
    while waiting:
        name, extras = waiting.pop()
        if name not in found or (name, extras) in there:
            continue
        there.add((name, extras))
        for need in map(Requirement, found[name]["needs"]):
            if need.marker is None or any(need.marker.evaluate({**machine, "extra": extra}) for extra in extras):
                waiting.append((canonicalize_name(need.name), ("", *sorted(need.extras))))
    return {name for name, _ in there}


def pins(names=NEEDED) -> list[str]:
    """The lines of the GPU environment's requirements for some names. Raises KeyError for one that is not pinned."""
    pinned = pins_of(PINS)
    return [f"{name}=={pinned[name]}" for name in map(canonicalize_name, names)]


def fetched(url: str, sha256: str, folder: Path) -> Path:
    """A wheel, downloaded. Raises OSError if it cannot be had, ValueError if it is not the one that was promised."""
    path = folder / urllib.request.url2pathname(url.rpartition("/")[2].partition("#")[0])
    with urllib.request.urlopen(url, timeout=120) as answer:
        content = answer.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{url} gave another file than pip was promised")
    path.write_bytes(content)
    return path


def without_builds(wheel: Path, cuda: str) -> None:
    """Takes from bitsandbytes' wheel, in place, the libraries for another CUDA than `cuda`, such as "130", and ROCm's.

    Raises ValueError if there is none for this CUDA.
    """
    with zipfile.ZipFile(wheel) as source:
        builds = [name for name in source.namelist() if "/libbitsandbytes_" in name and "_cpu" not in name]
    others = {name for name in builds if f"_cuda{cuda}." not in name}
    if len(others) == len(builds):
        raise ValueError(f"{wheel.name} has no build for CUDA {cuda}: {', '.join(sorted(builds))}")
    without(wheel, lambda name: name in others)


def without(wheel: Path, gone) -> None:
    """Writes a wheel anew without some of its files. gone: whether a file, by its name, is left out."""
    part = wheel.with_suffix(".part")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as made:
        for name in source.namelist():
            if gone(name):
                continue
            content = source.read(name)
            if name.endswith(".dist-info/RECORD"):
                lines = content.decode().splitlines()
                content = "\n".join(line for line in lines if not gone(line.split(",")[0])).encode() + b"\n"
            made.writestr(name, content)
    part.replace(wheel)


def parcels(sizes: dict[str, int], most: int) -> list[list[str]]:
    """Files in as few folders of at most so many bytes as the largest-first rule gives. Raises ValueError for one that
    is larger alone."""
    found: list[list[str]] = []
    for name, size in sorted(sizes.items(), key=lambda pair: -pair[1]):
        if size > most:
            raise ValueError(f"{name} alone has {size / 1e6:.0f} MB: name it with --has, or allow more with --most")
        place = next((each for each in found if sum(sizes[one] for one in each) + size <= most), None)
        place.append(name) if place is not None else found.append([name])
    return found


def tokenizers(path: Path) -> None:
    """Both tokenizers with their settings, as `real_tokenizers` keeps them, in a zip. Raises as `path_of`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as made:
        for name in real_tokenizers.SHA512:
            for file in (real_tokenizers.FILE, real_tokenizers.SETTINGS):
                made.write(real_tokenizers.path_of(name, file), f"{name}/{Path(file).name}")


def unfit(wheels, python: str) -> list[str]:
    """The wheels that such a Python on Linux (x86-64) cannot use."""
    version = tuple(map(int, python.split(".")))
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in reversed(GLIBC)]
    platforms += ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    interpreter = f"cp{version[0]}{version[1]}"
    fit = {*map(str, cpython_tags(version, platforms=platforms)),
           *map(str, compatible_tags(version, interpreter, platforms))}  # fmt: skip
    return [name for name in wheels if not {str(tag) for tag in parse_wheel_filename(name)[3]} & fit]


def make(python: str, has: list[str], most: float, cuda: str, folder: Path = FOLDER) -> list[Path]:
    """Makes the folders anew and returns them."""
    found = resolved(pins(), python)
    there = brought(THERE, found, python) | {canonicalize_name(name) for name in (*has, *WITHOUT)}
    wanted = sorted(brought(NEEDED, found, python) - there)
    shutil.rmtree(folder, ignore_errors=True)
    desk = folder / "all"
    desk.mkdir(parents=True)
    for name in wanted:
        wheel = fetched(found[name]["url"], found[name]["sha256"], desk)
        if name == "bitsandbytes":
            without_builds(wheel, cuda)
        if name == "unsloth":
            without(wheel, lambda file: file.startswith("studio/"))  # an application, 29 MB, that nothing imports
    tokenizers(desk / TOKENIZERS)
    wrong = unfit([path.name for path in desk.glob("*.whl")], python)
    if wrong:
        raise ValueError(f"Python {python} cannot use {', '.join(wrong)}")
    sizes = {path.name: path.stat().st_size for path in desk.iterdir()}
    made = []
    for number, names in enumerate(parcels(sizes, int(most * 1e6)), 1):
        place = folder / str(number)
        place.mkdir()
        for name in names:
            (desk / name).rename(place / name)
        made.append(place)
    desk.rmdir()
    return made


def main(arguments: list[str] | None = None) -> int:
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    parser = argparse.ArgumentParser(prog="python -m measure.kit", description=__doc__.split("\n\n")[0])
    parser.add_argument("--python", default=own, help=f"of the machine with the GPU ({own})")
    parser.add_argument("--has", nargs="*", default=[], help="packages that it has beside those of torch, transformers")
    parser.add_argument("--most", type=float, default=60, help="MB of a folder (60)")
    parser.add_argument("--cuda", default="130", help="its CUDA, for bitsandbytes, such as 128 (130)")
    chosen = parser.parse_args(arguments)
    for place in make(chosen.python, chosen.has, chosen.most, chosen.cuda):
        files = sorted(place.iterdir())
        size = sum(path.stat().st_size for path in files) / 1e6
        print(f"{place.relative_to(ROOT)}: {len(files)} files, {size:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
