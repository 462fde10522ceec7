md('title', r'''
# 11 · In fewer bits: quantization-aware distillation

> **You will** round a model's weights to 8, 4, 3 and 2 bits, see layer by layer what breaks, pack the bits into real bytes, and let the whole model teach its rounded self.
>
> **You will learn** what a format of few bits is, how a weight is learnt that may take only four values, why the teacher is the model itself, which measure of the damage misleads, and how to say what share of it came back.
>
> **You need** the divergence of notebook 5. The traces of notebook 2 are read if they are there and made if they are not.
>
> **Time and memory** reading 50 min · mini: about 5 min on two cores, 2 GB · small and full: not yet run; `make plan` predicts hours and memory

Before: [10 · Taught on its own mistakes](10_on_policy.ipynb) · After: smaller steps, planned · [Start of the series](00_start_here.ipynb)
''')

code('parameters', r'''
TIER = "auto"
SEED = 0
LONG = False  # True: a second rate for each arm, and more arms (11.7)
''', ['parameters'])

code('tier', r'''
from helpers import show, tiers

tier = tiers.resolve(TIER, SEED)
print(tier.name, ":", tier.teacher.name, "→", tier.student.name)
show.route("11_quantization_aware")
''')

md('idea-md', r'''
A student that is to run on a phone is not only small: its weights are stored in few bits. From 16 bits to 4 it becomes a quarter of its size, and the numbers become coarse. **Quantizing** after the training (*PTQ*) rounds and hopes. **Quantization-aware distillation** (*QAD*) trains on: the whole model is the teacher, and its rounded self the student. No other teacher is needed, and no labels.
''')

code('idea', r'''
from helpers.show.distillation import arrow, box, sheet

figure, axis = sheet(2.2, 2)
green, blue = (show.charts.COLOURS[one] for one in ("teacher", "after"))
box(axis, 1.2, 1.5, "text", "#4d4d4d", filled=False)
box(axis, 4.2, 1.5, "the model,\nwhole", green)
box(axis, 4.2, 0.45, "the same model,\nrounded", blue)
box(axis, 8.2, 1.0, "KL(whole ‖ rounded)", "#4d4d4d", filled=False)
for begin, end in (((1.7, 1.5), (3.3, 1.5)), ((1.7, 1.4), (3.1, 0.6)),
                   ((5.1, 1.5), (6.9, 1.1)), ((5.4, 0.45), (6.9, 0.85))):
    arrow(axis, begin, end, "#4d4d4d")
arrow(axis, (8.2, 0.7), (5.5, 0.25), blue)
axis.text(7.0, 0.18, "its weights learn", fontsize=9, color=blue)
figure
''')

md('start-md', r'''
## 11.1 A model worth taking home

First a student to quantize: it learns the teacher's words, as in notebook 3, on half of the traces. Its adapter is then merged into its weights (notebook 16). What comes of that is a model like any other, and from here on it is called **the whole model**. Some traces are kept back: on the first half of these settings are chosen, on the second we measure.
''')

code('start', r'''
from helpers import methods, traces, training

rows = traces.load(tier, seed=SEED)
kept_back = min(200, len(rows) // 4)
n = min(tier.traces // 2, len(rows) - kept_back)
lessons = rows.select(range(n))
unseen = rows.select(range(len(rows) - kept_back, len(rows)))
start = methods.Token(tier, SEED, lessons)
print(n, "traces of the teacher to learn from,", kept_back, "kept back")
show.losses(start.run())
''')

code('whole', r'''
from dataclasses import replace

from helpers import export, models

home = export.merged(start).relative_to(tiers.ROOT).as_posix()
itself = replace(tier, engine="transformers",
                 student=tiers.ModelSpec(home))
whole, tokenizer = models.load_student(itself, four_bit=False)
print(f"{models.parameter_count(whole):,} weights in {home}")
''')

