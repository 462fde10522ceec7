# ruff: noqa
md('title', r'''
# 13 · Many specialists, one student: adapters fused, averaged, taught and merged

> **You will** train three specialists on one base, fuse their adapters in six ways, let them answer as one, teach a single student with all of them, and put an adapter into the weights below it without losing any of it.
>
> **You will learn** why most ways to add adapters do not give their sum, what routing and averaging buy, how several teachers grade one student on-policy, and which of three merges is the model that you trained.
>
> **You need** adapters (notebook 3), the divergence of notebook 5 and the student's own text of notebook 10. The traces of notebook 2 are read if they are there and made if they are not.
>
> **Time and memory** reading 60 min · mini: about 5 min on two cores, 2 GB · small and full: not yet run; `make plan` predicts hours and memory

Before: [12 · Smaller steps](12_smaller_steps.ipynb) · After: all methods beside each other, planned · [Start of the series](00_start_here.ipynb)
''')

code('parameters', r'''
TIER = "auto"
SEED = 0
LONG = False  # True: more ways to fuse, more arms and controls (13.8)
''', ['parameters'])

code('tier', r'''
from helpers import show, tiers

tier = tiers.resolve(TIER, SEED)
print(tier.name, ":", tier.teacher.name, "→", tier.student.name)
show.route("13_adapters")
''')

md('idea-md', r'''
An **adapter** is a small file beside a frozen base (notebook 3). So one base can have many: one for each kind of question. Whoever has such **specialists** wants, sooner or later, one student that can do all of it. There are four ways there, and they differ in what they cost:
''')

code('idea', r'''
from helpers.show.distillation import arrow, box, sheet

figure, axis = sheet(2.4, 2)
for i, words in enumerate(("specialist\nA", "specialist\nB", "specialist\nC")):
    box(axis, 0.9, 0.3 + 0.7 * i, words, show.charts.COLOURS["teacher"])
ways = ("fuse: add\nthe updates", "route: ask one,\nby the question",
        "average: ask all\nat every token",
        "teach: one student\nlearns from them")
for i, words in enumerate(ways):
    y = 0.15 + 0.57 * i
    box(axis, 4.3, y, words, show.charts.COLOURS["rival"])
    arrow(axis, (1.7, 1.0), (3.4, y), "#4d4d4d")
    arrow(axis, (5.2, y), (7.4, 1.0), "#4d4d4d")
box(axis, 8.4, 1.0, "answers to\nall questions", show.charts.COLOURS["after"])
figure
''')

md('groups-md', r'''
Fusing is free: no training, one adapter. Routing and averaging keep all specialists, and averaging asks each of them at every token. Teaching takes training, and leaves one adapter that costs no more than any other. All are held against the plain rival: **one adapter trained on everything**, in as many steps as the specialists took together.

## 13.1 Three specialists

The mini tier's questions come in three groups: *plain* ones of one or two sums, *longer* ones of two to four, and *twins*, whose facts have to be tested because they may contradict each other. (Questions from elsewhere have no families; there the groups are the short, the middle and the long third.) Each group gives as many traces of the teacher, and a specialist reads those of its own.
''')

code('groups', r'''
from dataclasses import replace

from helpers import methods, traces, training
from helpers.questions.groups import groups

rows = traces.load(tier, seed=SEED)
sorts = groups(tier, rows["question"][:])


def group_of(question, family):
    return sorts.of(question, family)


places = {name: [] for name in sorts.names}
for place, row in enumerate(zip(rows["question"][:], rows["family"][:],
                                strict=True)):
    places[group_of(*row)].append(place)
EACH = min(tier.traces // 10, *map(len, places.values()))
parts = {name: rows.select(found[:EACH]) for name, found in places.items()}
everything = rows.select(sorted(
    place for found in places.values() for place in found[:EACH]))
for name, part in parts.items():
    print(f"{name:7} {len(part)} traces, such as:",
          part["question"][0].split(". ")[0][:60])
''')

code('train', r'''
lesson = replace(tier, epochs=2)
taught = {name: methods.Token(lesson, SEED, part)
          for name, part in parts.items()}
taught["everything"] = methods.Token(lesson, SEED, everything)
runs = {name: method.run() for name, method in taught.items()}
folders = {name: training.adapters(method.folder)[-1]
           for name, method in taught.items()}
specialists = {name: folders[name] for name in sorts.names}
for name, run in runs.items():
    print(f"{name:11} {run.steps:4} steps, {run.seconds:.0f} s")
''')

