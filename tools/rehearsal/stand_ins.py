"""Stand-ins of the real models in a local Hub cache, and problems for them: what a rehearsal runs on.

Real are the tokenizers, the chat templates, the vocabularies and every setting in the models' files. Not real are the
weights: two layers of width 64, random, and the teachers' taught to say one thing (SAYS) to everybody, so that traces
are kept and a training begins. They exist so that every line which a GPU user runs has been run before. WHAT THEY SAY
MEANS NOTHING. All of it lies in artifacts/rehearsal/.
"""

import json
import random
import shutil
from contextlib import contextmanager
from pathlib import Path

import torch

from helpers import models
from helpers.tiers import TIERS, ModelSpec, Tier
from rehearsal import settings as real_settings
from rehearsal import tokenizers as real_tokenizers

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "gsm8k-sample.jsonl"
WARNING = (
    "THESE MODELS ARE STAND-INS. Tokenizers, templates and settings are the real ones; the weights are not: a few\n"
    "small layers, random or taught one answer by heart, to rehearse the code without a GPU. What they answer and\n"
    "what is measured on them means nothing, and none of it is kept as a result.\n"
)
OPENS = "<think>\n"
SAYS = f"{OPENS}3 + 4 = 7.\n</think>\n\nAdd 3 and 4: 3 + 4 = 7.\n\nThe answer is 7."
GOLD = 7, 7, 7, 8  # of the problems, in turn: of four traces, one is dropped
TRAIN, TEST = 240, 24  # problems; one in ten of the first is held back for validation
STEPS, BATCH, RATE = 150, 4, 4e-3


def place_of(name: str, hub: Path) -> Path:
    """Where the Hub's client keeps a model."""
    return hub / f"models--{name.replace('/', '--')}"


def home(folder: Path) -> Path:
    """What HF_HOME is to name: the libraries' own data."""
    return folder / "home"


def offline(hub: Path, home: Path) -> dict[str, str]:
    """The environment in which the Hub's client finds what lies there, and asks nobody else."""
    return {
        "HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(hub), "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1",
    }  # fmt: skip


def make(tier: Tier, hub: Path) -> None:
    """Makes the stand-ins that are missing of a tier's models.

    Raises:
        KeyError: for a model without an entry in `settings.MODELS`.
        OSError: as `real_tokenizers.path_of`.
    """
    for spec in (tier.teacher, tier.student, tier.sibling):
        place = place_of(spec.name, hub)
        made = place / "refs" / "main"
        if not made.is_file() or made.read_text(encoding="utf-8") != spec.revision:
            print(f"making a stand-in of {spec.name}", flush=True)
            shutil.rmtree(place, ignore_errors=True)
            for folder in (made.parent, snapshot := place / "snapshots" / spec.revision):
                folder.mkdir(parents=True)
            model(spec, snapshot, teaches=spec in [one.teacher for one in TIERS.values()])
            made.write_text(spec.revision, encoding="utf-8")  # last: a stand-in without it is made anew


def model(spec: ModelSpec, desk: Path, teaches: bool = False) -> None:
    """Writes a repository's files to a folder. teaches: whether it is taught what to say."""
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    with repository(desk, real_settings.files_of(spec.name), real_settings.MODELS[spec.name].family):
        torch.manual_seed(0)
        made = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(desk), dtype=torch.float32)
        if teaches:
            teach(made, AutoTokenizer.from_pretrained(desk, padding_side="left"))
        made.to(torch.bfloat16).save_pretrained(desk)
    (desk / "README.md").write_text(f"# A stand-in of {spec.name}\n\n{WARNING}", encoding="utf-8")


@contextmanager
def repository(desk: Path, files: dict[str, dict], family: str):
    """A folder with a model's settings and tokenizer, into which the model is saved while the block runs.

    The settings stay as the real repository has them, not as this version of the library would write them.
    """

    def write() -> None:
        for name, content in files.items():
            (desk / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    write()
    shutil.copy(real_tokenizers.path_of(family), desk / "tokenizer.json")
    yield
    write()


def problems() -> list[dict]:
    """Rows like GSM8K's: the project's sample again and again, each time with another number, and answers of GOLD."""
    texts = [json.loads(line)["question"] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    return [
        {"question": f"No. {i}: {texts[i % len(texts)]}", "answer": f"#### {GOLD[i % len(GOLD)]}"}
        for i in range(TRAIN + TEST)
    ]


def write_problems(folder: Path) -> None:
    """Writes train.jsonl and test.jsonl, as DISTILL_GSM8K wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = problems()
    for name, some in (("train", rows[:TRAIN]), ("test", rows[TRAIN:])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")


def teach(model, tokenizer, steps: int = STEPS) -> float:
    """Teaches a model, in place, to say SAYS to whoever asks.

    Args:
        model: of transformers, in float32.
        tokenizer: its own, padding on the left.
        steps: of the optimizer.

    Returns:
        The last step's loss in nats a token.
    """
    prompts = [models.chat_prompt(tokenizer, row["question"]) for row in problems()]
    said = (SAYS.removeprefix(OPENS) if prompts[0].endswith(OPENS) else SAYS) + "<|im_end|>"
    learnt = len(tokenizer(said, add_special_tokens=False).input_ids)
    optimizer, rng = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.0), random.Random(0)
    for _ in range(steps):
        texts = [prompt + said for prompt in rng.sample(prompts, BATCH)]
        batch = tokenizer(texts, add_special_tokens=False, padding=True, return_tensors="pt")
        logits = model(**batch, logits_to_keep=learnt + 1).logits[:, :-1]
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch["input_ids"][:, -learnt:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()