md('exam-md', r'''
Four measures, and one more that we will come to distrust. On the exam: the share of **right answers**, and of answers that **end by themselves**. On the unseen traces: how far the model is from the whole one, as **KL(whole ‖ model)** in nats a token, and at how many tokens both hold the same one for the likeliest (**agreement**). The fifth is **perplexity**, how well the words of the traces are predicted.
''')

code('exam', r'''
from helpers import evaluation, generation
from helpers.training.nearness import nearness
from helpers.training.rows import of_traces

exam = evaluation.draw_benchmark(
    tier, min(300, evaluation.size(tier)), 0, SEED)
asked = [one.question for one in exam.asked]
texts = of_traces(itself, tokenizer, unseen, "student")
half = len(texts) // 2
to_choose, to_measure = (texts.select(range(half)),
                         texts.select(range(half, len(texts))))
right, ended, near = {}, {}, {}


def measure(name, model):
    """Sits the exam, and reads the unseen texts beside the whole model."""
    answers = generation.generate(
        model, tokenizer, asked, tier.answer_tokens, tier.answer_batch)
    right[name] = evaluation.right(answers, exam.asked)
    ended[name] = [one.ended for one in answers]
    near[name] = nearness(model, whole, to_measure, tokenizer.pad_token_id)


def accuracy(name):
    return evaluation.wilson(sum(right[name]), len(right[name]))


def table(names):
    heads = ("", "accuracy", "ended", "KL, nats", "agreement", "perplexity")
    return evaluation.Table(heads, [
        (name, accuracy(name),
         f"{sum(ended[name]) / len(ended[name]):.0%}",
         f"{near[name].nats:.4f}", f"{near[name].agreement:.1%}",
         f"{near[name].perplexity:.3f}") for name in names])


measure("whole", whole)
table(["whole"])
''')

md('exam-means', r'''
WHOLE
''')

md('round-md', r'''
## 11.2 A weight in few bits

A format of $b$ bits has $2^b$ levels: 16 with four bits, and four with two. Where they lie must be stored too, so many weights share that: here groups of 64 neighbours in a row of the matrix. In the simplest format the levels lie evenly between the least and the largest weight of the group. Here are sixteen weights of one group, and where each goes:
''')

code('round', r'''
from helpers import quantization
from helpers.quantization import Format
from helpers.show import quantization as drawn

layers = quantization.linears(whole)
name = next(one for one in layers if one.endswith("down_proj"))
group = layers[name].weight.detach()[:1, :64].cpu()
rounded = {f"{bits} bits": Format(bits).rounded(group)[0, :16].tolist()
           for bits in (8, 4, 3, 2)}
for form, values in rounded.items():
    off = (Format(int(form[0])).rounded(group) - group).norm()
    print(f"{form}: {off / group.norm():.1%} off, as a share of the group")
drawn.levels(group[0, :16].tolist(), rounded)
''')

md('round-means', r'''
ROUND
''')

md('ex1', r'''
### Your turn · 5 minutes · ●○○

Write the rounding of one group: each weight goes to the nearest of the $2^b$ levels that lie evenly from the least weight to the largest.
''')

code('ex1-stub', r'''
def rounded_group(weights, bits):
    ...  # as many weights, each at its level
''')

code('ex1-check', r'''
from helpers import check
from helpers.quantization import exercises

check.function(rounded_group, exercises.rounded_group,
               [exercises.a_group() for _ in range(6)],
               exercises.GROUP_SLIPS)
''')

md('ex1-help', r'''
<details><summary>Hint</summary>

How many steps lie between $2^b$ levels? The code of a weight is how many steps it stands above the least one.
</details>

<details><summary>Solution</summary>

```python
def rounded_group(weights, bits):
    low = min(weights)
    step = (max(weights) - low) / (2**bits - 1)
    return [low + step * round((one - low) / step) for one in weights]
```
</details>
''')

