# ruff: noqa
md('title', r'''
# 12 · Smaller steps: an assistant in between, a student cut out of its teacher

> **You will** find out which blocks of the teacher can go, cut a smaller model out of it and heal it, and let it teach a still smaller one: two small steps against one large jump, with equally much computing.
>
> **You will learn** what the capacity gap is, why "an assistant helps" means little until both ways cost the same, which measures choose blocks well, and why a healed model is compared with the student before any lesson.
>
> **You need** the soft targets of notebook 5. Notebook 8 began with half a teacher; here that is taken further. The traces of notebook 2 are read if they are there and made if they are not.
>
> **Time and memory** reading 50 min · mini: about 5 min on two cores, 2 GB · small and full: not yet run

Before: [10 · Taught on its own mistakes](10_on_policy.ipynb) · After: adapters, planned · [Start of the series](00_start_here.ipynb)
''')

code('parameters', r'''
TIER = "auto"
SEED = 0
LONG = False  # True: more students, more assistants, every cut healed (12.7)
''', ['parameters'])

code('tier', r'''
from helpers import show, tiers

tier = tiers.resolve(TIER, SEED)
print(tier.name, ":", tier.teacher.name, "→", tier.sibling.name)
show.route("12_smaller_steps")
''')

md('idea-md', r'''
A small student may not be able to follow a large teacher: what the teacher's distribution tells apart, the student has no room for. This is called the **capacity gap**. Two ways to smaller steps are in use. A model of a size in between learns first and then teaches: a **teacher assistant** (Mirzadeh et al. 2020), and distillation in several steps is called *progressive*. Or the smaller model is **cut out** of the larger one and healed, so that it begins with what its teacher knows.

They go together: the assistant here is cut out of the teacher.
''')

code('idea', r'''
from helpers.show.distillation import arrow, box, sheet

figure, axis = sheet(2.6, 3)
box(axis, 1.2, 1.5, "teacher", show.charts.COLOURS["teacher"])
box(axis, 5.0, 2.4, "assistant\ncut out of it, healed",
    show.charts.COLOURS["control"])
box(axis, 8.8, 1.5, "student", show.charts.COLOURS["after"])
for begin, end, words in (
        ((1.9, 1.7), (3.7, 2.3), "step"), ((6.3, 2.3), (8.1, 1.7), "step"),
        ((1.9, 1.3), (8.1, 1.3), "one jump, as much computing")):
    arrow(axis, begin, end, "#4d4d4d")
    axis.text((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2 - 0.32,
              words, ha="center", fontsize=9)
figure
''')

md('sizes-md', r'''
## 12.1 How large is the gap?

All weights count here that a token is multiplied with. A rule of thumb says that a student learns best from a teacher about 2.5 times its size (the "law of capacity gap", arXiv 2311.07052). An assistant of the geometric mean makes two equal steps.
''')

code('sizes', r'''
import math
from dataclasses import replace
from functools import cache

from helpers import evaluation, models, traces
from helpers.training import compute

rows = traces.load(tier, seed=SEED)
few = rows.select(range(min(3 * tier.traces // 32, len(rows))))


@cache
def weights_of(spec):
    model, _ = models.load_teacher(replace(tier, teacher=spec))
    found = compute.multiplied(model)
    models.unload(model)
    return found


size = {"teacher": weights_of(tier.teacher),
        "student": weights_of(tier.sibling)}
if size["teacher"] > 1e9:  # with Adam: 16 bytes for each weight
    tier = replace(tier, teacher=tier.sibling)
    size["teacher"] = size["student"]
    print("here the sibling is the teacher: all weights of a part of a"
          " larger one do not fit")
ratio = size["teacher"] / size["student"]
wanted = round(math.sqrt(size["teacher"] * size["student"]))
for name, many in (*size.items(), ("assistant", wanted)):
    print(f"{name:9} {many:>13,}, {many / size['student']:.1f} times")
''')

