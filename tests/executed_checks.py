"""What a notebook must not have done while it ran, beyond what turns its run red.

A run is green although a widget's callback raised, a shell command failed, a thread died or a library warned of its
next release. All of these leave traces in the executed notebook. Each check takes such a notebook as the plain dict
that its JSON holds and gives a list of complaints, empty if all is well.
"""

import ast
import json
import re
from collections.abc import Iterator

from IPython.core.inputtransformer2 import TransformerManager
from notebook_checks import code_cells, outputs, shows_no_errors, shows_no_stderr, text

WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
# What a failure and a warning look like in a text, wherever it was printed.
ALARMING = re.compile(r"\b(?:FutureWarning|DeprecationWarning|Traceback \(most recent call last\))")
SHELL_CALLS = {"system", "getoutput"}
SHELL_MAGICS = {"!", "bash", "sh", "script", "cmd", "sx", "system"}


def widget_states(nb: dict) -> Iterator[dict]:
    """The state of every widget that was there at the end of the run."""
    for widget in nb["metadata"].get("widgets", {}).get(WIDGET_STATE, {}).get("state", {}).values():
        yield widget["state"]


def widget_outputs(nb: dict) -> Iterator[dict]:
    """What callbacks showed: it lies in the state of an Output widget and not in a cell."""
    for state in widget_states(nb):
        yield from state.get("outputs", [])


def ran_to_the_end(nb):
    skipped = [cell for cell in code_cells(nb) if text(cell["source"]).strip() and cell["execution_count"] is None]
    return [f"{len(skipped)} cells were not run"] if skipped else []


def widgets_show_no_errors(nb):
    return [f"{out['ename']}: {out['evalue']}" for out in widget_outputs(nb) if out["output_type"] == "error"]


def widgets_show_no_stderr(nb):
    return [text(out["text"]) for out in widget_outputs(nb) if out.get("name") == "stderr"]


def runs_no_shell(nb):
    """A shell command may fail and the cell goes on."""
    complaints = []
    for cell in code_cells(nb):
        source = text(cell["source"])
        try:
            tree = ast.parse(TransformerManager().transform_cell(source))
        except SyntaxError:
            continue  # the run itself was red
        complaints += [f"a shell command: {source}" for node in ast.walk(tree) if is_shell(node)]
    return complaints


def is_shell(node: ast.AST) -> bool:
    """Whether IPython made this call out of `!ls`, `%sx ls` or `%%bash`."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Call(func=ast.Name(id="get_ipython")), attr=name), args=[first, *_]):
            magic = isinstance(first, ast.Constant) and first.value in SHELL_MAGICS
            return name in SHELL_CALLS or (name in ("run_line_magic", "run_cell_magic") and magic)
    return False


def tells_no_alarm(nb):
    said = json.dumps([outputs(nb), list(widget_states(nb))], ensure_ascii=False)
    return sorted({f"{match} in an output" for match in ALARMING.findall(said)})


CHECKS = (
    ran_to_the_end, shows_no_errors, shows_no_stderr, widgets_show_no_errors, widgets_show_no_stderr, runs_no_shell,
    tells_no_alarm,
)  # fmt: skip
