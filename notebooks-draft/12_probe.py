# ruff: noqa
"""Measures for the page's plan: python artifacts/probe.py cuts|heal|jump ..."""
import math, sys, time, random
from dataclasses import replace
from itertools import combinations
import torch
torch.set_num_threads(1)
from helpers import tiers, models, traces, methods, evaluation, training
from helpers.methods import selection, cutting, pruning
from helpers.training import compute
tier = tiers.resolve("mini"); SEED=0
what = sys.argv[1]
t0=time.time()
def said(*a): print(f"[{time.time()-t0:6.1f}s cpu {time.process_time():6.1f}]", *a, flush=True)
rows = traces.load(tier, seed=SEED)
few = rows.select(range(150))
form={"temperature":2.0,"alpha":0.5}
def exam_of(n): return evaluation.draw_benchmark(tier, n, 0, SEED)
def examine(spec, exam):
    return evaluation.teacher(exam, replace(tier, teacher=spec, generate_batch=tier.answer_batch))
if what=="cuts":
    teacher, tok = models.load_teacher(tier)
    read = selection.batches(tier, tok, rows.select(range(len(rows)-24,len(rows))))
    said("influences", [round(x,3) for x in selection.influences(teacher, read)])
    said("whole", selection.loss(teacher, read))
    for n in (1,2):
        for kept in combinations(range(1,5), 4-n):
            gone=[b for b in range(1,5) if b not in kept]
            said("kept", kept, round(selection.loss(teacher, read, gone),3))
    said("greedy", selection.least_missed(teacher, read, 2))
    strong=selection.strengths(teacher, read)
    w=cutting.width_for(teacher, 2, round(math.sqrt(3033856*574720)))
    said("width", w)
    for name, pick in (("strongest", selection.strongest(strong,w)), ("weakest", selection.strongest([-s for s in strong], w)),
                       ("random", [sorted(random.Random(i).sample(range(640),w)) for i in range(4)])):
        m=cutting.narrower(pruning.student_of(teacher, (1,2,3,4)), pick)
        said(name, round(selection.loss(m.eval(), read),4))
elif what=="heal":
    steps=int(sys.argv[2]); kept=tuple(map(int,sys.argv[3].split(","))); narrow=sys.argv[4]=="narrow"; n=int(sys.argv[5])
    pool = few if len(sys.argv)<7 else rows
    teacher, tok = models.load_teacher(tier)
    neurons=None
    read = selection.batches(tier, tok, rows.select(range(len(rows)-24,len(rows))))
    if narrow:
        w=cutting.width_for(teacher, len(kept), round(math.sqrt(3033856*574720)))
        strong=selection.strengths(teacher, read)
        neurons=[selection.strongest(strong,w)[b-1] for b in kept]
    spec=cutting.cut(tier, tier.teacher, kept, neurons, loaded=(teacher,tok))
    cutm,_=models.load_teacher(replace(tier,teacher=spec)); said("weights", models.parameter_count(cutm), "loss before", selection.loss(cutm, read))
    m=methods.AllWeights(replace(tier, sibling=spec), SEED, pool, steps=steps, **form)
    run=m.run(); said("trained", run.steps, run.seconds, "s", run.seconds/run.steps, "a step", m.trained().name)
    after,_=models.load_teacher(replace(tier,teacher=m.trained())); said("loss after", selection.loss(after, read))
    ex=exam_of(n)
    for name, s in (("before",spec),("after",m.trained())):
        a=examine(s, ex); said(name, evaluation.accuracy(a.asked, ex.asked), a.seconds)
elif what=="jump":
    steps=int(sys.argv[2]); by=sys.argv[3]; n=int(sys.argv[4])
    spec = tier.teacher if by=="teacher" else tiers.ModelSpec(by)
    m=methods.AllWeights(replace(tier, teacher=spec), SEED, few, steps=steps, **form)
    run=m.run(); said("trained", run.steps, run.seconds, "s", run.seconds/run.steps, "a step")
    ex=exam_of(n); a=examine(m.trained(), ex); said(evaluation.accuracy(a.asked, ex.asked), a.seconds)
    if len(sys.argv)>5:
        a=examine(tier.sibling, ex); said("before", evaluation.accuracy(a.asked, ex.asked), a.seconds)
