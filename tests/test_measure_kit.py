"""tools/measure/kit.py and open_kit.py: what goes in, what is left out, how it is opened, and that it imports."""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from measure import kit, open_kit
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.tools

FOUND = {
    name: {"version": "1", "needs": needs, "url": "", "sha256": ""}
    for name, needs in {
        "torch": ["numpy", "triton ; sys_platform == 'linux'"], "transformers": ["numpy", "hub[fast]>=1"],
        "hub": ["speedy ; extra == 'fast'", "slow ; extra == 'patient'"], "torchvision": [], "numpy": [], "triton": [],
        "speedy": [], "slow": [], "trl": ["datasets>=3", "transformers"], "datasets": ["pyarrow", "numpy"],
        "pyarrow": [], "old": ["gone ; python_version < '3.12'"], "gone": [],
    }.items()
}  # fmt: skip


def test_what_is_brought_follows_markers_and_extras():
    there = kit.brought(["torch", "transformers"], FOUND, "3.12")
    assert there == {"torch", "transformers", "numpy", "triton", "hub", "speedy"}
    assert kit.brought(["trl"], FOUND, "3.12") - there == {"trl", "datasets", "pyarrow"}
    assert kit.brought(["old"], FOUND, "3.12") == {"old"} and kit.brought(["old"], FOUND, "3.11") == {"old", "gone"}


def test_the_pins_are_those_of_the_gpu_environment():
    assert "unsloth==2026.10.7" in kit.pins() and len(kit.pins()) == len(kit.NEEDED)
    with pytest.raises(KeyError, match="made-up"):
        kit.pins(["made-up"])


def test_folders_hold_no_more_than_they_may():
    sizes = {"a": 50, "b": 30, "c": 29, "d": 10, "e": 1}
    found = kit.parcels(sizes, 60)
    assert sorted(name for each in found for name in each) == sorted(sizes) and len(found) == 2
    assert all(sum(sizes[name] for name in each) <= 60 for each in found)
    with pytest.raises(ValueError, match=r"a alone has 0 MB: name it with --has"):
        kit.parcels(sizes, 49)


