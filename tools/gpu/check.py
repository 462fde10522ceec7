"""`make gpu-check`: the GPU environment, and whether all that helpers/ asks of Unsloth, TRL and the rest fits it.

The tests marked `gpu` run in it on the real Unsloth, which `gpu.real` imports as if there were a GPU. None is needed:
what runs on one is not shown by this, only that every call is taken.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from environment import step

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-gpu"
PINS = ROOT / "requirements-gpu.txt"


def main() -> int:
    """Runs the checks in the GPU environment; 0 if all is well."""
    env = {
        **os.environ, "UNSLOTH_ALLOW_CPU": "1", "UNSLOTH_DISABLE_STATISTICS": "1", "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tools", ROOT / "tests"))),
    }  # fmt: skip
    command = [environment(), "-m", "pytest", "-q", "-p", "gpu.real", "-m", "gpu", "-c", ROOT / "pyproject.toml"]
    # Unsloth writes what it compiles into the folder in which it runs.
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.call([*map(str, command), str(ROOT / "tests" / "test_surface.py")], cwd=folder, env=env)


def environment() -> Path:
    """The Python of .venv-gpu, which is made if it is not there or made of other pins."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / ".installed"
    key = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if not (python.exists() and stamp.exists() and stamp.read_text() == key):
        print("Installing the GPU environment into .venv-gpu: about 7 GB, once, some minutes.", flush=True)
        advice = "The GPU environment could not be made; the reason stands above. Then run the command again."
        step([sys.executable, "-m", "venv", str(FOLDER)], advice)
        step([str(python), "-m", "pip", "--disable-pip-version-check", "install", "-r", str(PINS)], advice)
        stamp.write_text(key)
    return python


if __name__ == "__main__":
    sys.exit(main())