md('before-md', r'''
Next, what the student can do **before** any lesson, and the teacher. The student's row stands in every table of this page. That is no formality: reasoning distilled into small models often leaves them *below* where they began, and papers that print the accuracy after it alone do not show that (arXiv 2604.08880).
''')

code('before', r'''
exam = evaluation.draw_benchmark(
    tier, min(300, evaluation.size(tier)), 0, SEED)
sheets, scores = {}, {}


def examine(name, spec):
    """The answers of a whole model, and its accuracy."""
    sheets[name] = evaluation.teacher(exam, replace(
        tier, teacher=spec, generate_batch=tier.answer_batch))
    scores[name] = evaluation.accuracy(sheets[name].asked, exam.asked)
    return scores[name]


def table(names, *more):
    """A table of accuracies, the student before in its first row."""
    heads = ("model", "accuracy", "of the teacher's",
             *(head for head, _ in more))
    top = scores["teacher"].value
    return evaluation.Table(heads, [
        (name, scores[name],
         f"{scores[name].value / top:.0%}" if top else "–",
         *(cells.get(name, "–") for _, cells in more))
        for name in ("student before", *names)])


for name, spec in (("student before", tier.sibling),
                   ("teacher", tier.teacher)):
    print(f"{name:14} {examine(name, spec)}")
''')

md('before-means', r'''
BEFORE-MEANS
''')

md('blocks-md', r'''
## 12.2 Which blocks can go?

The teacher has a stream of vectors that runs through all its blocks; each block adds something to it. Two measures ask what a block is worth:

- **the angle**: how far does it turn the stream? One minus the cosine of what goes in and what comes out, the *block influence* of ShortGPT (arXiv 2403.03853). It needs one reading.
- **left out**: what is the loss without it? The block is passed over, and what it was given goes on as it is. It needs a reading for each block.

**Predict**: will the two agree? And which block of this teacher is missed most?
''')

code('blocks', r'''
from helpers.losses import layer_maps
from helpers.methods import selection

teacher, tokenizer = models.load_teacher(tier)
depth = layer_maps.blocks(teacher)
later = rows.select(range(max(0, len(rows) - 24), len(rows)))
read = selection.batches(tier, tokenizer, later)
turned = selection.influences(teacher, read)
whole = selection.loss(teacher, read)
alone = [selection.loss(teacher, read, [block])
         for block in range(1, depth + 1)]
print(f"loss of the whole teacher: {whole:.3f} nats a token")
evaluation.Table(("block", "turns the stream by", "loss without it"), [
    (block, f"{turn:.2f}", f"{loss:.2f}") for block, (turn, loss) in
    enumerate(zip(turned, alone, strict=True), 1)])
''')

md('blocks-means', r'''
BLOCKS-MEANS
''')

md('rules-md', r'''
Now half of the blocks are to go. Left out one *at a time*, a block's worth is known while all others are there. If two blocks can stand in for each other, each looks dispensable, and without both nothing works. So the rule here drops one, measures the rest again, and drops the next (as SLEB does, arXiv 2402.09025). Its rivals: the smallest angles, every other block, the last ones, and blocks at random.
''')

code('rules', r'''
import random
from itertools import combinations

from helpers.methods import pruning

every = range(1, depth + 1)
keep = len(pruning.every_other(depth))
gone = selection.least_missed(teacher, read, keep)
lot = random.Random(SEED)
cuts = {
    "left_out": tuple(sorted({*every} - {block for block, _ in gone})),
    "angle": selection.highest(turned, keep),
    "every_other": pruning.every_other(depth),
    "last_n": tuple(every[:keep]),  # the last ones go
    "random": tuple(sorted(lot.sample(every, keep))),
}
tried = {kept: selection.loss(
    teacher, read, [one for one in every if one not in kept])
    for kept in dict.fromkeys((*cuts.values(), *(
        combinations(every, keep) if math.comb(depth, keep) <= 20 else ())))}
evaluation.Table(("blocks that stay", "loss", "chosen by"), [
    (", ".join(map(str, kept)), f"{loss:.2f}",
     ", ".join(name for name, one in cuts.items() if one == kept))
    for kept, loss in sorted(tried.items(), key=lambda one: one[1])])
''')