code('exam', r'''
from helpers import evaluation

exam = evaluation.draw_benchmark(
    tier, min(204, evaluation.size(tier)), 0, SEED)
kinds = [group_of(one.question, one.family) for one in exam.asked]
sheets, right, scores = {}, {}, {}


def sit(name, adapter=None):
    """A model's answers to the exam, by its adapter's folder."""
    keep(name, evaluation.student(exam, tier, adapter).asked)


def keep(name, answers):
    sheets[name] = answers
    right[name] = evaluation.right(answers, exam.asked)
    scores[name] = evaluation.accuracy(answers, exam.asked)


def in_group(name, group):
    found = [one for one, kind in zip(right[name], kinds, strict=True)
             if kind == group]
    return evaluation.wilson(sum(found), len(found))


sit("student before")
for name, folder in folders.items():
    sit(name, folder)
evaluation.Table(
    ("student", *sorts.names, "all"),
    [(name, *(f"{in_group(name, group).value:.0%}"
              for group in sorts.names), scores[name]) for name in scores])
''')

md('exam-means', r'''
EXAM-MEANS: the diagonal against the rest; the specialist of a group against `everything` on that group, which saw the same traces of it and others besides; what a specialist does on the groups it never saw.
''')

md('fuse-md', r'''
## 13.2 The sum that is none

An adapter of rank r adds to each layer the product of two narrow matrices, ΔW = s·B·A, with s its scale. The obvious thing to do with three of them is to add them up: w₁ΔW₁ + w₂ΔW₂ + w₃ΔW₃. PEFT's `add_weighted_adapter` has a dozen ways, and its best known ones do something else. `linear` adds the A's and the B's **apart** and multiplies the sums:

(√w₁B₁ + √w₂B₂)(√w₁A₁ + √w₂A₂) = w₁B₁A₁ + w₂B₂A₂ + √(w₁w₂)(**B₁A₂ + B₂A₁**)

The bold part belongs to no adapter. `ties` and `dare` drop entries first, then do the same. How large is it?

**Predict**: for two adapters that have nothing to do with each other, how long is that part, beside the sum that was wanted?
''')

code('cross', r'''
import torch


def linear_error(n, alike=False, rank=16, width=256):
    """Of `linear` for n random adapters, as a share of their sum."""
    torch.manual_seed(SEED)
    downs = [torch.randn(rank, width) for _ in range(1 if alike else n)]
    downs = downs * n if alike else downs
    ups = [torch.randn(width, rank) for _ in range(n)]
    wanted = sum(b @ a for a, b in zip(downs, ups, strict=True))
    return float((sum(ups) @ sum(downs) - wanted).norm() / wanted.norm())


for n in (2, 3, 5):
    print(f"{n} adapters: error {linear_error(n):.0%} drawn apart,"
          f" {linear_error(n, alike=True):.0%} with one A for all")
''')

md('cross-means', r'''
For two of them the error is as long as the sum itself: 100 %. For n it is √(n−1). And adapters often begin with the *same* A: PEFT draws it from the seed, and B is 0. As long as the A's have hardly moved, `linear` gives n times the sum, an error of n−1. So it does something that depends on how the adapters began.

Now the real ones. First one number has to be chosen for all ways, the weight w that each specialist gets. With w = 1 the updates are added up, with w = ⅓ averaged. The exact sum, `cat`, chooses on validation problems:
''')

code('weight', r'''
from helpers import models
from helpers.models.adapters import (
    WAYS, error_of, fuse, load_adapters, save_adapter)
from helpers.training.method import right_answers

model, tokenizer = load_adapters(tier, specialists)
tried = {}
for each in (1 / len(specialists), 2 / len(specialists), 1.0):
    weights = dict.fromkeys(specialists, each)
    fuse(model, weights, "cat", f"sum-{len(tried)}")
    tried[each] = right_answers(tier, model, tokenizer)
    print(f"w = {each:.2f}: {tried[each]}")
weight = max(tried, key=lambda each: tried[each].value)
weights = dict.fromkeys(specialists, weight)
''')

