"""What one other busy process costs the work of the notebooks: `make bench-busy`, five minutes, with nothing else open.

Three pieces of work, each on all cores: `traces` (48 of the mini teacher's), `products` (2,000 of 512 × 512 matrices)
and `steps` (15 of a training of the mini student). OpenMP's threads wait as the project has them wait (`ours`,
helpers/openmp.py), or as they do by themselves (`spinning`); the work is alone, or beside a process that does nothing
but count, at low priority (nice 19) or at the same. Every run has a process of its own, the runs take turns, and one
that is not done after LIMIT seconds is stopped.

It prints a table, writes artifacts/bench/busy.json, and fails where a piece of work takes more than 2.5 times as long
beside a process of low priority as alone, or alone more than 5 % longer than with threads that spin.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from statistics import median

import psutil

from bench import PATH, ROOT
from helpers import openmp

OUT = ROOT / "artifacts" / "bench" / "busy.json"
NICE = {"alone": None, "low": 19, "same": 0}  # the other process: none, or its priority
NAMED = {"alone": "none", "low": "of low priority", "same": "of the same priority"}
# How the threads wait, what runs beside them, and how often one process does each piece of work.
RUNS = (("ours", "alone", 2), ("spinning", "alone", 2), ("ours", "low", 1), ("ours", "same", 1))
SHOWN = ("spinning", "low", 1)  # once: what all this is about
ROUNDS = 2
LIMIT = 60
BESIDE, ALONE = 2.5, 1.05  # times as long, at most
QUIET = 0.05  # of the cores that all the rest of the machine may take


def traces() -> Callable[[], object]:
    from helpers import generation, models, problems, tiers

    tier = tiers.TIERS["mini"]
    teacher = models.load_teacher(tier)
    asked = [problem.question for problem in problems.draw("train", 48, 0)]
    how = {"max_new_tokens": tier.max_new_tokens, "batch_size": 48, "temperature": 1.0, "progress": False}
    generation.generate(*teacher, asked[:1], **how)
    return lambda: generation.generate(*teacher, asked, **how)


def products() -> Callable[[], object]:
    import torch

    left, right = torch.randn(2, 512, 512)

    def work(times: int = 2000) -> None:
        for _ in range(times):
            left @ right

    work(20)
    return work


def steps() -> Callable[[], object]:
    import torch

    from helpers import models, tiers

    tier = tiers.TIERS["mini"]
    student = models.add_lora(models.load_student(tier)[0], tier.lora, 0).train()
    optimizer = torch.optim.AdamW([weight for weight in student.parameters() if weight.requires_grad])
    ids = torch.randint(student.config.vocab_size, (tier.micro_batch, 160))

    def work(times: int = 15) -> None:
        for _ in range(times):
            student(input_ids=ids, labels=ids).loss.backward()
            optimizer.step()
            optimizer.zero_grad()

    work(1)
    return work


WORK = {"traces": traces, "products": products, "steps": steps}


def measure(waiting: str, times: int) -> None:
    """Do each piece of work in this process, ready-made and warm, and print its seconds as soon as they are known."""
    if waiting == "spinning":
        del os.environ[openmp.NAME]  # in time: only the work imports torch
    for name, prepare in WORK.items():
        work = prepare()
        for _ in range(times):
            begun = time.perf_counter()
            work()
            print(json.dumps([name, time.perf_counter() - begun]), flush=True)


@contextmanager
def beside(niceness: int | None):
    """A process that counts for as long as this lasts; none for None."""
    if niceness is None:
        yield
        return
    command = ["nice", "-n", str(niceness), sys.executable, "-c", "while True: pass"]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def in_a_process(waiting: str, other: str, times: int) -> dict[str, list[float]]:
    """The seconds of each piece of work that was done in time. Raises SystemExit with what was said if one fails."""
    command = [sys.executable, "-m", "bench.busy", "--one", waiting, str(times)]
    # Neither fewer threads nor another way to wait, whatever the shell has set.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_", "MKL_"))}
    env["PYTHONPATH"] = PATH
    with beside(NICE[other]):
        try:
            done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LIMIT)
            if done.returncode:
                raise SystemExit(f"{waiting}, {other}: {done.stderr[-2000:]}")
            said = done.stdout
        except subprocess.TimeoutExpired as stopped:
            said = (stopped.stdout or b"").decode()
    found: dict[str, list[float]] = {name: [] for name in WORK}
    for line in said.splitlines():
        name, seconds = json.loads(line)
        found[name].append(seconds)
    return {name: seconds or [math.inf] for name, seconds in found.items()}


@contextmanager
def rest():
    """A list that gets, at the end, the share of the cores that the rest of the machine took: not this and its own."""

    def taken() -> tuple[float, float]:
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        every = psutil.cpu_times()
        idle = every.idle + getattr(every, "iowait", 0) + getattr(every, "guest", 0) + getattr(every, "guest_nice", 0)
        return sum(every) - idle - sum(one.ru_utime + one.ru_stime for one in own), time.perf_counter()

    share: list[float] = []
    before, begun = taken()
    yield share
    after, ended = taken()
    share.append(max(0.0, (after - before) / (ended - begun) / psutil.cpu_count()))


def broken(found: dict[tuple[str, str], dict[str, list[float]]]) -> list[str]:
    """Which promises the seconds break: medians beside another process; alone the least, to which noise only adds."""
    wrong = []
    for name in WORK:
        ours, spinning = (min(found[waiting, "alone"][name]) for waiting in ("ours", "spinning"))
        if ours > ALONE * spinning:
            wrong.append(f"{name}: {ours / spinning:.2f} times as long as with threads that spin, more than {ALONE}")
        slower = median(found["ours", "low"][name]) / median(found["ours", "alone"][name])
        if slower > BESIDE:
            wrong.append(f"{name}: {slower:.2f} times as long beside a process of low priority, more than {BESIDE}")
    return wrong


def table(found: dict[tuple[str, str], dict[str, list[float]]]) -> str:
    from helpers.evaluation.tables import markdown  # not at the top: it would load before what is measured

    head, rows = ["threads", "the other process", *(f"{name}, s" for name in WORK)], []
    for (waiting, other), seconds in found.items():
        rows.append([waiting, NAMED[other], *(spread(seconds[name]) for name in WORK)])
    return markdown(head, rows)


def spread(seconds: list[float]) -> str:
    """The median, and in brackets the least; "not done" is longer than any."""
    told = [f"{one:.1f}" if one < math.inf else "not done" for one in (median(seconds), min(seconds))]
    return told[0] if told[0] == told[1] else f"{told[0]} ({told[1]})"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", nargs=2, metavar=("WAITING", "TIMES"), help="one run; prints its seconds as JSON")
    options = parser.parse_args(arguments)
    if options.one:
        measure(options.one[0], int(options.one[1]))
        return
    found: dict[tuple[str, str], dict[str, list[float]]] = {}
    shares: list[float] = []
    for waiting, other, times in (*RUNS * ROUNDS, SHOWN):
        with rest() as share:
            one = in_a_process(waiting, other, times)
        shares += share
        kept = found.setdefault((waiting, other), {name: [] for name in WORK})
        for name, seconds in one.items():
            kept[name] += seconds
        print(f"{waiting}, {NAMED[other]}: " + ", ".join(f"{name} {spread(one[name])}" for name in WORK), flush=True)
    told = {
        " ".join(key): {name: [one if one < math.inf else None for one in seconds] for name, seconds in each.items()}
        for key, each in found.items()
    }
    kept = {"rest": max(shares), "limit": LIMIT, "seconds": told}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"\nmedian (least)\n\n{table(found)}\n\nWritten to {OUT.relative_to(ROOT)}.")
    if max(shares) > QUIET:
        print(f"The rest of the machine took up to {max(shares):.0%} of the cores: this says little. Run it again.")
    if wrong := broken(found):
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