md('rules-means', r'''
RULES-MEANS
''')

md('ex1', r'''
### Your turn · 7 minutes · ●●○

Write the rule: `losses[(2, 3)]` is the loss without the blocks 2 and 3, numbers in rising order. Of `blocks` blocks `many` are to go, one after another, each time the one without which the loss is then lowest. Give them in the order in which they go.
''')

code('ex1-stub', r'''
def goes(losses, blocks, many):
    ...  # a list of blocks
''')

code('ex1-check', r'''
from helpers import check
from helpers.methods import choosing


def case():
    """Losses of four blocks, without each choice of up to three."""
    found = {tuple(one): round(random.uniform(1, 9), 2) for many in (1, 2, 3)
             for one in combinations(range(1, 5), many)}
    return found, 4, random.choice((2, 3))


check.function(goes, choosing.goes, [case() for _ in range(12)],
               choosing.GOES_SLIPS)
''')

md('ex1-help', r'''
<details><summary>Hint</summary>

Keep a list of those that are gone. To try a block, look up `tuple(sorted([*gone, block]))`.
</details>

<details><summary>Solution</summary>

```python
def goes(losses, blocks, many):
    gone = []
    while len(gone) < many:
        rest = [b for b in range(1, blocks + 1) if b not in gone]
        gone.append(min(rest, key=lambda b: losses[tuple(sorted([*gone, b]))]))
    return gone
```
</details>
''')

md('narrow-md', r'''
## 12.3 Narrower

Blocks are a coarse measure. For a model of just the size that is wanted, the blocks that stay get narrower **MLPs**. A neuron of an MLP adds a vector to the stream: its activation times its column of the last matrix. How long that vector is on average says how much would be missing. Here the whole teacher, with all its blocks, keeps as many neurons as the assistant will have:
''')

code('narrow', r'''
from helpers.methods import cutting

width = cutting.width_for(teacher, keep, wanted)
own = teacher.config.get_text_config().intermediate_size
strong = selection.strengths(teacher, read)
ways = {
    "strongest": selection.strongest(strong, width),
    "at random": [sorted(lot.sample(range(own), width)) for _ in every],
    "weakest": selection.strongest([-one for one in strong], width),
}
narrow = {}
for name, neurons in ways.items():
    model = cutting.narrower(pruning.student_of(teacher, every), neurons)
    narrow[name] = selection.loss(model.eval(), read)
    models.unload(model)
print(f"{width} of {own} neurons in each block; loss of the whole:"
      f" {whole:.3f}")
for name, loss in narrow.items():
    print(f"{name:10} {loss:.3f} nats")
''')

md('narrow-means', r'''
NARROW-MEANS
''')

md('heal-md', r'''
## 12.4 Cut, and healed

A cut model is damaged: its blocks are given what they never saw. It learns from the teacher that it was cut out of, as in notebook 5, on the teacher's whole distributions. Every weight is trained here, not an adapter: what has to change is not small. (An eighth of the adapter's learning rate, otherwise the settings that notebook 5's search found.)

The cut models lie in folders of their own, and the tier gets another student or another teacher by naming one: `replace(tier, sibling=folder)`.

**Predict**: half of the blocks of a teacher that solves nearly all problems: how many does it solve before it is healed, and after?
''')