code('fuse', r'''
errors, fused = {}, {}
place = tier.artifacts / "fused" / str(SEED)
for way in WAYS:
    if way == "dare_ties" and not LONG:
        continue
    fuse(model, weights, way, way, seed=SEED)
    errors[way] = error_of(model, way, weights)
    fused[way] = save_adapter(model, way, place / way)
models.unload(model)
for way, folder in fused.items():
    sit(way, folder)
evaluation.Table(
    ("way", "error of the update", "right answers"),
    [(way, f"{errors[way]:.1%}", scores[way]) for way in fused])
''')

md('fuse-means', r'''
FUSE-MEANS: `cat` has no error and a rank three times as large; `svd` is the nearest update of the old rank; what the accuracy says of each. Does accuracy follow the error?

Three more things that PEFT 0.21.2 does without a word. A name that is taken leaves the old adapter as it is. Adapters with rsLoRA come out √r times too large, r being the new rank. (The `fuse` used here refuses both.) And `ties` lets the adapters vote on the sign of each entry *before* the weights are applied, so a negative weight does not turn a vote.
''')

md('ex1', r'''
### Your turn · 6 minutes · ●●○

Write the error of the table: how far an update is from the wanted one, as a share of the wanted one. Both come as lists of numbers.
''')

code('ex1-stub', r'''
def relative_error(found, wanted):
    ...  # a number, 0 for the same
''')

code('ex1-check', r'''
import random

from helpers import check
from helpers.models import adapters


def update(n):
    return [random.uniform(-2, 2) for _ in range(n)]


check.function(relative_error, adapters.relative_error,
               [(update(6), update(6)) for _ in range(8)],
               adapters.ERROR_SLIPS)
''')

md('ex1-help', r'''
<details><summary>Hint</summary>

The length of a list of numbers is the root of the sum of its squares. Of which two lists do you need it?
</details>

<details><summary>Solution</summary>

```python
def relative_error(found, wanted):
    far = sum((a - b) ** 2 for a, b in zip(found, wanted))
    return (far / sum(b ** 2 for b in wanted)) ** 0.5
```
</details>
''')

md('route-md', r'''
## 13.3 Ask the one who knows

Nothing need be fused if a question can be sent to its specialist. Which one that is can be read from the question, and a small classifier is enough: word counts and a logistic regression, trained on the questions of the traces alone. Two more rows say what the routing itself is worth: by the true groups, and with every question sent to a **wrong** specialist.
''')

code('route', r'''
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

router = make_pipeline(
    TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(max_iter=1000))
router.fit(everything["question"][:], [
    group_of(*row) for row in zip(
        everything["question"][:], everything["family"][:], strict=True)])
sent = list(router.predict([one.question for one in exam.asked]))
hits = [a == b for a, b in zip(sent, kinds, strict=True)]
print("the router:", evaluation.wilson(sum(hits), len(hits)))
names = list(sorts.names)
wrong = [names[(names.index(kind) + 1) % len(names)] for kind in kinds]
for name, route in (("routed", sent), ("by the groups", kinds),
                    ("wrong specialist", wrong)):
    keep(name, [sheets[one][i] for i, one in enumerate(route)])
    print(f"{name:17} {scores[name]}")
''')

md('route-means', r'''
ROUTE-MEANS
''')

md('ensemble-md', r'''
## 13.4 Ask all of them, at every token

Or all three are asked, and the next token is taken from the **mean of their probabilities**: an **ensemble**. It needs no router, and it costs three passes a token. (PEFT reads each row of a batch with an adapter of its own, so the three passes are one batch.) Not the mean of the logits: that is a product, in which whoever holds a token for impossible has a veto.
''')

code('ensemble', r'''
keep("ensemble", evaluation.ensemble(exam, tier, specialists).asked)
evaluation.Table(
    ("who answers", *sorts.names, "all"),
    [(name, *(f"{in_group(name, group).value:.0%}"
              for group in sorts.names), scores[name])
     for name in ("everything", "svd", "cat", "routed", "ensemble")])
''')

md('ensemble-means', r'''
ENSEMBLE-MEANS
''')

md('ex2', r'''
### Your turn · 6 minutes · ●○○

Write that mean: `each` holds a list of probabilities for each teacher, over the same tokens, and `weights` how much each of them counts. The weights need not add up to 1; what you give must.
''')

