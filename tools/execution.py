"""Runs one notebook from top to bottom and, where that fails, says which cell it was."""

import os
import re
import time
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import papermill
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

# A kernel says on every start that it talks to this machine unencrypted; 40 lets only errors through.
QUIET_KERNEL = ["--IPKernelApp.log_level=40"]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Failed(Exception):
    """A notebook stopped. The message names the notebook, the cell and what went wrong there."""


def execute(
    notebook: Path, output: Path, parameters: Mapping | None = None, variables: Mapping[str, str] | None = None
) -> float:
    """Runs a notebook in a kernel of its own, in the notebook's folder, and returns the seconds that took.

    output: where the executed notebook is written, cell by cell, so that one that fails can be looked at.
    parameters: what stands in the cell tagged `parameters` is replaced by these.
    variables: environment variables of the kernel, beside those of this process.
    Raises Failed.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    try:
        with environment(variables or {}):
            papermill.execute_notebook(
                str(notebook.resolve()), str(output.resolve()), parameters=dict(parameters or {}),
                kernel_name="python3", cwd=str(notebook.resolve().parent), progress_bar=False,
                extra_arguments=QUIET_KERNEL,
            )  # fmt: skip
    except PapermillExecutionError as error:
        first = error.source.strip().splitlines()[0]
        raise Failed(
            f"{notebook.stem} stopped in cell [{error.exec_count}], which begins with\n    {first}\n"
            f"{error.ename}: {COLOURS.sub('', error.evalue)}\nHow far it came: {output}"
        ) from None
    except DeadKernelError:
        count = len([1 for cell in papermill.iorw.load_notebook_node(str(output)).cells if cell.get("execution_count")])
        raise Failed(
            f"{notebook.stem} stopped after cell [{count}]: its kernel died. Most often the memory was full.\n"
            f"How far it came: {output}"
        ) from None
    return time.perf_counter() - begun


@contextmanager
def environment(variables: Mapping[str, str]):
    """Sets environment variables and puts the old ones back: a kernel gets those of the process that starts it."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