md('formats-md', r'''
Other formats put the levels elsewhere. The **symmetric** one has multiples of a single step, so a zero is always among them and one number a group is enough (GGUF's Q4_0). **NF4**, in which all students of this series are loaded for their lessons, has sixteen levels that lie closer around zero, where most weights are. And **HQQ** searches for scale and place of the levels, so that a few large errors count less than many small ones; torchao has it.
''')

md('layers-md', r'''
## 11.3 What breaks, layer by layer

How far is a layer's weight from what it was? And, which is not the same, how far is what the layer **gives** on real text? For each layer alone, on eight unseen traces:

**Predict**: at 2 bits, will the output be off by more or by less than the weight?
''')

code('layers', r'''
from helpers.training.rows import Padded

batch = Padded(tokenizer.pad_token_id)(
    [to_choose[i] for i in range(min(8, len(to_choose)))])
batch.pop("labels")
batch = {key: one.to(whole.device) for key, one in batch.items()}
found = {f"{bits} bits": quantization.errors(whole, Format(bits), batch)
         for bits in (8, 4, 3, 2)}
for form, of in found.items():
    mean = [sum(getattr(one, what) for one in of.values()) / len(of)
            for what in ("weight", "output")]
    worst = max(of, key=lambda one: of[one].output)
    print(f"{form}: weights {mean[0]:.1%} off, outputs {mean[1]:.1%};"
          f" worst {drawn.short(worst)}, {of[worst].output:.1%}")
drawn.broken(found)
''')

md('layers-means', r'''
LAYERS
''')

md('ptq-md', r'''
And all layers at once, in each format, rounded once and used as they are:
''')

code('ptq', r'''
forms = {f"{bits} bits": Format(bits) for bits in (8, 4, 3, 2)}
forms |= {f"{bits} bits, symmetric": Format(bits, kind="symmetric")
          for bits in (4, 3, 2)}
forms["NF4"] = Format(4, kind="nf4")


def load():
    return models.load_student(itself, four_bit=False)[0]


for name, form in forms.items():
    model = quantization.rounded(load(), form)
    measure(name, model)
    models.unload(model)
table(["whole", *forms])
''')

code('hqq', r'''
from importlib.util import find_spec

if find_spec("torchao"):
    for bits in (4, 3, 2):
        forms[f"{bits} bits, HQQ"] = Format(bits, kind="hqq")
        model = quantization.rounded(load(), Format(bits, kind="hqq"))
        measure(f"{bits} bits, HQQ", model)
        models.unload(model)
    display(table([name for name in forms if name.endswith("HQQ")]))
else:
    print("HQQ is left out: pip install torchao==0.18.0")
''')

md('ptq-means', r'''
PTQ
''')

md('bytes-md', r'''
## 11.4 Real bytes

Until here the rounded weights lay in memory as 32-bit numbers: a *fake* quantization, good for measuring and no smaller. Now the codes are **packed**: 3 bits each, one behind the other, and eight of them fill three bytes. The embedding stays in 16 bits. Each file is written, read back, and its answers are timed.
''')

code('bytes', r'''
import time

sizes, seconds = {}, {}
few = asked[:24]


def clock(name, model):
    begun = time.perf_counter()
    answers = generation.generate(
        model, tokenizer, few, tier.answer_tokens, tier.answer_batch)
    tokens = sum(one.tokens for one in answers)
    seconds[name] = (time.perf_counter() - begun) / tokens


folder = tier.artifacts / "packed"
sizes["16 bits"] = quantization.save(whole, folder / "16.safetensors")
clock("16 bits", whole)
for bits in (8, 4, 3, 2):
    name, path = f"{bits} bits", folder / f"{bits}.safetensors"
    small = quantization.packed(load(), Format(bits))
    sizes[name] = quantization.save(small, path)
    small = quantization.read(path, load(), Format(bits)).eval()
    clock(name, small.to(whole.device))
    models.unload(small)
nf4, _ = models.load_student(itself)
clock("NF4", nf4)
models.unload(nf4)
many = sum(one.weight.numel() for one in layers.values())
evaluation.Table(("", "file", "of 16 bits", "bits a weight", "ms a token"), [
    (name, f"{sizes[name] / 1e6:.2f} MB" if name in sizes else None,
     f"{sizes[name] / sizes['16 bits']:.0%}" if name in sizes else None,
     "16" if name == "16 bits" else f"{forms[name].bits_a_weight:.2f}",
     f"{1000 * each:.2f}") for name, each in seconds.items()])
''')