code('ex2-stub', r'''
def mixture(each, weights):
    ...  # a list of probabilities
''')

code('ex2-check', r'''
from helpers.losses import ensemble


def distribution(n):
    parts = [random.uniform(0.05, 1) for _ in range(n)]
    return [part / sum(parts) for part in parts]


check.function(
    mixture, ensemble.mixture,
    [([distribution(4) for _ in range(3)],
      [random.uniform(0.5, 3) for _ in range(3)]) for _ in range(8)],
    ensemble.MIXTURE_SLIPS)
''')

md('ex2-help', r'''
<details><summary>Hint</summary>

For each token: the sum over the teachers of weight times probability, divided by the sum of the weights.
</details>

<details><summary>Solution</summary>

```python
def mixture(each, weights):
    total = sum(weights)
    return [sum(w * p[i] for w, p in zip(weights, each)) / total
            for i in range(len(each[0]))]
```
</details>
''')

md('teach-md', r'''
## 13.5 One student, three teachers

What three specialists know can be taught to one student with the tools of the notebooks before. All arms begin at the fused adapter `svd`, which cost nothing and has the usual rank, and get the same new questions, equally many of each group, at a quarter of the tier's rate:

| arm | whose text | what is learnt there |
| --- | --- | --- |
| `distilled` | the teacher's | the mean of the specialists' distributions |
| `routed_reading` | the teacher's | the distribution of the question's own specialist |
| `mopd` | the student's own | the distribution of the question's own specialist |
| `labels` | the teacher's | its words alone, as in notebook 3 |

`mopd` is **multi-teacher on-policy distillation** (arXiv 2606.30406): the student writes, as in notebook 10, and each answer is graded by the specialist of its question. And the rival from before, `everything`, goes on for as many steps, on the same questions, as `everything_longer`.

**Predict**: which arm comes out on top, and does any of them beat `everything_longer`?
''')

code('teach', r'''
STEPS = max(6, tier.traces // 128)
share = STEPS * tier.batch_size // len(sorts.names)
new = rows.select(sorted(
    place for found in places.values()
    for place in (found[EACH : EACH + share] or found[:share])))
routes = {question: group_of(question, family) for question, family in zip(
    new["question"][:], new["family"][:], strict=True)}
gentle = replace(tier, epochs=1, lora=replace(
    tier.lora, learning_rate=tier.lora.learning_rate / 4))
begin = fused["svd"]
ARMS = {
    "distilled": methods.Ensemble(
        gentle, SEED, new, specialists=specialists, start=begin),
    "routed_reading": methods.Specialists(
        gentle, SEED, new, specialists=specialists, routes=routes,
        start=begin, lam=0.0),
    "mopd": methods.Specialists(
        gentle, SEED, new, specialists=specialists, routes=routes,
        start=begin, direction="reverse"),
    "labels": methods.Token(gentle, SEED, new, start=begin),
    "everything_longer": methods.Token(
        gentle, SEED, new, start=folders["everything"]),
}


def train(name, method):
    taught[name], runs[name] = method, method.run()
    sit(name, training.adapters(method.folder)[-1])


for name, method in ARMS.items():
    train(name, method)
''')

code('taught', r'''
def gained(name, over):
    return evaluation.paired_bootstrap(right[over], right[name], SEED)


def arms_table(names):
    return evaluation.Table(
        ("arm", "right answers", "over `svd`", "over the rival", "seconds"),
        [(name, scores[name], gained(name, "svd"),
          gained(name, "everything_longer"), f"{runs[name].seconds:.0f}")
         for name in names])


arms_table(ARMS)
''')

md('taught-means', r'''
TAUGHT-MEANS: per arm over its start and over `everything_longer`, with the interval; seconds beside it; equal steps: three specialists of together as many steps as `everything`, then as many more for each.
''')

md('merge-md', r'''
## 13.6 An adapter into the weights

To go home as one model, an adapter is added to the weights below it: W + ΔW (notebook 16). But which W? The student was trained and examined with a base in 4 bits. There are three sums:

| merge | base | the sum is kept in |
| --- | --- | --- |
| `whole` | as it was published, 16 bits or more | as many bits |
| `rounded` | rounded to 4 bits, as it was in training, and unpacked | 16 bits or more |
| `again` | as `rounded` | 4 bits: rounded a second time |

The first one is what most tools do, and looks best: it has the finest numbers. But the adapter was learnt beside *rounded* weights, and part of what it learnt is to make up for the rounding. Whole weights it has never seen.

**Predict**: which of the three is the model that was trained?
''')

