"""What each way of distilling bought, for README: from the studies of notebooks 05 to 08."""

from pathlib import Path

from helpers.evaluation.statistics import holm, p_text
from helpers.evaluation.tables import markdown
from readme.tables import BRACKETS, DASH, LIMITS, figure, measured, percent, ratio, read, shown

RESULTS = Path("data/results/mini")
LOGITS, CACHE, ACROSS = "05_logit_distillation", "06_teacher_cache", "07_across_tokenizers"
INSIDE = "08_feature_distillation"
# Student, way, the notebook and the keys of its accuracy and of what soft targets gained over it.
FEW = (
    ("sibling", "before", LOGITS, "before.accuracy", None),
    ("sibling", "text, hard targets", LOGITS, "token.accuracy", "gain.words"),
    ("sibling", "soft targets, teacher beside it", LOGITS, "logit.accuracy", None),
    ("sibling", "soft targets from a cache: 16 samples", CACHE, "sampled.accuracy", None),
    ("sibling", "the 16 samples, and the last hidden states", INSIDE, "quarter.logits_and_features.accuracy", None),
    ("sibling", "from a cache: top-k, the 2 likeliest, and the rest", CACHE, "top_k_tail.accuracy", None),
    ("sibling", "from a cache: top-k, the 2 likeliest alone", CACHE, "top_k.accuracy", None),
    ("student", "before", ACROSS, "before.accuracy", None),
    ("student", "text, hard targets", ACROSS, "token_fewer_epochs.accuracy", "gain.words, fewer epochs"),
    ("student", "text, in as many steps as soft targets", ACROSS, "token.accuracy", "gain.words"),
    ("student", "soft targets across tokenizers", ACROSS, "across.accuracy", None),
)
ALL = (
    ("sibling", "text, all traces", LOGITS, "all.words.accuracy", "gain.all traces"),
    ("sibling", "soft targets, all traces", LOGITS, "all.distributions.accuracy", None),
)

# What else may be asked of a student; it lies beside its accuracy.
PROBE = {"false_alarms": "false alarms", "detected": "impossible problems noticed"}
UNPROBED = (
    "–: not measured. The accuracy does not show how many solvable problems a student calls impossible, nor whether "
    "it notices those that are: a student that learnt to doubt may look as good as one that did not."
)


def table(root: Path) -> str:
    """A row a student and way; then what the figures are.

    Raises:
        FileNotFoundError: where a study is missing.
    """
    studies = {name: read(root, RESULTS / f"{name}.json") for name in (LOGITS, CACHE, ACROSS, INSIDE)}
    head = ["student", "learns", "accuracy", *PROBE.values(), "points of soft targets over this, pair by pair"]
    rows, gains = [], []
    for student, way, notebook, key, gain in (*FEW, *ALL):
        found = studies[notebook]
        gains += [figure(found, gain)] if gain else []
        probed = (shown(found, key.replace("accuracy", name)) for name in PROBE)
        rows.append([student, way, percent(figure(found, key)), *probed, points(gains[-1]) if gain else ""])
    first, cached, inside = studies[LOGITS], studies[CACHE], studies[INSIDE]
    traces, others = (studies[name]["traces"]["mean"] for name in (LOGITS, ACROSS))
    n, seeds = first["logit"]["accuracy"]["n"], first["run"]["seeds"]
    note = (
        f"{traces:.0f} traces for the sibling and {others:.0f} for the student unless it says otherwise, {n} test "
        f"problems, means over {len(seeds)} seeds; {BRACKETS}; of differences, which are taken pair by pair, "
        f"Student's alone. With all traces the sibling keeps {ratio(first['logit']['retained'])} of the teacher's "
        f"accuracy. A step from the cache took {cached['step_seconds']['ratio']['mean']:.2f} of the time of one with "
        f"the teacher. Hidden states beside the soft targets changed the accuracy by "
        f"{points(inside['quarter']['gain'])} points, pair by pair. "
        f"{measured(*(study['run'] for study in studies.values()))}"
    )
    notes = [note, corrected(gains), of_the_cache(cached, read(root, LIMITS))]
    if any(DASH in row for row in rows):
        notes.append(UNPROBED)
    return "\n\n".join([markdown(head, rows), *notes])


def of_the_cache(study: dict, limits: dict) -> str:
    """What its few bytes cost and hold, and over how many tokens the angle was taken."""
    angle, kept, mini = study["gradient_angle_degrees"], study["bytes_per_token"]["mean"], limits["cache"]
    tokens, draws, likeliest = (
        " / ".join(f"{one[key]:{how}}" for one in limits["angles"])
        for key, how in (("tokens", ",d"), ("draws", ".2f"), ("likeliest", ".1f"))
    )
    each = " / ".join(f"{one:.1f}" for one in angle["per_seed"])
    return (
        "What a cache keeps was also measured on SmolLM2-135M; its student was a copy with noise added to the "
        f"weights. 12 samples of each distribution are {kept:.1f} bytes a token, which is the packed targets alone; "
        f"over {study['smollm2']['tokens']['mean']:,} tokens their gradient, in two of the student's matrices, lies "
        f"{angle['mean']:.1f}° from that of the whole distributions ({angle['low']:.1f} to {angle['high']:.1f}; the "
        f"seeds: {each}). An angle belongs to a number of tokens: that of samples falls nearly as 1/√tokens, that of "
        "the likeliest hardly falls "
        f"(`mini`, over {tokens} tokens: 12 samples {draws}°, the 2 likeliest {likeliest}°). On the disk lie tokens "
        "and labels too, 8 bytes for each token of prompt and answer: on `mini` "
        f"{mini['on_disk']:.1f} bytes a learnt token, of which {mini['targets']:.1f} are targets."
    )


def corrected(gains: list[dict]) -> str:
    """Which of some gains are no luck, if they are tested together (Holm): paired t-tests over the seeds."""
    from scipy.stats import ttest_1samp  # not at the top: it takes a second

    told = {True: [], False: []}
    for one, p in zip(gains, holm([float(ttest_1samp(each["per_seed"], 0).pvalue) for each in gains]), strict=True):
        agree = ", though it is above zero with each seed" if p >= 0.05 and min(one["per_seed"]) > 0 else ""
        told[p < 0.05].append(f"{100 * one['mean']:+.1f} ({p_text(p)}{agree})")
    return (
        f"The table's {len(gains)} differences, tested together (paired t-tests over the seeds, Holm's correction): "
        f"{' and '.join(told[True]) or 'none'} is below p = 0.05, and not below it {'; '.join(told[False]) or 'none'}. "
        "With so few seeds a test finds large differences alone: what is not below is not shown to be none."
    )


def points(found: dict) -> str:
    """A difference in points with its interval: `+9.7 (3.7 to 15.3)`."""
    middle = f"{100 * found['mean']:+.1f}"
    return middle if found["low"] is None else f"{middle} ({100 * found['low']:.1f} to {100 * found['high']:.1f})"
