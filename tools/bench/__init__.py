"""Memory and time of the losses, of the alignment, and of a busy machine."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATH = os.pathsep.join([str(ROOT / "tools"), str(ROOT)])  # PYTHONPATH of a process of its own
