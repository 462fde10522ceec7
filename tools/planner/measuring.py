"""One point of `make plan-check`, measured in this process: two steps of a real training, or text, or a cache."""

from dataclasses import replace
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoTokenizer, Gemma3ForCausalLM, Qwen3ForCausalLM

import helpers.methods.cross_tokenizer
import helpers.methods.features  # noqa: F401  (all that a job needs is there before it is measured)
from helpers import alignment, memory, models, training
from helpers.cache import Encoding
from helpers.models import loading
from helpers.tiers import ROOT, TIERS, Lora, ModelSpec
from planner.points import Point, config_of

STEPS = 2  # in the second the optimizer's states are there
MINI = TIERS["mini"]


def measure(point: Point, folder: Path) -> dict[str, float]:
    """MB: of the weights, and of the peak above what was there when the work began."""
    warm_up(point, folder)
    start = memory.current()
    student = loaded(point.model, folder, point.bits == 4, seed=1)
    teacher = loaded(point.teacher, folder, False, seed=2) if point.teacher else None
    if point.job in ("generate", "cache"):
        work = {"generate": writing, "cache": caching}[point.job](point, student)
    else:
        work = trained(point, folder, student, teacher)
    memory.give_back()
    weights = memory.current() - start
    with memory.track(point.name) as cost:
        work()
    return {"weights": weights, "peak": cost.peak - cost.before}


def warm_up(point: Point, folder: Path) -> None:
    """The same job with mini models first, so that libraries, threads and kernels are there when it counts."""
    tiny = replace(point, batch=1, length=32, given=min(point.given, 24))
    student = models.load_student(MINI, four_bit=point.bits == 4)[0]
    teacher = models.load_student(MINI, four_bit=False)[0] if point.teacher else None
    if point.job in ("generate", "cache"):
        {"generate": writing, "cache": caching}[point.job](tiny, student)()
    else:
        work = trained(tiny, folder / "warm", student, teacher)
        work()
    del student, teacher
    memory.give_back()


def loaded(size: str, folder: Path, four_bit: bool, seed: int):
    """A random model, written to the disk and loaded as every model of the series is."""
    torch.manual_seed(seed)
    made = Qwen3ForCausalLM if size.startswith("qwen") else Gemma3ForCausalLM
    place = folder / f"{size}-{seed}"
    made(config_of(size)).save_pretrained(place)
    tokenizer().save_pretrained(place)
    model, _ = loading.load(MINI, ModelSpec(str(place)), four_bit)
    with torch.no_grad():
        for weight in model.parameters():  # what is read from the disk is first shared with the file
            weight.data = weight.data.clone()
    memory.give_back()
    return model


def tokenizer():
    return AutoTokenizer.from_pretrained(ROOT / MINI.student.name)


def rows_of(point: Point, vocabulary: int) -> list[dict]:
    """Random texts of one length; where they are to be padded, every second is a little shorter."""
    torch.manual_seed(3)
    found = []
    for i in range(STEPS * point.batch):
        length = point.length - (16 if point.pads and i % 2 else 0)
        ids = torch.randint(3, vocabulary, (length,)).tolist()
        found.append({"input_ids": ids, "labels": [-100] * point.given + ids[point.given :]})
    return found


