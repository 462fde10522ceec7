"""Which helpers a notebook stands on."""

from pathlib import Path

import nbformat
import pytest
from depends import helper_files
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[1]
HOUSE = {
    "__init__.py": "",
    "ground.py": "",
    "alone.py": "import os",
    "stairs.py": "def go():\n    from helpers.ground import floor",
    "wing/__init__.py": "from helpers.wing import door",
    "wing/door.py": "from helpers import stairs",
}


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("import torch", []),
        ("from helpers import ground", ["ground.py"]),
        ("import helpers.alone as a", ["alone.py"]),
        ("from helpers.stairs import go", ["ground.py", "stairs.py"]),
        ("from helpers import wing, alone", ["alone.py", "ground.py", "stairs.py", "wing/__init__.py", "wing/door.py"]),
        ("from helpers.wing.door import bell", ["ground.py", "stairs.py", "wing/__init__.py", "wing/door.py"]),
        ("from helpers import nowhere", []),
        ("if TYPE_CHECKING:\n    from helpers import alone\nfrom helpers import ground", ["ground.py"]),
        ("%matplotlib inline\nfrom helpers import ground", []),
    ],
)
def test_imports_are_followed(tmp_path, source, wanted):
    for name, text in HOUSE.items():
        path = tmp_path / "helpers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    cells = [new_markdown_cell("from helpers import alone"), new_code_cell(source)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "a.ipynb")
    found = helper_files(tmp_path / "a.ipynb", tmp_path / "helpers")
    assert [str(path.relative_to(tmp_path / "helpers")) for path in found] == wanted


def test_the_first_notebook_does_not_stand_on_the_trainers():
    names = {path.relative_to(ROOT).as_posix() for path in helper_files(ROOT / "notebooks" / "00_start_here.ipynb")}
    assert {"helpers/tiers/__init__.py", "helpers/models/loading.py"} <= names
    assert "helpers/training/__init__.py" not in names