code('heal', r'''
from helpers import methods
from helpers.training.rows import of_traces
from helpers.training.searched import searched

form = searched(tier, "logits", epochs=8, temperature=1.0, alpha=0.0)
form.pop("epochs")
HEAL, LESSON = max(4, tier.traces // 40), max(4, tier.traces // 20)
TOKENS = compute.tokens_a_step(
    of_traces(tier, tokenizer, few, "sibling"), tier.batch_size)
runs, spent = {}, {}


def taught(name, student, by, steps, kind=methods.AllWeights, **how):
    """A student after some steps on a teacher's distributions."""
    method = kind(replace(tier, teacher=by, sibling=student), SEED, few,
                  steps=steps, **form | how)
    runs[name] = method.run()
    spent[name] = compute.operations(
        steps, TOKENS, weights_of(student), weights_of(by))
    return method.trained()


def cut(kept, neurons=None):
    return cutting.cut(tier, tier.teacher, kept, neurons,
                       loaded=(teacher, tokenizer))


def healed(rule, name=None, **how):
    """A cut by a rule, before and after it is healed."""
    name, spec = name or rule, cut(cuts[rule])
    examine(f"{name}, before", spec)
    examine(f"{name}, after",
            taught(name, spec, tier.teacher, HEAL, **how))


live = ("left_out", "last_n")
for rule in live:
    healed(rule)
table([f"{rule}, {when}" for rule in live for when in ("before", "after")])
''')

md('heal-means', r'''
HEAL-MEANS
''')

md('assistant-md', r'''
## 12.5 An assistant

The assistant has the blocks that the rule chose, and MLPs so narrow that it is as large as we wanted. It is trained on the fly: a model of this size that knew nothing would not learn to reason in a minute (the mini models took hours); one that is cut out of its teacher already knows most.
''')

code('assistant', r'''
kept = cuts["left_out"]
cut_out = cut(kept, [selection.strongest(strong, width)[block - 1]
                     for block in kept])
size["assistant"] = weights_of(cut_out)
assistant = taught("assistant", cut_out, tier.teacher, LESSON)
examine("assistant, cut", cut_out)
examine("assistant", assistant)
print(f"{size['assistant']:,} weights:"
      f" {size['teacher'] / size['assistant']:.1f} times smaller than the"
      f" teacher, {size['assistant'] / size['student']:.1f} times larger"
      f" than the student; trained in {runs['assistant'].seconds:.0f} s")
table(["assistant, cut", "assistant"])
''')

md('assistant-means', r'''
ASSISTANT-MEANS
''')

md('equal-md', r'''
## 12.6 One jump or two steps, at equal compute

The way over an assistant has two trainings, and an assistant is rarely free. For a fair comparison the jump gets as much: it learns from the teacher until it has cost what both trainings cost. How is that counted? For each token that is read, each weight takes a multiplication and an addition. A model that learns does that three times, once forwards and twice backwards; one that only reads does it once:

$$\text{operations} = 2 \times \text{steps} \times \text{tokens of a step} \times (3 \times \text{student} + \text{teacher})$$

What it leaves out: attention between tokens, and the reading that made the traces, which both ways share.
''')

md('ex2', r'''
### Your turn · 4 minutes · ●○○

Write it: how many operations does a training take, in which the teacher is asked at each step?
''')

code('ex2-stub', r'''
def operations(steps, tokens, student, teacher):
    ...  # one line
''')

code('ex2-check', r'''
cases = [(random.randint(2, 99), random.randint(100, 2_000),
          random.randint(100, 900), random.randint(1_000, 9_000))
         for _ in range(6)]
check.function(operations, compute.operations, cases, compute.SLIPS)
''')

md('ex2-help', r'''
<details><summary>Hint</summary>

The bracket of the formula is what a single token costs, halved.
</details>

<details><summary>Solution</summary>

```python
def operations(steps, tokens, student, teacher):
    return 2 * steps * tokens * (3 * student + teacher)
```
</details>
''')

md('jump-md', r'''
**Predict**: with as much computing, which student is better? And by how much would the jump have to be worse for an assistant to be worth its price?
''')