def trained(point: Point, folder: Path, student, teacher):
    """The trainer of a job, built; what is returned trains it."""
    vocabulary = min(m.config.vocab_size for m in (student, teacher) if m is not None)
    tier = replace(MINI, micro_batch=point.batch, batch_size=point.batch, lora=Lora(point.rank or 1, 32, 1e-4))
    token = point.job == "token"
    own = {"dataset_kwargs": {"skip_prepare_dataset": True}, "loss_type": "chunked_nll"} if token else {}
    args = training.settings(
        tier, 0, folder / "run", of_trl=token, remove_unused_columns=False, save_strategy="no", max_steps=STEPS,
        gradient_checkpointing=point.checkpointing, train_sampling_strategy="sequential", **own,
    )  # fmt: skip
    rows, more = rows_of(point, vocabulary), {}
    if token:
        from trl import SFTTrainer as made
    if point.job in ("logits", "features live"):
        from helpers.methods.logits import LogitTrainer as made

        more = {"teacher": teacher, "vocabulary": vocabulary}
    if point.job in ("cached logits", "features"):
        from helpers.methods.cached import CachedTrainer as made

        more = {"encoding": Encoding(), "temperature": 1.0, "vocabulary": vocabulary, "opening": 0, "alpha": 0.0}
        rows = [row | drawn(len(row["labels"]) - 1, vocabulary) for row in rows]
    if point.job.startswith("features"):
        made, rows, more = with_features(point, student, teacher, rows, more)
    if point.job == "across":
        from helpers.methods.cross_tokenizer import CrossTokenizerTrainer as made

        more = {"teacher": teacher, "sides": sides(student, teacher)}
        rows = [both(row) for row in rows]
    model = models.add_lora(student, tier.lora, 0) if point.rank else student
    trainer = made(
        model=model, args=args, train_dataset=Dataset.from_list(rows), processing_class=tokenizer(), **more
    )
    training.keep_float32(trainer.model)
    return trainer.train


def drawn(tokens: int, vocabulary: int) -> dict:
    from helpers.cache import pack
    from helpers.cache.encodings import bits

    ids = torch.randint(vocabulary, (tokens, Encoding().n)).sort(-1).values
    return {"tokens": tokens, "targets": pack(ids.numpy(), bits(vocabulary))}


def with_features(point: Point, student, teacher, rows, more):
    from helpers.cache.states import pack
    from helpers.methods.features import CachedFeatureTrainer, FeatureTrainer
    from helpers.training.matching import Features

    widths = (student.config.hidden_size, (teacher or student).config.hidden_size)
    features = Features(pairs=((2, 2),))
    if point.job == "features live":
        return FeatureTrainer, rows, more | {"features": features, "widths": widths}
    rows = [row | {"states": pack(torch.randn(1, row["tokens"], widths[1]))} for row in rows]
    return CachedFeatureTrainer, rows, more | {"features": features, "widths": widths, "layers": (2,)}


def sides(student, teacher):
    """Made up: every second token of the smaller vocabulary is shared."""
    from helpers.methods.cross_tokenizer import Sides

    half = tuple(range(0, min(student.config.vocab_size, teacher.config.vocab_size), 2))
    return Sides(tokenizer(), tokenizer(), (2, 2), ([], []), alignment.SharedVocabulary(half, half, 0.5))


def both(row: dict) -> dict:
    """The same ids on both sides, chunk by chunk, one token each."""
    cuts = list(range(len(row["labels"])))  # the first label is never learnt: nothing foretells it
    return row | {
        "teacher_ids": row["input_ids"], "teacher_labels": row["labels"], "teacher_cuts": cuts, "student_cuts": cuts,
        "ends": cuts[1:], "given": 0,
    }  # fmt: skip


def writing(point: Point, model):
    """What writes texts of `length` tokens, prompt and all."""
    ids = torch.randint(3, model.config.vocab_size, (point.batch, point.given))
    mask = torch.ones_like(ids)
    mask[::2, :4] = 0  # padded on the left, as prompts are
    new = point.length - point.given

    def write():
        model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=new, min_new_tokens=new, do_sample=True, top_k=20,
            top_p=0.95, pad_token_id=0,
        )  # fmt: skip

    return write


def caching(point: Point, model):
    """What encodes the distributions of one batch of texts."""
    from helpers.methods.cached import targets

    rows = rows_of(point, model.config.vocab_size)[: point.batch]
    return lambda: targets(model, rows, 0, model.config.vocab_size, Encoding(), 1.0, 0)