code('merge', r'''
from helpers import export

student = taught["everything"]
MERGES = {"whole": {}, "rounded": {"rounded": True},
          "again": {"rounded": True, "again": True}}
homes = {name: export.merged(student, **how)
         for name, how in MERGES.items()}
forms = {**homes, **{f"{name}_gguf": export.gguf(student, "f16", **how)
                     for name, how in MERGES.items()}}
asked = exam.asked[:60 if not LONG else len(exam.asked)]
found = export.with_trained(student, forms, homes["whole"], asked)
export.table(found)
''')

md('merge-means', r'''
MERGE-MEANS: KL of each merge to the model that was trained; `rounded` 1e-7 or so; `whole`; `again`. The GGUF files, in 16 bits, are as far from the trained one as the merge that they were made from, so what is lost is lost in the merge.
''')

md('why-md', r'''
Why? Each merge differs from `rounded`, which is the trained one, by a noise: `whole` by what rounding took from the base, `again` by what rounding takes from the sum. How large is that noise beside what was learnt?
''')

code('why', r'''
from safetensors.torch import load_file

held = {name: load_file(home / "model.safetensors")
        for name, home in homes.items()}
model, _ = load_adapters(tier, {"one": folders["everything"]})
learnt = dict(adapters.updates(model, "one"))
models.unload(model)
size = sum(float(one.square().sum()) for one in learnt.values()) ** 0.5
noise = {}
for name in ("whole", "again"):
    far = 0.0
    for layer in learnt:
        key = layer.removeprefix("base_model.model.") + ".weight"
        far += float((held[name][key].float()
                      - held["rounded"][key].float()).square().sum())
    noise[name] = far ** 0.5 / size
    print(f"{name:6} noise is {noise[name]:.2f} times the update")
''')

md('why-means', r'''
WHY-MEANS. (The same trap, with an adapter whose update is a tenth or a hundredth of the rounding, is on record for unsloth-zoo's merge, PR 810.) So: merge into the weights beside which the adapter was trained; or train on whole weights; and whichever it is, **measure** it: `export.with_trained` takes a minute.
''')

md('long-md', r'''
## 13.7 More ways, more controls

With `LONG = True` in the first cell:

- **dare_ties** joins the ways to fuse;
- specialists that **began with another A** each: what becomes of `linear` and of the others;
- **mopd_forward**: as `mopd`, with the forward divergence;
- **mopd_wrong**: as `mopd`, with every question graded by a specialist of another group. If that does as well, the routing teaches nothing;
- **from_one**: as `mopd`, with `everything` as the only teacher;
- the merges are asked the whole exam.
''')

code('long', r'''
if LONG:
    other = {name: methods.Token(lesson, SEED + 100 * number, part)
             for number, (name, part) in enumerate(parts.items(), 1)}
    for method in other.values():
        method.run()
    model, _ = load_adapters(tier, {
        name: training.adapters(method.folder)[-1]
        for name, method in other.items()})
    for way in ("linear", "svd"):
        fuse(model, weights, way, way, seed=SEED)
        errors[f"{way}_apart"] = error_of(model, way, weights)
        fused[f"{way}_apart"] = save_adapter(
            model, way, place / f"{way}_apart")
    models.unload(model)
    for way in ("linear_apart", "svd_apart"):
        sit(way, fused[way])
        print(f"{way:13} error {errors[way]:.1%}, {scores[way]}")
    shifted = {question: names[(names.index(one) + 1) % len(names)]
               for question, one in routes.items()}
    more = {
        "mopd_forward": {"routes": routes, "direction": "forward"},
        "mopd_wrong": {"routes": shifted},
        "from_one": {"routes": dict.fromkeys(routes, "everything"),
                     "specialists": {"everything": folders["everything"]}},
    }
    for name, how in more.items():
        train(name, methods.Specialists(
            gentle, SEED, new, **{"specialists": specialists,
                                  "start": begin, "direction": "reverse",
                                  **how}))
    display(arms_table(more))
else:
    print("LONG is off")
''')

