"""What the notebooks share: thin helpers around the real libraries. A room a line, the ground floor last.

    methods        Token, Logits, Cached, CrossTokenizer, OnPolicy, QuantizationAware, AllWeights, features, cutting
    preflight      what could go wrong with a pair and a method, each finding with its mend, before anything is trained
    export         a student taken home: merged, as an adapter, as GGUF, each with a card; compared; put on the Hub
    show           pictures, and a box to ask the models in
    check          whether an exercise is right, and which known mistake it is

    training       settings, resuming, checkpoints, what a model holds inside, a board, operations; every method's form
    cache          a teacher's distributions and states on disk
    losses         divergences, in blocks, from few tokens, across tokenizers, between states, maps of layers; entropies

    traces         a teacher's answers: collected or imported, filtered, mixed, stored
    evaluation     answers read, scored, compared with a test; figures and tables
    generation     answers written: by transformers, by vLLM, or by a server that has the teacher
    questions      questions with gold answers, for every tier, and one's own
    quantization   weights in few bits: formats, real bytes, rounding while training, what it breaks
    models         load, adapt, count, unload; how a question is put; what to do where a model cannot be had
    memory         what a step costs, and how memory comes back

    tiers          what runs where: models, data and settings, as plain data
    problems       the mini tier's word problems
    alignment      two tokenizations of one text
    provenance     how something on disk was made; `sources` names code, `disk` writes whole or not at all
    openmp         how threads wait
"""

from helpers.openmp import sleep_while_waiting

sleep_while_waiting()  # before any helper imports torch