code('jump', r'''
def both(student, name):
    """A student by both ways, at equal compute."""
    examine(f"{name}, assistant", taught(
        f"{name}, assistant", student, assistant, LESSON))
    budget = spent["assistant"] + spent[f"{name}, assistant"]
    steps = compute.steps_within(
        budget, TOKENS, weights_of(student), size["teacher"])
    examine(f"{name}, jump",
            taught(f"{name}, jump", student, tier.teacher, steps))


name = f"{ratio:.1f} times"
both(tier.sibling, name)
cost = {"assistant": spent["assistant"], f"{name}, jump": spent[
    f"{name}, jump"], f"{name}, assistant": spent["assistant"] + spent[
        f"{name}, assistant"]}
table([f"{name}, jump", f"{name}, assistant", "assistant", "teacher"],
      ("operations in all", {one: f"{many:.2g}"
                             for one, many in cost.items()}),
      ("steps", {one: run.steps for one, run in runs.items()}))
''')

code('gain', r'''
def gained(one, other):
    """What one answers rightly more often than another."""
    return evaluation.paired_bootstrap(*(
        evaluation.right(sheets[each].asked, exam.asked)
        for each in (other, one)), SEED)


gain = gained(f"{name}, assistant", f"{name}, jump")
print("through an assistant over one jump, at equal compute:", gain,
      evaluation.verdict(gain))
print("one jump over the student before:",
      gained(f"{name}, jump", "student before"))
''')

md('gain-means', r'''
GAIN-MEANS
''')

md('long-md', r'''
## 12.7 The gap as a curve

With `LONG = True` in the first cell:

- **smaller students**: two more, cut out of the sibling, with three quarters and half of its weights, by both ways at equal compute. Is the assistant worth more where the gap is wider?
- **equal steps**: the jump with as many steps as the student has after the assistant, as if the assistant had cost nothing. Most reports compare in this way.
- **other assistants**: the sibling learns, in equal steps, from models of several sizes, each cut out of the teacher and healed alike. Is the best one about 2.5 times its size?
- **every rule**: all cuts of 12.2 are healed; the best one also with a hint (notebook 8) and on the labels alone.
''')

code('long-cuts', r'''
from helpers.training.matching import Features

pairs = tuple(enumerate(cuts["left_out"], 1))
HEALED = {
    "left_out_features": {
        "kind": methods.AllWeightsFeatures,
        "features": Features("hint", pairs, weight=0.1)},
    "left_out_labels": {"alpha": 1.0},
}
if LONG:
    for rule in cuts:
        if rule not in live:
            healed(rule)
    for one, how in HEALED.items():
        healed("left_out", one, **how)
    display(table([f"{one}, {when}" for one in (*cuts, *HEALED)
                   for when in ("before", "after")]))
else:
    print("LONG is off")
''')

code('long-students', r'''
def smaller(share, blocks):
    """A student cut out of the sibling, to a share of its weights."""
    loaded = models.load_teacher(replace(tier, teacher=tier.sibling))
    model = loaded[0]
    many = max(1, round(blocks * layer_maps.blocks(model)))
    own = selection.batches(tier, loaded[1], later)
    out = {block for block, _ in selection.least_missed(model, own, many)}
    stay = [block for block in range(1, layer_maps.blocks(model) + 1)
            if block not in out]
    wide = cutting.width_for(
        model, many, round(share * models.parameter_count(model)))
    found = selection.strongest(selection.strengths(model, own), wide)
    spec = cutting.cut(tier, tier.sibling, stay,
                       [found[block - 1] for block in stay], loaded=loaded)
    models.unload(model)
    return spec


students = {name: tier.sibling}
if LONG:
    for share, blocks in ((0.75, 1), (0.5, 2 / 3)):
        spec = smaller(share, blocks)
        one = f"{size['teacher'] / weights_of(spec):.1f} times"
        students[one] = spec
        examine(f"{one}, before", spec)
        both(spec, one)
    for one, spec in students.items():
        examine(f"{one}, equal steps", taught(
            f"{one}, equal steps", spec, tier.teacher, LESSON))
    display(table([f"{one}, {way}" for one in students for way in (
        "before", "jump", "equal steps", "assistant")
        if f"{one}, {way}" in scores]))
''')

