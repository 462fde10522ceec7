"""Finds a Chromium for the browser tests, and on Debian installs one: `python tools/browser.py`.

Root gets Debian's package with apt-get. Anyone else gets it unpacked into .venv/chromium, which changes nothing
outside the project.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNPACKED = ROOT / ".venv" / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ADVICE = (
    "There is no browser for the browser tests. Install Chromium or Google Chrome, or name one that is there:\n"
    "    CHROMIUM=/path/to/chromium make test\n"
    "On Debian `make test` installs one by itself, if Debian's packages can be reached."
)
# The package's own launcher looks for everything under /usr. This one knows where it was unpacked.
LAUNCHER = """#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
for folder in "$here"/system/usr/lib/*-linux-gnu "$here"/system/usr/lib/*-linux-gnu/*; do
    [ -d "$folder" ] && LD_LIBRARY_PATH="$folder:$LD_LIBRARY_PATH"
done
export LD_LIBRARY_PATH
exec "$here/system/usr/lib/chromium/chromium" "$@"
"""


def find() -> str | None:
    """The path of a Chromium or Chrome: what CHROMIUM names, else one on PATH, else our own; None if there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    for name in (*NAMES, MACOS, UNPACKED / "chromium"):
        path = shutil.which(name)
        if path:
            return str(path)
    return None


def install_for_all() -> None:
    """Debian's package, for root. Raises subprocess.CalledProcessError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
        subprocess.run(["apt-get", "--quiet", *words], env=environment, check=True)


def unpack(target: Path) -> None:
    """The package and what it needs beside what is installed, in a folder. Raises subprocess.CalledProcessError."""
    part = target.with_suffix(".part")  # so that `target` is there only when all of it is
    shutil.rmtree(part, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "system"):
        (part / folder).mkdir(parents=True)
    # Lists and packages of our own: those of the system are root's.
    apt = ["apt-get", "--quiet", "--option=Debug::NoLocking=1", f"--option=Dir::State::lists={part}/lists"]
    apt.append(f"--option=Dir::Cache={part}/cache")
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "install", "--yes", "--no-install-recommends", "--download-only", "chromium"], check=True)
    for package in sorted((part / "cache" / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", package, part / "system"], check=True)
    shutil.rmtree(part / "cache")
    shutil.rmtree(part / "lists")
    launcher = part / "chromium"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    part.rename(target)


def main() -> int:
    path = find()
    if path is None and not os.environ.get("CHROMIUM") and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests. This is done once.", flush=True)
        try:
            install_for_all() if os.geteuid() == 0 else unpack(UNPACKED)
        except subprocess.CalledProcessError as error:
            print(f"This step failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        path = find()
    print(path or ADVICE, file=sys.stdout if path else sys.stderr)
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