md('bytes-means', r'''
BYTES: small is not fast. Our layer unpacks its whole weight at each token; what is fast are kernels that multiply with packed weights (llama.cpp, Marlin), and these exist for some formats only.
''')

md('ex2', r'''
### Your turn · 6 minutes · ●●○

Pack `codes` into bytes: `bits` each, one behind the other, and the first in the lowest bits of the first byte. Give the bytes as numbers from 0 to 255.
''')

code('ex2-stub', r'''
def packed(codes, bits):
    ...  # a list of bytes
''')

code('ex2-check', r'''
check.function(packed, exercises.bytes_of,
               [exercises.some_codes() for _ in range(6)],
               exercises.BYTES_SLIPS)
''')

md('ex2-help', r'''
<details><summary>Hint</summary>

Think of one long number, of which each code is a digit. Python's whole numbers have no end, and `to_bytes` cuts them into bytes.
</details>

<details><summary>Solution</summary>

```python
def packed(codes, bits):
    number = sum(code << bits * place for place, code in enumerate(codes))
    return list(number.to_bytes(-(-bits * len(codes) // 8), "little"))
```
</details>
''')

md('ste-md', r'''
## 11.5 How a rounded weight learns

Training moves a weight by small steps, and rounding swallows them: its slope is zero nearly everywhere, so no gradient would get through. The trick is old. Keep the **whole** weight behind the rounded one, compute with the rounded one, and in the backward pass take the rounding for the identity, the **straight-through estimator**. The step then moves the whole weight, and once that has come far enough its rounded self jumps to the next level.

In PyTorch that is a *parametrization*: each use of `layer.weight` gives the rounded weight. One step of the whole method:
''')

code('ste', r'''
import torch

from helpers import losses

student = quantization.fake(load(), Format(2))  # rounded at each use
batch = Padded(tokenizer.pad_token_id)(
    [to_choose[i] for i in range(min(8, len(to_choose)))])
labels = batch.pop("labels").to(whole.device)
batch = {key: one.to(whole.device) for key, one in batch.items()}
optimizer = torch.optim.AdamW(
    student.parameters(), lr=tier.lora.learning_rate / 10)


def far():
    with torch.no_grad():
        theirs = losses.learnt(whole(**batch).logits, labels)
    ours = losses.learnt(student(**batch).logits, labels)
    return losses.divergence(ours, theirs)  # forward KL at T = 1


codes = {name: Format(2).quantized(one.weight).codes
         for name, one in quantization.linears(student).items()}
loss = far()

loss.backward()  # straight through the rounding
optimizer.step()
optimizer.zero_grad()

jumped = sum(
    (Format(2).quantized(one.weight).codes != codes[name]).sum().item()
    for name, one in quantization.linears(student).items())
print(f"{loss:.3f} → {far():.3f} nats on these texts;"
      f" {jumped:,} of {many:,} weights changed their level")
models.unload(student)
''')

md('ste-means', r'''
STE
''')

md('arms-md', r'''
## 11.6 What comes back

Four ways for each number of bits, all from the same rounded start (PTQ is where they begin), on the same texts, in as many steps:

| | learns | what is trained | teacher |
| --- | --- | --- | --- |
| `ptq` | nothing | – | – |
| `qat` | the words of the traces | the whole weights behind the rounded ones | none |
| `qad` | the whole model's distributions | the same | the model itself |
| `adapter` | the same | an adapter of 16 bits; the rounded weights are frozen | the model itself |

The adapter stays, so it costs bytes and time later; it is the cheap way, since it needs neither whole weights nor their optimizer.

**Predict**: at 2 bits, which share of the lost accuracy comes back with `qad`? And is learning the words worse, when these words are what the model was trained on?
''')

