"""OpenMP's threads sleep while they wait: in every Python that a reader starts, without a reader's doing."""

import ast
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import environment
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from helpers.openmp import NAME, VALUE

ROOT = Path(__file__).resolve().parents[1]
# What C's own `getenv` finds, for OpenMP asks it and not Python.
FOUND = f"import ctypes; get = ctypes.CDLL(None).getenv; get.restype = ctypes.c_char_p; print(get({NAME!r}.encode()))"
SET = str(VALUE.encode())
# GNU's OpenMP then says, as soon as it is loaded, how many turns a thread spins before it sleeps.
TELL = {"OMP_DISPLAY_ENV": "verbose"}
linux = pytest.mark.skipif(sys.platform != "linux", reason="only GNU's OpenMP tells its turns: torch's on Linux")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The Python of an environment as tools/environment.py leaves it, with the packages of this one, but no helpers."""
    root = tmp_path_factory.mktemp("project")
    venv.create(root / ".venv", symlinks=True)
    environment.set_at_every_start(str(root))
    (written,) = (root / ".venv").rglob("distillation_openmp.pth")
    (written.parent / "packages.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment.venv_python(str(root))


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No variable speaks of OpenMP, and the folder holds no helpers."""
    for name in os.environ:
        if name.startswith(("OMP_", "GOMP_", "KMP_")) or name == "PYTHONPATH":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def run(python, code, **variables) -> subprocess.CompletedProcess:
    done = subprocess.run([python, "-c", code], env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done


def turns(done) -> set[str]:
    return {line.split("'")[1] for line in done.stderr.splitlines() if "GOMP_SPINCOUNT" in line}


@linux
def test_torch_is_loaded_with_it(python, clean):
    assert turns(run(python, "import torch, sklearn.linear_model", **TELL)) == {"0"}


def test_a_start_says_nothing_and_needs_no_package(python, clean):
    done = run(python, f"import sys; print('helpers' in sys.modules); {FOUND}")
    assert (done.stdout.split(), done.stderr) == (["False", SET], "")


def test_what_someone_chose_stays(python, clean):
    assert run(python, FOUND, **{NAME: "active"}).stdout.strip() == "b'active'"


def test_a_spawned_worker_has_it(python, clean):
    """Of itself: the process that spawns it here has not."""
    code = f"""if True:
        import os
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        del os.environ[{NAME!r}]
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(exec, {FOUND!r}).result()
    """
    assert run(python, code).stdout.strip() == SET


def test_a_kernel_has_it(python, clean, monkeypatch, tmp_path):
    """As JupyterLab, nbmake, papermill and editors start it."""
    (tmp_path / "kernels" / "own").mkdir(parents=True)
    command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": command, "display_name": "own", "language": "python"}
    (tmp_path / "kernels" / "own" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    notebook = new_notebook(cells=[new_code_cell(FOUND)])
    NotebookClient(notebook, kernel_name="own").execute()
    assert notebook.cells[0].outputs[0].text.strip() == SET


@linux
def test_helpers_set_it_before_they_load_torch(clean):
    """Where no .pth file does: in an environment that someone made for themselves."""
    code = f"import os; os.environ.pop({NAME!r}, None); import helpers.losses, sys; assert 'torch' in sys.modules"
    assert turns(run(sys.executable, code, **TELL, PYTHONPATH=str(ROOT))) == {"0"}


def test_helpers_leave_what_someone_chose(clean):
    done = run(sys.executable, f"import helpers; {FOUND}", PYTHONPATH=str(ROOT), **{NAME: "active"})
    assert done.stdout.strip() == "b'active'"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_imports_helpers_first(path):
    """Of what is installed: then `import helpers` comes before torch, wherever the notebook runs."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lines = [line for cell in code for line in cell.splitlines() if line.startswith(("import ", "from "))]
    roots = [line.split()[1].split(".")[0] for line in lines]
    assert next(root for root in roots if root not in sys.stdlib_module_names) == "helpers"


@pytest.mark.skipif(Path(sys.prefix) != ROOT / ".venv", reason="not the environment that make makes")
def test_the_environment_of_these_tests_has_it(clean):
    assert run(sys.executable, FOUND).stdout.strip() == SET


@pytest.mark.parametrize("name", ["tools/environment.py", "helpers/openmp.py"])
def test_an_old_python_can_read_it(name):
    ast.parse((ROOT / name).read_text(encoding="utf-8"), feature_version=(3, 6))
