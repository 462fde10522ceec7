"""tools/browser.py: finds a browser, unpacks one where nobody is root, and says what to do where there is none."""

import os
import subprocess
from pathlib import Path

import browser
import pytest

pytestmark = pytest.mark.tools


def program(path: Path, script: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(tmp_path, monkeypatch) -> Path:
    """A computer without a browser: nothing is on PATH but what a test puts there."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(browser, "MACOS", tmp_path / "nowhere")
    monkeypatch.setattr(browser, "UNPACKED", tmp_path / ".venv" / "chromium")
    return tmp_path


def test_the_first_that_is_there_is_taken(bare, monkeypatch):
    assert browser.find() is None
    own = program(bare / ".venv" / "chromium" / "chromium")
    assert browser.find() == str(own)
    chrome = program(bare / "bin" / "google-chrome")
    assert browser.find() == str(chrome)
    chromium = program(bare / "bin" / "chromium")
    assert browser.find() == str(chromium)
    named = program(bare / "elsewhere" / "mine")
    monkeypatch.setenv("CHROMIUM", str(named))
    assert browser.find() == str(named)
    monkeypatch.setenv("CHROMIUM", str(bare / "nothing"))
    assert browser.find() is None, "who names one does not want another"


def test_without_any_it_says_what_to_do(bare, capsys):
    assert browser.main() == 1
    said = capsys.readouterr()
    assert "CHROMIUM=/path/to/chromium make test" in said.err and not said.out


def test_what_is_there_is_not_installed(bare, monkeypatch, capsys):
    program(bare / "bin" / "apt-get", "exit 1")
    path = program(bare / "bin" / "chromium")
    assert browser.main() == 0
    assert capsys.readouterr().out.strip() == str(path)


@pytest.mark.parametrize("user", [0, 1000])
def test_root_installs_and_others_unpack(bare, monkeypatch, user, capsys):
    program(bare / "bin" / "apt-get")
    monkeypatch.setattr(browser.os, "geteuid", lambda: user)
    monkeypatch.setattr(browser, "install_for_all", lambda: program(bare / "bin" / "chromium"))
    monkeypatch.setattr(browser, "unpack", lambda target: program(target / "chromium"))
    assert browser.main() == 0
    where = bare / "bin" if user == 0 else bare / ".venv" / "chromium"
    assert capsys.readouterr().out.splitlines()[-1] == str(where / "chromium")


def test_a_step_that_fails_is_named(bare, monkeypatch, capfd):
    program(bare / "bin" / "apt-get", "exit 100")
    monkeypatch.setattr(browser.os, "geteuid", lambda: 0)
    assert browser.main() == 1
    said = capfd.readouterr().err
    assert "This step failed: apt-get --quiet update" in said and "There is no browser" in said


# Stand-ins for Debian's tools: "download" an empty package into the cache, "extract" a browser that says what it got.
APT = """
for word in "$@"; do
    case "$word" in --option=Dir::Cache=*) cache="${word#*Cache=}";; esac
    case "$word" in install) : > "$cache/archives/chromium.deb";; esac
done"""
DPKG = """
mkdir -p "$3/usr/lib/chromium" "$3/usr/lib/x86_64-linux-gnu"
printf '#!/bin/sh\\necho "$LD_LIBRARY_PATH" "$@"\\n' > "$3/usr/lib/chromium/chromium"
chmod +x "$3/usr/lib/chromium/chromium" """


def test_an_unpacked_browser_finds_its_libraries(bare, monkeypatch):
    monkeypatch.setenv("PATH", f"{bare / 'bin'}{os.pathsep}{os.defpath}")
    program(bare / "bin" / "apt-get", APT)
    program(bare / "bin" / "dpkg-deb", DPKG)
    target = bare / ".venv" / "chromium"
    target.parent.mkdir()
    browser.unpack(target)
    said = subprocess.run([target / "chromium", "--version"], capture_output=True, text=True, check=True).stdout
    assert said.split(":")[0] == str(target / "system" / "usr" / "lib" / "x86_64-linux-gnu")
    assert said.strip().endswith("--version")
    assert sorted(path.name for path in target.iterdir()) == ["chromium", "system"]


def test_a_broken_download_leaves_nothing_that_looks_whole(bare, monkeypatch):
    monkeypatch.setenv("PATH", f"{bare / 'bin'}{os.pathsep}{os.defpath}")
    program(bare / "bin" / "apt-get", APT)
    program(bare / "bin" / "dpkg-deb", "exit 2")
    with pytest.raises(subprocess.CalledProcessError):
        browser.unpack(browser.UNPACKED)
    assert not browser.UNPACKED.exists()
