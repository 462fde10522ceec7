"""The words of the mini teacher: openings, leads, joins, and how a check is announced, comes out well or badly."""

OPENINGS = (
    "Okay, let me think.", "Okay, let me see.", "Let me think about this.", "Hmm, let me see.",
    "Alright, one thing at a time.", "Let me work this out.", "Okay, step by step.", "Hmm, what do I know?",
    "Let me go through the facts.", "So, let me begin.", "I will take it slowly.", "Let us see.",
    "Now, what is asked?", "Let me read that again.", "Okay, so.", "Right, let me start.",
    "Let me look at what is given.", "Well, let me think it through.", "Step by step, then.", "Let me sort this out.",
    "What do I have here?", "Good, let me start with what I know.",
)  # fmt: skip
FIRST = (
    "First", "To begin,", "I start with", "I need", "Let me find", "First I want", "I look for", "First comes",
    "I work out", "I begin with", "At first I need", "To start,",
)  # fmt: skip
LATER = (
    "Then", "Next", "Now", "After that", "Then I need", "Now I want", "Next I find", "And then", "Next comes",
    "From there", "Next I need", "Now for", "Then comes", "That leads to",
)  # fmt: skip
JOINS = (": ", ". That is ", ", so ", ", and that is ", ", which is ", ", that gives ", ". I get ", ", that makes ")

# A check of the steps begins.
WAITS = (
    "Wait, let me double-check.", "Wait, is that right?", "Let me double-check.", "Hold on, let me verify.",
    "Hmm, let me make sure.", "Wait, let me verify that.", "Let me check again.", "Wait, I should check.",
    "Just to be sure, once more.", "Let me test it.", "Wait, not so fast.", "Let me go over it again.",
    "Hold on, once more from the start.", "I should check each step.",
)  # fmt: skip
# How a step is taken up again in a check; `{}` is what the step finds.
AGAIN = ("Again, {}: ", "Once more, {}: ", "{}: ", "Check {}: ", "Look at {}: ", "For {}: ")
ABOVE = ("Above it is {}.", "I wrote {}.", "Before I had {}.", "It says {} above.")
SHOULD = ("It should be {}.", "It must be {}.", "That has to be {}.")
FITS = (
    "That fits.", "That is right.", "Good, it matches.", "Yes, that works.", "So it fits.", "Good.", "Yes, correct.",
    "It holds.", "Fine.", "No mistake here.", "All good.", "The same.",
)  # fmt: skip
# Each is followed by what is wrong.
WRONG = (
    "That is not right: {}.", "No, that is wrong: {}.", "There is a slip: {}.", "That does not match: {}.",
    "I made a mistake: {}.",
)  # fmt: skip
MENDING = ("So again,", "Once more,", "Now rightly,", "So I mend it,", "So, corrected,")

# A claim that is tested comes out badly.
FAILS = (
    "That does not fit.", "That cannot be.", "So it does not fit.", "The facts do not agree.",
    "Something is wrong here.", "That is not possible.",
)  # fmt: skip
HOLDS = ("That fits.", "That can be.", "So it fits.", "The facts agree.", "That is possible.", "Good, that holds.")
TESTS = ("Does that fit?", "Can that be?", "Let me test that.", "Is that possible?", "Do the facts agree?")
LACKS = (
    "I would need {}, and the problem does not say it.", "One thing is needed and not given: {}.",
    "The problem does not tell me this: {}.", "But {} is nowhere given.",
)  # fmt: skip
STILL = ("So the steps are right, and the problem is not.", "The steps are right, so the problem has no answer.")

IMPOSSIBLE = (
    "There is a mistake in the problem: {}.", "The facts do not fit together: {}.", "This cannot be true: {}.",
    "The problem has no answer: {}.", "It cannot be solved: {}.",
)  # fmt: skip
UNKNOWN = (
    "The problem cannot be answered: {}.", "There is not enough information: {}.", "The problem has no answer: {}.",
    "It cannot be solved: {}.",
)  # fmt: skip
ANSWERS = ("The answer is {}.", "So the answer is {}.")