code('long-teachers', r'''
by_size = {}
if LONG:
    for many in sorted({1, keep, max(1, depth - 1)}):
        out = {block for block, _ in
               selection.least_missed(teacher, read, many)}
        spec = cut(tuple(one for one in every if one not in out))
        times = f"{weights_of(spec) / size['student']:.1f}"
        helper = taught(f"assistant {times}", spec, tier.teacher, LESSON)
        examine(f"assistant {times}", helper)
        examine(f"by {times}", taught(
            f"by {times}", tier.sibling, helper, LESSON))
        by_size[times] = f"assistant {times}", f"by {times}"
    times = f"{size['assistant'] / size['student']:.1f}"
    by_size[times] = "assistant", f"{name}, assistant"
    by_size[f"{ratio:.1f}"] = "teacher", f"{name}, equal steps"
    display(table([one for times in sorted(by_size, key=float)
                   for one in by_size[times]]))
models.unload(teacher)
''')

md('study-md', r'''
What three seeds say:
''')

code('study', r'''
from helpers.evaluation import results
from helpers.evaluation.statistics import paired_repeats

NAME = "12_smaller_steps"
study = results.study(NAME, tier) or {}


def each_seed(key):
    return results.seeds(NAME, tier, key)


def over(one, other):
    """What one has gained over another, seed by seed."""
    return paired_repeats(each_seed(f"{other}.accuracy"),
                          each_seed(f"{one}.accuracy"))


if study:
    gaps = {key: over(f"gap.{key}.assistant", f"gap.{key}.jump")
            for key in study["gap"]}
    for key, one in gaps.items():
        print(f"{key.replace('_', '.')} times: assistant over jump {one},"
              f" {evaluation.verdict(one)}")
        print("   over equal steps:",
              over(f"gap.{key}.assistant", f"gap.{key}.equal_steps"))
    display(show.repeats.runs_by_size(
        {way: {float(key.replace("_", ".")): each_seed(
            f"gap.{key}.{way}.accuracy") for key in study["gap"]}
         for way in ("jump", "assistant", "before")},
        "The student by the size of the gap", "teacher over student"))
else:
    print("there is no study of this tier yet")
''')

code('study-cuts', r'''
if study:
    for key, one in study["pruned"].items():
        ends = [sum(each_seed(f"pruned.{key}.{when}.accuracy"))
                / len(study["run"]["seeds"]) for when in ("before", "after")]
        print(f"{key:18} {ends[0]:.1%} → {ends[1]:.1%}")
    for key in study["pruned"]:
        if key != "left_out":
            print(f"left_out over {key}:", over(
                "pruned.left_out.after", f"pruned.{key}.after"))
''')

md('study-means', r'''
STUDY-MEANS: to be written from the study of three seeds.
''')

md('ex3', r'''
### Your turn · 6 minutes · ●●●

Change the experiment, and predict. `my_blocks` are blocks of the teacher that stay, others than those of 12.4, such as `(1, 3)`; the model is healed as there. `my_guess` is its accuracy in per cent (65, not 0.65). A guess inside the 95 % interval counts as foreseen.
''')

code('ex3-stub', r'''
my_blocks = ...  # numbers from 1 on, in order
my_guess = ...  # right answers in per cent
''')

code('ex3-check', r'''
if my_blocks is ... or my_guess is ...:
    print(check.NOTHING_YET)
elif tuple(my_blocks) in [cuts[rule] for rule in live]:
    print("choose others: these were healed above")
else:
    mine = cutting.cut(tier, tier.teacher, my_blocks)
    came = examine("mine", taught("mine", mine, tier.teacher, HEAL))
    print(f"blocks {tuple(my_blocks)}: {came};"
          f" student before: {scores['student before']}")
    inside = came.low <= my_guess / 100 <= came.high
    print(f"your guess, {my_guess:g}%, lies",
          "inside" if inside else "outside: what did the loss of 12.2 say?")
''')