def wheel(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


def test_of_bitsandbytes_one_build_stays(tmp_path):
    names = [f"bitsandbytes/libbitsandbytes_{build}.so" for build in ("cpu", "cuda118", "cuda130", "rocm70")]
    record = "\n".join([*(f"{name},sha256=x,1" for name in names), "b-1.dist-info/RECORD,,"])
    path = wheel(tmp_path / "b-1-py3-none-any.whl", dict.fromkeys(names, "x") | {"b-1.dist-info/RECORD": record})
    kit.without_builds(path, "130")
    with zipfile.ZipFile(path) as found:
        assert set(found.namelist()) == {names[0], names[2], "b-1.dist-info/RECORD"}
        assert found.read("b-1.dist-info/RECORD").decode().split() == [
            f"{names[0]},sha256=x,1", f"{names[2]},sha256=x,1", "b-1.dist-info/RECORD,,"
        ]  # fmt: skip
    with pytest.raises(ValueError, match="has no build for CUDA 128"):
        kit.without_builds(path, "128")


def test_another_file_than_was_promised_is_refused(tmp_path):
    source = tmp_path / "x-1-py3-none-any.whl"
    source.write_bytes(b"wheel")
    (tmp_path / "desk").mkdir()
    digest = hashlib.sha256(b"wheel").hexdigest()
    assert kit.fetched(source.as_uri(), digest, tmp_path / "desk").read_bytes() == b"wheel"
    (tmp_path / "desk" / source.name).unlink()
    with pytest.raises(ValueError, match="another file than expected"):
        kit.fetched(source.as_uri(), "0" * 64, tmp_path / "desk")


def test_wheels_for_another_python_are_found():
    fit = [
        "a-1-py3-none-any.whl", "b-1-cp312-cp312-manylinux_2_28_x86_64.whl", "c-1-cp39-abi3-manylinux2014_x86_64.whl",
        "d-1-py3-none-manylinux_2_24_x86_64.whl", "g-1-py2.py3-none-any.whl", "h-1-py312-none-any.whl",
    ]  # fmt: skip
    others = ["e-1-cp311-cp311-manylinux_2_28_x86_64.whl", "f-1-cp312-cp312-macosx_11_0_arm64.whl"]
    assert kit.unfit([*fit, *others], "3.12") == others


def test_a_folder_is_opened_with_python_alone(tmp_path):
    folder, site, tokenizers = tmp_path / "1", tmp_path / "site", tmp_path / "tokenizers"
    folder.mkdir()
    files = {"a/__init__.py": "x = 1", "a-1.data/purelib/b.py": "y = 2", "a-1.data/scripts/run": "",
             "a-1.dist-info/METADATA": "Name: a"}  # fmt: skip
    wheel(folder / "a-1-py3-none-any.whl", files)
    wheel(folder / "tokenizers.zip", {"qwen3/tokenizer.json": "{}"})
    assert open_kit.open_kit([folder], site, tokenizers) == 2
    found = sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
    assert found == ["a-1.dist-info/METADATA", "a/__init__.py", "b.py"]
    assert (tokenizers / "qwen3" / "tokenizer.json").is_file()
    (tmp_path / "2").mkdir()
    with pytest.raises(FileNotFoundError, match="nothing to open"):
        open_kit.open_kit([tmp_path / "2"], site, tokenizers)


# --- the real kit, where `make measure-kit` made it: DISTILL_KIT=1 ---------------------------------


def bare(folder: Path) -> Path:
    """What a machine with PyTorch and transformers has, and nothing else: links to it, as it is installed here."""
    names, waiting = set(), [*kit.THERE, "psutil"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        if name not in names:
            names.add(name)
            waiting += [kit.Requirement(need).name for need in needs if "extra ==" not in need]
    folder.mkdir()
    for name in names:
        for file in metadata.files(name) or ():
            top = Path(file).parts[0]
            place = Path(metadata.distribution(name).locate_file(top))
            if top not in ("..", "__pycache__") and not (folder / top).exists():
                (folder / top).symlink_to(place)
    # A CUDA build of PyTorch brings it, the CPU's does not.
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), "triton"]
    subprocess.run(words, check=True)
    return folder


@pytest.mark.skipif(not os.environ.get("DISTILL_KIT"), reason="`make measure-kit` makes the kit and runs this")
def test_the_kit_imports_in_a_fresh_environment(tmp_path):
    """With no other packages than those of PyTorch and transformers, and no network."""
    folders = sorted(kit.FOLDER.glob("[0-9]*"))
    assert folders and all(sum(f.stat().st_size for f in each.iterdir()) <= 60e6 for each in folders)
    site = tmp_path / "site"
    open_kit.open_kit(folders, site, tmp_path / "tokenizers")
    code = (
        "import torch, transformers, trl, peft, datasets, bitsandbytes, accelerate, math_verify, papermill, json, sys;"
        "from unsloth import FastLanguageModel, FastModel;"
        "print(json.dumps({m: sys.modules[m].__file__ for m in ('trl', 'peft', 'unsloth', 'bitsandbytes', 'torch')}))"
    )
    paths = os.pathsep.join([str(site), str(bare(tmp_path / "bare"))])
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": paths, "UNSLOTH_ALLOW_CPU": "1",
           "UNSLOTH_DISABLE_STATISTICS": "1", "HF_HUB_OFFLINE": "1"}  # fmt: skip
    real = Path(sys.executable).resolve()  # without the packages of the project's own environment
    done = subprocess.run([str(real), "-s", "-c", code], env=env, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert all(str(site) in found[name] for name in ("trl", "peft", "unsloth", "bitsandbytes"))
    for name in ("qwen3", "gemma3"):
        assert (tmp_path / "tokenizers" / name / "tokenizer.json").is_file()