md('study-md', r'''
What three seeds say, each beside `everything_longer`, the rival of as many steps:
''')

code('study', r'''
from helpers.evaluation import results
from helpers.evaluation.statistics import paired_repeats

NAME = "13_adapters"
study = results.study(NAME, tier) or {}


def each_seed(key):
    return results.seeds(NAME, tier, key)


def over(one, other):
    """What one has gained over another, seed by seed."""
    each = [a - b for a, b in zip(
        each_seed(f"fusion.{one}.accuracy"),
        each_seed(f"fusion.{other}.accuracy"), strict=True)]
    return each, paired_repeats([0.0] * len(each), each)


if study:
    gains = {name: over(name, "everything_longer")
             for name in study["fusion"] if name != "everything_longer"}
    for name, (_, one) in gains.items():
        print(f"{name:18} {one}")
    display(show.repeats.means(
        {name: one for name, (_, one) in gains.items()},
        "Gained over one adapter trained on everything (the study)",
        "right answers", each={name: each for name, (each, _)
                               in gains.items()}, margin=0.05))
else:
    print("there is no study of this tier yet")
''')

md('study-means', r'''
STUDY-MEANS: to be written from the study of three seeds.
''')

md('ex3', r'''
### Your turn · 8 minutes · ●●●

Change the experiment, and predict. `my_weights` says how much each specialist counts in a fused adapter of the usual rank (`svd`); so far all counted the same. Give more to whom you think has more to say. `my_guess` is the accuracy in per cent (65, not 0.65) that comes of it. A guess inside its 95 % interval counts as foreseen.
''')

code('ex3-stub', r'''
my_weights = ...  # a mapping: a weight for each name of sorts.names
my_guess = ...  # right answers in per cent, of the exam's problems
''')

code('ex3-check', r'''
if my_weights is ... or my_guess is ...:
    print(check.NOTHING_YET)
elif set(my_weights) != set(specialists):
    print("give a weight for each of", ", ".join(specialists))
else:
    model, _ = load_adapters(tier, specialists)
    fuse(model, my_weights, "svd", "mine")
    folder = save_adapter(model, "mine", place / "mine")
    models.unload(model)
    sit("mine", folder)
    came = scores["mine"]
    print(f"{came}; with equal weights: {scores['svd']}")
    inside = came.low <= my_guess / 100 <= came.high
    print(f"your guess, {my_guess:g}%, lies",
          "inside" if inside else "outside: who was drowned out?")
''')

md('ex3-help', r'''
<details><summary>Hint</summary>

The table of 13.2 has the specialists' scores by group, and the weight that all of them have so far is `weight`.
</details>

<details><summary>Solution</summary>

There is no right guess: run it, and compare it with what you expected.

```python
my_weights = {name: weight for name in specialists}
my_weights[sorts.names[-1]] = 1.5 * weight
my_guess = 50
```
</details>
''')

md('keep-md', r'''
As in every notebook, the figures go to a file.
''')

code('keep', r'''
told = {}
for name, score in scores.items():
    if name in ("mine", *sorts.names):
        continue
    key = name.replace(" ", "_")
    told[key] = {"accuracy": score}
    if name in errors:
        told[key]["error"] = errors[name]
before = told.pop("student_before")
path = results.write(NAME, {
    "before": before,
    "specialists": {name: {"accuracy": scores[name], **{
        f"on_{group}": in_group(name, group) for group in sorts.names}}
        for name in sorts.names},
    "groups.everything": {
        group: in_group("everything", group) for group in sorts.names},
    "weight": weight,
    "router.accuracy": evaluation.wilson(sum(hits), len(hits)),
    "fusion": told,
    "merge": {name: {"kl": one.mean, "accuracy": one.accuracy,
                     "furthest": one.furthest, "same": one.same}
              for name, one in found.items()},
    "noise": noise,
    "steps": {name: run.steps for name, run in runs.items()},
    "seconds": {name: run.seconds for name, run in runs.items()},
}, tier, SEED)
print("written:", path.name)
''')

md('seen', r'''
## What you have seen

SEEN
''')

md('next', r'''
## Where next

- A student taken home, in all its forms: [notebook 16](16_your_own.ipynb).
- Planned: all methods beside each other.
- [Start of the series](00_start_here.ipynb)
''')