code('arms', r'''
ARMS = {"qad": {}, "qat": {"alpha": 1.0}, "adapter": {"adapter": True}}
BITS = (4, 3, 2)
once = replace(itself, epochs=1)
runs, rates = {}, {}


def arm(name, bits, given=lessons, form=None, **how):
    """Trains an arm; with LONG at two rates, of which other texts choose."""
    form = form or Format(bits)
    base = tier.lora.learning_rate * (1 if how.get("adapter") else 0.1)
    tried = []
    for rate in (base, base / 3) if LONG else (base,):
        method = methods.QuantizationAware(
            once, SEED, given, format=form, rate=rate, **how)
        run = method.run()
        model, _ = method.taught()
        nats = nearness(model, whole, to_choose,
                        tokenizer.pad_token_id).nats
        tried.append((nats, rate, method, run))
        models.unload(model)
    _, rates[name], method, runs[name] = min(tried, key=lambda one: one[0])
    model, _ = method.taught()
    measure(name, model)
    models.unload(model)
    return method


for bits in BITS:
    for name, how in ARMS.items():
        arm(f"{name}, {bits} bits", bits, **how)
    right[f"ptq, {bits} bits"] = right[f"{bits} bits"]
    ended[f"ptq, {bits} bits"] = ended[f"{bits} bits"]
    near[f"ptq, {bits} bits"] = near[f"{bits} bits"]
names = [f"{name}, {bits} bits" for bits in BITS for name in ("ptq", *ARMS)]
table(["whole", *names])
''')

md('arms-means', r'''
ARMS. And look at the last column: perplexity on the traces.
''')

md('share-md', r'''
How much of the damage was undone? The **share recovered** is what came back divided by what was lost:

$$\text{share} = \frac{\text{after} - \text{PTQ}}{\text{whole} - \text{PTQ}}$$

For the divergence the whole model has 0. The interval comes from a bootstrap that draws texts (or problems) with all three of their figures. Where nothing was lost that the test could see, there is no share: of nothing there is no half.
''')

code('share', r'''
from helpers.evaluation.recovery import recovered

shares = {}
for bits in BITS:
    for name in ARMS:
        key, ptq = f"{name}, {bits} bits", f"ptq, {bits} bits"
        shares[key] = {
            "kl": recovered([0.0] * len(near[ptq].kl), near[ptq].kl,
                            near[key].kl, SEED),
            "accuracy": recovered(right["whole"], right[ptq], right[key],
                                  SEED)}
    lost = shares[f"qad, {bits} bits"]["accuracy"].gap
    print(f"{bits} bits: accuracy lost by rounding {lost}")
evaluation.Table(("", "of the lost KL", "of the lost accuracy"), [
    (key, one["kl"].share, one["accuracy"].share or "within noise")
    for key, one in shares.items()])
''')

code('share-seen', r'''
from helpers.show import repeats

repeats.means(
    {key: one["kl"].share for key, one in shares.items()
     if one["kl"].share and one["kl"].share.low > -1},
    "Share of the lost KL that came back", "share recovered",
    roles={key: "rival" for key in shares if key.startswith("qat")})
''')

md('share-means', r'''
SHARE

Published beside it: at 7B and 4 bits NVIDIA's QAD went from 69.4 to 71.7 on AIME24, where the whole model has 73.0, so 64 % of the lost points (arXiv 2601.20088). No interval is given there.
''')

md('ex3', r'''
### Your turn · 3 minutes · ●●○

Write the share recovered as a function. The same one has to do for accuracies, which fall, and for losses, which rise.
''')

