"""How OpenMP's threads wait for one another: asleep. OpenMP reads it once, when `import torch` loads it.

By themselves they spin: a thread that waits keeps its core, although the one that it waits for may have none. Alone
on a machine that costs nothing; beside one other busy process a training takes many times as long (`make bench-busy`).

The project's own Python sets it at every start, by LINE in a .pth file that tools/environment.py writes; elsewhere
`import helpers` sets it, which then has to come before `import torch`. That tool reads this file with whatever Python
it finds: standard library alone, and no syntax newer than Python 3.6.
"""

import os

NAME, VALUE = "OMP_WAIT_POLICY", "passive"  # from OpenMP's standard: GNU's (Linux) and LLVM's (macOS) follow it
LINE = f"import os; os.environ.setdefault({NAME!r}, {VALUE!r})\n"


def sleep_while_waiting() -> None:
    """Set it for this process and those that it starts; what someone has set already stays."""
    os.environ.setdefault(NAME, VALUE)
