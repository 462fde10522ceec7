"""One point of `make plan-check`, measured in this process: two steps of a real training, or text, or a cache.

    python -m planner.measuring '{"job": "token", "model": "qwen", "batch": 6, "length": 512}'
"""

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer
from trl import SFTTrainer

from helpers import alignment, cache, memory, models, training
from helpers.cache import Encoding
from helpers.cache.encodings import bits
from helpers.cache.states import pack
from helpers.methods.cached import CachedTrainer, targets
from helpers.methods.cross_tokenizer import CrossTokenizerTrainer, Sides
from helpers.methods.features import CachedFeatureTrainer, FeatureTrainer
from helpers.methods.logits import LogitTrainer
from helpers.models import loading
from helpers.tiers import ROOT, TIERS, Lora, ModelSpec
from helpers.training import method
from helpers.training.matching import Features
from planner.check import Point, shape_of
from planner.phases import WHOLE

STEPS = 2  # in the second the optimizer's states are there
MINI = TIERS["mini"]
TRAINERS = {
    "token": SFTTrainer, "logits": LogitTrainer, "features live": FeatureTrainer, "cached logits": CachedTrainer,
    "features": CachedFeatureTrainer, "across": CrossTokenizerTrainer, "all weights": LogitTrainer,
}  # fmt: skip


def measure(point: Point, folder: Path) -> dict[str, float]:
    """MB: of the weights, and of the peak above what was there when the work began."""
    # The same job with mini models first, so that libraries, threads and kernels are there when it counts.
    tiny = replace(point, batch=1, length=32, given=min(point.given, 24))
    student = models.load_student(MINI, four_bit=point.bits == 4)[0]
    teacher = models.load_student(MINI, four_bit=False)[0] if point.teacher else None
    work_of(tiny, folder / "warm", student, teacher)()
    del student, teacher
    memory.give_back()
    start = memory.current()
    student = loaded(point.model, folder, point.bits == 4, seed=1)
    teacher = loaded(point.teacher, folder, False, seed=2) if point.teacher else None
    work = work_of(point, folder, student, teacher)
    memory.give_back()
    weights = memory.current() - start
    with memory.track(point.job) as cost:
        work()
    return {"weights": weights, "peak": cost.peak - cost.before}


def loaded(size: str, folder: Path, four_bit: bool, seed: int):
    """A random model, written to the disk and loaded as every model of the series is."""
    torch.manual_seed(seed)
    place = folder / f"{size}-{seed}"
    AutoModelForCausalLM.from_config(shape_of(size)).save_pretrained(place)
    tokenizer().save_pretrained(place)
    model, _ = loading.load(MINI, ModelSpec(str(place)), four_bit)
    with torch.no_grad():
        for weight in model.parameters():  # what is read from the disk is first shared with the file
            weight.data = weight.data.clone()
    memory.give_back()
    return model


def tokenizer():
    """The mini student's."""
    return AutoTokenizer.from_pretrained(ROOT / MINI.student.name)


def work_of(point: Point, folder: Path, student, teacher):
    """What does the job when it is called, with all that it needs there."""
    if point.job == "generate":
        return writing(point, student)
    rows = rows_of(point, min(one.config.vocab_size for one in (student, teacher) if one is not None))
    if point.job == "cache":
        return lambda: targets(0, student, rows[: point.batch], 0, student.config.vocab_size, Encoding(), 1.0)
    return trainer(point, folder, student, teacher, rows).train


def writing(point: Point, model):
    """Writes texts of `length` tokens, prompt and all."""
    ids = torch.randint(3, model.config.vocab_size, (point.batch, point.given))
    mask = torch.ones_like(ids)
    mask[::2, :4] = 0  # padded on the left, as prompts are
    new = point.length - point.given
    return lambda: model.generate(
        input_ids=ids, attention_mask=mask, max_new_tokens=new, min_new_tokens=new, do_sample=True, top_k=20,
        top_p=0.95, pad_token_id=0,
    )  # fmt: skip


def rows_of(point: Point, vocabulary: int) -> list[dict]:
    """Random texts of one length; where they are to be padded, every second is a little shorter."""
    torch.manual_seed(3)
    found = []
    for i in range(STEPS * point.batch):
        length = point.length - (16 if point.pads and i % 2 else 0)
        ids = torch.randint(3, vocabulary, (length,)).tolist()
        found.append({"input_ids": ids, "labels": [-100] * point.given + ids[point.given :]})
    return found


def trainer(point: Point, folder: Path, student, teacher, rows: list[dict]):
    """The trainer of a job. What a cache or an alignment would give is made up, of the same form."""
    vocabulary = min(one.config.vocab_size for one in (student, teacher) if one is not None)
    widths, more = (student.config.hidden_size, (teacher or student).config.hidden_size), {}
    if point.job in ("logits", "features live", *WHOLE):
        more = {"teacher": teacher, "vocabulary": vocabulary}
    if point.job in ("cached logits", "features"):
        more = {"encoding": Encoding(), "temperature": 1.0, "vocabulary": vocabulary, "opening": 0, "alpha": 0.0}
        for row in rows:
            drawn = torch.randint(vocabulary, (len(row["labels"]) - 1, Encoding().n)).sort(-1).values
            row |= {"tokens": len(drawn), "targets": cache.pack(drawn.numpy(), bits(vocabulary))}
    if point.job.startswith("features"):
        more |= {"features": Features(pairs=((2, 2),)), "widths": widths}
    if point.job == "features":
        more["layers"] = (2,)
        for row in rows:
            row["states"] = pack(torch.randn(1, row["tokens"], widths[1]))
    if point.job == "across":
        half = tuple(range(0, vocabulary, 2))  # every second token of the smaller vocabulary is shared
        shared = alignment.SharedVocabulary(half, half, 0.5)
        more = {"teacher": teacher, "sides": Sides(tokenizer(), tokenizer(), (2, 2), ([], []), shared)}
        for row in rows:
            cuts = list(range(len(row["labels"])))  # the first label is never learnt: nothing foretells it
            row |= {"teacher_ids": row["input_ids"], "teacher_labels": row["labels"], "teacher_cuts": cuts,
                    "student_cuts": cuts, "ends": cuts[1:], "given": 0}  # fmt: skip
    tier = replace(MINI, micro_batch=point.batch, batch_size=point.batch, lora=Lora(point.rank, 32, 1e-4))
    token = point.job == "token"
    own = {"dataset_kwargs": {"skip_prepare_dataset": True}, "loss_type": "chunked_nll"} if token else {}
    args = training.settings(
        tier, 0, folder / "run", of_trl=token, remove_unused_columns=False, save_strategy="no", max_steps=STEPS,
        gradient_checkpointing=point.checkpointing, train_sampling_strategy="sequential", **own,
    )  # fmt: skip
    model = student if point.job in WHOLE else models.add_lora(student, tier.lora, 0)
    made = TRAINERS[point.job](
        model=model, args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer(), **more
    )
    method.keep_float32(made.model)
    return made


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        found = measure(Point(**json.loads(sys.argv[1])), Path(place))
    print(json.dumps(found))