md('ex3-help', r'''
<details><summary>Hint</summary>

The table of 12.2 has the loss of each choice before it is healed. Is the order still the same afterwards?
</details>

<details><summary>Solution</summary>

There is no right guess: run it, and compare it with what you expected.

```python
my_blocks = (1, 3)
my_guess = 20
```
</details>
''')

md('keep-md', r'''
As in every notebook, the figures go to a file.
''')

code('keep', r'''
def told_of(one):
    key = students[one]
    found = {"ratio": size["teacher"] / weights_of(key)}
    for way, place in (("jump", "jump"), ("assistant", "assistant"),
                       ("equal_steps", "equal steps"), ("before", "before")):
        label = f"{one}, {place}"
        if way == "before" and one == name:
            label = "student before"
        if label in scores:
            found[way] = {"accuracy": scores[label]} | (
                {"operations": spent[label], "steps": runs[label].steps}
                if label in runs else {})
    return found


healed_ones = [one for one in (*cuts, *HEALED) if f"{one}, after" in scores]
path = results.write(NAME, {
    "student_before.accuracy": scores["student before"],
    "teacher.accuracy": scores["teacher"],
    "gap": {one.removesuffix(" times").replace(".", "_"): told_of(one)
            for one in students},
    "assistant": {
        "gain": gain.value, "accuracy": scores["assistant"],
        "cut": {"accuracy": scores["assistant, cut"]},
        "weights": size["assistant"], "operations": spent["assistant"],
        "times": size["assistant"] / size["student"]},
    "pruned": {one: {when: {"accuracy": scores[f"{one}, {when}"]}
                     for when in ("before", "after")}
               for one in healed_ones},
    "untrained": {rule: tried[kept] for rule, kept in cuts.items()},
    "narrow": {one.replace(" ", "_"): loss for one, loss in narrow.items()},
    **({"teachers": {times.replace(".", "_"): {
        "own": {"accuracy": scores[helper]},
        "student": {"accuracy": scores[learner]}}
        for times, (helper, learner) in by_size.items()}} if LONG else {}),
    "seconds": {one.replace(", ", "_").replace(" ", "_").replace(".", "_"):
                run.seconds for one, run in runs.items() if one != "mine"},
}, tier, SEED, sum(run.seconds for run in runs.values()))
print("written:", path.name)
''')

md('seen', r'''
## What you have seen

SEEN

<details><summary>Papers</summary>

- Assistants: Mirzadeh et al. 2020, [*Improved Knowledge Distillation via Teacher Assistant*](https://arxiv.org/abs/1902.03393).
- The law of capacity gap: [*Towards the Law of Capacity Gap in Distilling Language Models*](https://arxiv.org/abs/2311.07052).
- Block influence: Men et al. 2024, [*ShortGPT: Layers in Large Language Models are More Redundant Than You Expect*](https://arxiv.org/abs/2403.03853).
- One block after another: Song et al. 2024, [*SLEB: Streamlining LLMs through Redundancy Verification and Elimination of Transformer Blocks*](https://arxiv.org/abs/2402.09025).
- Against the cosine: Hinostroza et al. 2026, [*Rethinking Layer Relevance in Large Language Models Beyond Cosine Similarity*](https://arxiv.org/abs/2605.14075).
- Operations of a training: Kaplan et al. 2020, [*Scaling Laws for Neural Language Models*](https://arxiv.org/abs/2001.08361).
</details>
''')

md('next', r'''
## Where next

- Half a teacher and what a hint adds: [notebook 8](08_feature_distillation.ipynb).
- Planned: adapters that are distilled and fused, and all methods beside each other.
- [Start of the series](00_start_here.ipynb)
''')
