"""A plugin of pytest for `gpu.check`: the real Unsloth comes before anything else, as if there were a GPU."""

import os
import sys
from importlib.metadata import version

from helpers.models import unsloth

unsloth.first()  # before transformers, TRL and PEFT, as for a user

import trl  # noqa: E402
from unsloth.models import llama, rl  # noqa: E402
from unsloth.trainer import _patch_trl_trainer  # noqa: E402

from gpu import surface  # noqa: E402

SHOWN = ("unsloth", "unsloth_zoo", "torch", "torchvision", "transformers", "trl", "peft", "accelerate", "bitsandbytes")
# What an adapted model of Unsloth's, and the Qwen 3 under it, are really called as.
FORWARDS = ("unsloth.models.llama.PeftModel_fast_forward", "unsloth.models.llama.made_forward")

# What the import leaves out where there is no GPU: Unsloth's trainer comes in the place of TRL's.
os.environ.pop("UNSLOTH_ALLOW_CPU", None)
rl.patch_trl_disable_gradient_checkpointing()
rl._patch_trl_rl_trainers("sft_trainer")
_patch_trl_trainer()
if not trl.SFTTrainer.__name__.startswith("Unsloth"):
    sys.exit("DRIFT: Unsloth's trainer is no longer put in the place of TRL's as it was; see tools/gpu/real.py")

llama.made_forward = llama.CausalLM_fast_forward(None)  # else it has no name by which it could be found
surface.CALLED["model"] += FORWARDS
surface.ENDS[FORWARDS[0]] = (FORWARDS[1],)  # which takes what the other has no name for


def pytest_report_header() -> str:
    """What the tests ran with."""
    return f"{', '.join(f'{package} {version(package)}' for package in SHOWN)}. Nothing is run on a GPU."
