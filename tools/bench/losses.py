"""What the losses cost at Gemma 3's vocabulary: `make bench-losses`, five minutes, a fresh process for every run.

Forward KL of 262,144 logits from hidden states 640 wide, float32, forward and backward, in four forms: `dense` (all
logits at once), `ours` (helpers.losses.chunked), `trl` (TRL's own chunked divergence) and `limit` (nothing but the
three matrix products that every form needs). Peaks are above the tensors that go in. Each case is run up to five
times, in turns, as often as fits into the minutes given; with `--minutes 30` all of them are. It prints a table and
writes artifacts/bench/losses.json.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from contextlib import redirect_stdout
from io import StringIO
from statistics import median

from bench import PATH, ROOT

OUT = ROOT / "artifacts" / "bench" / "losses.json"
VOCABULARY, WIDTH, CHUNK = 262_144, 640, 128
FORMS = ("limit", "ours", "dense", "trl")
CASES = ((1024, False), (2048, False), (1024, True))  # tokens, and whether the head is trained too
RUNS = 5


def measure(form: str, tokens: int, trained: bool, vocabulary: int = VOCABULARY, width: int = WIDTH) -> dict:
    """One run in this process: seconds, peak MB above the inputs, the loss and the norm of the hidden states' gradient.

    form: one of FORMS; trained: whether the student's head gets a gradient too.
    """
    import torch

    from helpers import memory

    torch.manual_seed(0)
    # Filled in place, so that making them leaves no freed memory behind which a run would use unseen.
    ours, theirs = torch.empty(tokens, width).normal_(), torch.empty(tokens, width).normal_()
    heads = [torch.empty(vocabulary, width).normal_(std=0.05) for _ in range(2)]
    ours.requires_grad_()
    heads[0].requires_grad_(trained)
    work = FORM_OF[form]()
    with redirect_stdout(StringIO()), memory.track(form) as cost:
        loss = work(ours, heads[0], theirs, heads[1])
        if loss is not None:
            loss.backward()
    found = {"seconds": cost.seconds, "peak_mb": cost.peak - cost.before}
    if loss is not None:
        found |= {"loss": loss.item(), "gradient": ours.grad.norm().item()}
    return found


def limit():
    import torch

    def work(ours, head, theirs, teacher):
        with torch.no_grad():
            for a in range(0, len(ours), CHUNK):
                states = ours[a : a + CHUNK]
                logits = states @ head.t()
                theirs[a : a + CHUNK] @ teacher.t()
                logits @ head
                if head.requires_grad:
                    logits.t() @ states

    return work


def chunked():
    from helpers.losses.chunked import Head, chunked_divergence

    return lambda ours, head, theirs, teacher: chunked_divergence(ours, Head(head), theirs, Head(teacher), chunk=CHUNK)


def dense():
    from helpers.losses import divergence

    return lambda ours, head, theirs, teacher: divergence(ours @ head.t(), theirs @ teacher.t())


def trl():
    import torch
    from trl.trainer.distillation_trainer import _chunked_divergence_loss

    def work(ours, head, theirs, teacher):
        mask = torch.ones(1, len(ours), dtype=torch.int)
        return _chunked_divergence_loss(ours[None], theirs[None], head, teacher, mask, beta=0.0, chunk_size=256)[0]

    return work


FORM_OF = {"limit": limit, "ours": chunked, "dense": dense, "trl": trl}


def in_a_process(form: str, tokens: int, trained: bool) -> dict:
    """`measure` in a fresh process. Raises SystemExit with what it said if it fails."""
    command = [sys.executable, "-m", "bench.losses", "--one", form, str(tokens), str(int(trained))]
    env = {**os.environ, "PYTHONPATH": PATH}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{form} at {tokens} tokens failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def summary(runs: dict[str, list[dict]]) -> dict:
    """Medians with the least and the most of each form, and the ratios between them."""
    found = {
        form: {
            key: {"median": median(values), "least": min(values), "most": max(values)}
            for key in ("seconds", "peak_mb")
            for values in [[run[key] for run in each]]
        }
        for form, each in runs.items()
    }

    def ratio(key: str, other: str) -> float:
        return found["ours"][key]["median"] / found[other][key]["median"]

    found["runs"] = len(runs["ours"])
    found["ratio"] = {
        "peak_ours_over_dense": ratio("peak_mb", "dense"),
        "seconds_ours_over_dense": ratio("seconds", "dense"),
        "peak_ours_over_trl": ratio("peak_mb", "trl"),
        "seconds_ours_over_trl": ratio("seconds", "trl"),
        "seconds_ours_over_limit": ratio("seconds", "limit"),
    }
    return found


def table(cases: dict[str, dict]) -> str:
    from helpers.evaluation.tables import markdown  # not at the top: it would load before what is measured

    head, rows = ["tokens and heads", "form", "runs", "seconds", "peak MB"], []
    for name, found in cases.items():
        for form in FORMS:
            seconds, peak = found[form]["seconds"], found[form]["peak_mb"]
            spread = f" ({seconds['least']:.1f}–{seconds['most']:.1f})" if seconds["least"] < seconds["most"] else ""
            rows.append([name, form, str(found["runs"]), f"{seconds['median']:.1f}{spread}", f"{peak['median']:,.0f}"])
    return markdown(head, rows)


def title(case: tuple[int, bool]) -> str:
    tokens, trained = case
    return f"{tokens:,} tokens, {'head trained too' if trained else 'heads frozen'}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=3, metavar=("FORM", "TOKENS", "TRAINED"), help="one run, printed as JSON")
    parser.add_argument("--minutes", type=float, default=5, help="no round is begun that would end later (5)")
    options = parser.parse_args(arguments)
    if options.one:
        form, tokens, trained = options.one
        print(json.dumps(measure(form, int(tokens), trained == "1")))
        return
    begun = time.monotonic()
    runs: dict[tuple, dict[str, list[dict]]] = {case: {form: [] for form in FORMS} for case in CASES}
    # First the case whose ratios are told, then each of the others once, then all of them again.
    rounds = [CASES[0]] * 2 + [*CASES[1:]] + [CASES[0]] * (RUNS - 2) + [*CASES[1:]] * (RUNS - 1)
    a_token = 0.0  # seconds of a round, by token, as the last one took
    for case in rounds:
        if time.monotonic() - begun + a_token * case[0] > 60 * options.minutes:
            continue
        started = time.monotonic()
        for form in FORMS:  # in turns, so that what else the machine does meets all forms alike
            runs[case][form].append(in_a_process(form, *case))
            print(f"{title(case)}, {form}: {runs[case][form][-1]['seconds']:.1f} s", flush=True)
        a_token = (time.monotonic() - started) / case[0]
    cases = {title(case): summary(found) for case, found in runs.items() if found["ours"]}
    first = next(iter(cases.values()))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    told = {"ratio": first["ratio"], "cases": cases, "seconds": time.monotonic() - begun}
    OUT.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(f"\n{table(cases)}\n")
    for name, value in first["ratio"].items():
        print(f"{name}: {value:.3f}")
    print(f"\nWritten to {OUT.relative_to(ROOT)}; {told['seconds']:.0f} s.")


if __name__ == "__main__":
    main()
