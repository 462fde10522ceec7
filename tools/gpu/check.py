"""`make gpu-check`: the GPU environment, and whether all that helpers/ asks of Unsloth, TRL and the rest fits it.

Needs no GPU: Unsloth is imported as if there were one. What runs on one is not shown by this, only that every call is
taken. Exits with 1 and names each call that no longer fits.
"""

import hashlib
import importlib
import inspect
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from environment import step

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-gpu"
PINS = ROOT / "requirements-gpu.txt"
SHOWN = ("unsloth", "unsloth_zoo", "torch", "torchvision", "transformers", "trl", "peft", "accelerate", "bitsandbytes")
# What an adapted model of Unsloth's, and the Qwen 3 under it, are really called as, beside `surface.CALLED`.
FORWARDS = ("unsloth.models.llama.PeftModel_fast_forward", "unsloth.models.llama.made_forward")


def main() -> None:
    python = environment()
    env = {
        **os.environ, "UNSLOTH_ALLOW_CPU": "1", "UNSLOTH_DISABLE_STATISTICS": "1", "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tools", ROOT / "tests"))),
    }  # fmt: skip
    # Unsloth writes what it compiles into the folder in which it runs.
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(subprocess.call([str(python), "-c", "import gpu_check; gpu_check.check()"], cwd=folder, env=env))


def environment() -> Path:
    """The Python of .venv-gpu, which is made if it is not there or made of other pins."""
    python, stamp = FOLDER / "bin" / "python", FOLDER / ".installed"
    key = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == key:
        return python
    print("Installing the GPU environment into .venv-gpu: about 7 GB, once, some minutes.", flush=True)
    steps = [
        [sys.executable, "-m", "venv", str(FOLDER)],
        [str(python), "-m", "pip", "--disable-pip-version-check", "install", "-r", str(PINS)],
    ]
    for each in steps:
        step(each, "The GPU environment could not be made; the reason stands above. Then run the command again.")
    stamp.write_text(key)
    return python


def check() -> None:
    """What `make gpu-check` runs inside the GPU environment."""
    from helpers.models import unsloth

    unsloth.first()  # before transformers, TRL and PEFT, as for a user
    as_on_a_gpu()
    import unsloth_double
    from unsloth.models import llama

    from gpu import surface

    llama.made_forward = llama.CausalLM_fast_forward(None)  # else it has no name by which it could be found
    surface.ENDS[FORWARDS[0]] = (FORWARDS[1],)  # which takes what the other has no name for
    done, wrong = 0, []
    for path in surface.files():
        for call in surface.calls(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))):
            both = [call]
            if call.target == surface.CALLED["model"][0]:
                both += [type(call)(call.place, name, call.positional, call.keywords, call.loose) for name in FORWARDS]
            found = [surface.misfit(one) for one in both]
            done, wrong = done + len(both), wrong + [one for one in found if one]
    print(f"{done} calls bound")
    for part in (lambda: differences(unsloth_double), settings, overrides, promises, prepared_rows):
        name, count, complaints = part()
        print(f"{count} {name}")
        wrong += complaints
    print(", ".join(f"{package} {version(package)}" for package in SHOWN))
    for one in wrong:
        print(f"DRIFT: {one}")
    print("Nothing was run on a GPU." if not wrong else f"{len(wrong)} things no longer fit.")
    sys.exit(bool(wrong))


def as_on_a_gpu() -> None:
    """What the import leaves out where there is no GPU: Unsloth's trainer comes in the place of TRL's."""
    from unsloth.models import rl
    from unsloth.trainer import _patch_trl_trainer

    os.environ.pop("UNSLOTH_ALLOW_CPU", None)
    rl.patch_trl_disable_gradient_checkpointing()
    rl._patch_trl_rl_trainers("sft_trainer")
    _patch_trl_trainer()
    import trl

    if not trl.SFTTrainer.__name__.startswith("Unsloth"):
        sys.exit("DRIFT: Unsloth's trainer is no longer put in the place of TRL's as it was; see as_on_a_gpu")