code('ex3-stub', r'''
def share(whole, before, after):
    ...  # of what was lost, the part that came back
''')

code('ex3-check', r'''
import random

from helpers.evaluation.recovery import SHARE_SLIPS, share_of

cases = [(random.uniform(0.7, 1), random.uniform(0.1, 0.4),
          random.uniform(0.4, 0.7)) for _ in range(4)]
cases += [(0.0, random.uniform(0.5, 1), random.uniform(0.1, 0.4))]
check.function(share, share_of, cases, SHARE_SLIPS)
''')

md('ex3-help', r'''
<details><summary>Hint</summary>

Two differences, both counted from the rounded model. Do their signs matter?
</details>

<details><summary>Solution</summary>

```python
def share(whole, before, after):
    return (after - before) / (whole - before)
```
</details>
''')

md('long-md', r'''
## 11.7 More arms, and three seeds

With `LONG = True` each arm is trained at two rates, of which the first half of the unseen texts chooses, and more arms join:

- **on-policy**: the rounded student writes the texts itself (notebook 10). Where student and teacher are the same model, this is reported to bring nothing.
- **half and half**: half of the loss are the words.
- **reverse** KL in the place of forward.
- **symmetric** levels, and **NF4**, through the same training.
''')

code('long', r'''
MORE = {
    "on-policy, 3 bits": (3, {"lam": 1.0}),
    "on-policy, 2 bits": (2, {"lam": 1.0}),
    "half and half, 2 bits": (2, {"alpha": 0.5}),
    "reverse, 2 bits": (2, {"direction": "reverse"}),
    "symmetric, 2 bits": (2, {"form": Format(2, kind="symmetric")}),
    "symmetric, 4 bits": (4, {"form": Format(4, kind="symmetric")}),
    "NF4, qad": (4, {"form": Format(4, kind="nf4")}),
}
if LONG:
    # A step of writing takes far longer than one of reading.
    some = lessons.select(range(min(25 * tier.batch_size, len(lessons))))
    for name, (bits, how) in MORE.items():
        arm(name, bits, some if "lam" in how else lessons, **how)
    for bits in (3, 2):
        arm(f"as many steps, {bits} bits", bits, some)
    display(table([*MORE, "as many steps, 3 bits", "as many steps, 2 bits"]))
else:
    print("LONG is off")
''')

code('study', r'''
from helpers.evaluation import results
from helpers.evaluation.statistics import repeated

NAME = "11_quantization_aware"
study = results.study(NAME, tier) or {}
if study:
    for bits in BITS:
        for what in ("kl", "accuracy"):
            each = results.seeds(NAME, tier, f"recovered.{bits}.{what}")
            if len(each) > 1:
                print(f"{bits} bits, {what}: {repeated(each)} came back")
    for arm_name in ("ptq", *ARMS):
        for bits in BITS:
            kl, hits = (results.seeds(
                NAME, tier, f"bits.{bits}.{arm_name}.{what}")
                for what in ("kl", "accuracy"))
            print(f"{arm_name}, {bits} bits: KL {sum(kl) / len(kl):.4f},"
                  f" accuracy {sum(hits) / len(hits):.1%}")
else:
    print("there is no study of this tier yet")
''')

md('study-means', r'''
STUDY-MEANS: to be written from the study of three seeds.
''')

md('ex4', r'''
### Your turn · 6 minutes · ●●●

Change the experiment, and predict. With smaller groups the levels fit better, and more scales have to be stored. `my_group` is the size of a group at 2 bits, another one than 64 (16, 32, or 128). `my_guess` is the accuracy in per cent (65, not 0.65) that `qad` reaches with it. A guess inside its 95 % interval counts as foreseen.
''')

code('ex4-stub', r'''
my_group = ...  # 16, 32 or 128
my_guess = ...  # right answers in per cent, of the exam's problems
''')

code('ex4-check', r'''
if my_group is ... or my_guess is ...:
    print(check.NOTHING_YET)
elif my_group not in (16, 32, 128):
    print("choose 16, 32 or 128")
else:
    form = Format(2, my_group)
    arm("mine", 2, form=form)
    came = accuracy("mine")
    print(f"{form}, {form.bits_a_weight:.2f} bits a weight: {came};"
          f" groups of 64: {accuracy('qad, 2 bits')}")
    inside = came.low <= my_guess / 100 <= came.high
    print(f"your guess, {my_guess:g}%, lies",
          "inside" if inside else "outside: what do the scales cost?")
''')

md('ex4-help', r'''
<details><summary>Hint</summary>

Groups of 16 take 2 + 32/16 bits a weight. What did 3 and 4 bits reach?
</details>

<details><summary>Solution</summary>

There is no right guess: run it, and compare it with what you expected.

```python
my_group = 32
my_guess = 80
```
</details>
''')

md('keep-md', r'''
As in every notebook, the figures go to a file.
''')

code('keep', r'''
def told(name):
    return {"accuracy": accuracy(name), "kl": near[name].nats,
            "agreement": near[name].agreement,
            "perplexity": near[name].perplexity,
            "ended": sum(ended[name]) / len(ended[name])}


def key(name):
    return name.replace(", ", "_").replace(" ", "_").replace("-", "_")


path = results.write(NAME, {
    "whole": told("whole"),
    "bits": {str(bits): {name: told(f"{name}, {bits} bits")
                         for name in ("ptq", *ARMS)} for bits in BITS},
    "recovered": {str(bits): {
        what: one.share for what, one in shares[f"qad, {bits} bits"].items()
        if one.share} for bits in BITS},
    "recovered_by": {name: {str(bits): {
        what: one.share
        for what, one in shares[f"{name}, {bits} bits"].items()
        if one.share} for bits in BITS} for name in ARMS},
    "lost": {str(bits): shares[f"qad, {bits} bits"]["accuracy"].gap
             for bits in BITS},
    "formats": {key(name): told(name) for name in forms},
    "layers": {form[0]: {what: sum(getattr(one, what) for one in of.values())
                         / len(of) for what in ("weight", "output")}
               for form, of in found.items()},
    "bytes": {key(name): size for name, size in sizes.items()},
    "ms_a_token": {key(name): 1000 * each for name, each in seconds.items()},
    **({"more": {key(name): told(name) for name in [
        *MORE, "as many steps, 3 bits", "as many steps, 2 bits"]}}
       if LONG else {}),
    "seconds": {key(name): run.seconds for name, run in runs.items()
                if name != "mine"},
}, tier, SEED)
print("written:", path.name)
''')

md('free-md', r'''
The memory is given back:
''')

code('free', r'''
from helpers import memory

models.unload(whole)
memory.free("whole", "layers", "group")
''')

md('seen', r'''
## What you have seen

SEEN

<details><summary>Papers</summary>

- Quantization-aware distillation: *Quantization-Aware Distillation for NVFP4 Inference Accuracy Recovery*, [arXiv 2601.20088](https://arxiv.org/abs/2601.20088).
- At our size, and why PTQ is where to begin: *What Makes Low-Bit Quantization-Aware Training Work for Reasoning LLMs?*, [arXiv 2601.14888](https://arxiv.org/abs/2601.14888).
- The straight-through estimator: Bengio et al. 2013, [*Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation*](https://arxiv.org/abs/1308.3432).
- NF4: Dettmers et al. 2023, [*QLoRA: Efficient Finetuning of Quantized LLMs*](https://arxiv.org/abs/2305.14314).
- HQQ: Badri and Shaji 2023, *Half-Quadratic Quantization of Large Machine Learning Models*.
</details>
''')

md('next', r'''
## Where next

- [16 · Take it home](16_your_own.ipynb): your own student, merged and as GGUF.
- Planned: smaller steps, adapters that fuse, and all methods beside each other.
- [Start of the series](00_start_here.ipynb)
''')