def differences(double) -> tuple[str, int, list[str]]:
    """The stand-in of the tests against the real Unsloth, parameter by parameter."""
    from gpu import surface

    real, wrong, count = importlib.import_module("unsloth"), [], 0
    for name in ("FastLanguageModel", "FastModel"):
        for method, function in vars(getattr(double, name)).items():
            if not isinstance(function, staticmethod):
                continue
            count += 1
            target = surface.ENDS.get(f"unsloth.{name}.{method}", (None,))[0] if method == "get_peft_model" else None
            there = surface.resolve(target)[0] if target else getattr(getattr(real, name), method, None)
            if there is None:
                wrong.append(f"unsloth has no {name}.{method}")
                continue
            ours, theirs = (_shape(one) for one in (function.__func__, there))
            if ours != theirs:
                wrong.append(f"tests/unsloth_double.py, {name}.{method}: {sorted(ours ^ theirs)} differ")
    return "signatures of the stand-in compared with Unsloth's", count, wrong


def _shape(function) -> set[tuple]:
    parameters = inspect.signature(function).parameters.values()
    return {(at, one.name, one.kind.name, one.default is not one.empty) for at, one in enumerate(parameters)}


def settings() -> tuple[str, int, list[str]]:
    """The SFTConfig of each tier, as the trainers make it."""
    from helpers import training
    from helpers.tiers import TIERS

    more = ({"of_trl": True}, {}, {"remove_unused_columns": False})
    wrong = []
    for tier in TIERS.values():
        for changes in more:
            try:
                training.settings(tier, 0, "unused", **changes)
            except Exception as error:
                wrong.append(f"training.settings on {tier.name}: {type(error).__name__}: {error}")
    return "settings of training made", len(TIERS) * len(more), wrong


def overrides() -> tuple[str, int, list[str]]:
    """What our trainers and callbacks put in the place of the libraries' methods."""
    from gpu import overriding

    return "overridden methods compared", len(overriding.pairs()), overriding.misfits()


def promises() -> tuple[str, int, list[str]]:
    """What helpers.models.unsloth rests on and no signature shows: names in Unsloth's code."""
    source = Path(inspect.getfile(importlib.import_module("unsloth"))).parent / "models"
    wanted = {
        "llama.py": ("UNSLOTH_USE_NEW_MODEL", "UNSLOTH_RETURN_LOGITS", "assert output_attentions is False"),
        "vision.py": ('os.environ["UNSLOTH_USE_NEW_MODEL"] = "1"', "m.gradient_checkpointing = False"),
        "rl.py": ('"padding_free": None', '"optim": "adamw_8bit"', '"weight_decay": 0.001'),
        "_utils.py": ("UNSLOTH_DISABLE_STATISTICS",),
    }
    wrong = [
        f"unsloth/models/{file} no longer says {text!r}: see helpers/models/unsloth.py"
        for file, texts in wanted.items() for text in texts if text not in (source / file).read_text(encoding="utf-8")
    ]  # fmt: skip
    return "places in Unsloth's code looked up", sum(map(len, wanted.values())), wrong


def prepared_rows() -> tuple[str, int, list[str]]:
    """Whether Unsloth's trainer makes of conversations what TRL's makes: tokens, labels, one BOS, no row joined."""
    import tiny_models
    from datasets import Dataset
    from trl import SFTTrainer

    from helpers import models, traces, training
    from helpers.training.method import trainer_of
    from helpers.training.rows import tokenized

    tier, wrong = tiny_models.tier_in(Path("tiny").resolve()), []
    answer = "<think>\nTom has 5.\n</think>\n5"
    rows = Dataset.from_list([{"question": text, traces.ANSWER: answer} for text in tiny_models.QUESTIONS])
    for role in ("student", "sibling"):
        model, tokenizer = getattr(models, f"load_{role}")(tier)
        args = training.settings(tier, 0, "trained", of_trl=True)
        trainer = trainer_of(tier, 0, SFTTrainer, model, tokenizer, traces.messages(rows), args)
        expected = tokenized(traces.messages(rows), tokenizer, tier.max_length)
        batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(expected))])
        for i, row in enumerate(expected):
            found = {key: batch[key][i][: len(row[key])].tolist() for key in row}
            if found != row or row["input_ids"].count(tokenizer.bos_token_id) != (tokenizer.bos_token_id is not None):
                wrong.append(f"{type(trainer).__name__} makes {found} of a row of the {role}'s, and TRL {row}")
    return "rows prepared by Unsloth's trainer", 2 * len(rows), wrong


if __name__ == "__main__":
    main()
