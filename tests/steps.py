"""Works the word problems out sum by sum from their text alone, and so without the plans of the generator.

`workings(question)` gives every way to the answer as names and sums, `asked_in(prompt)` takes a prompt that asks for
one sum apart, and `next_sums(prompt)` says what may be answered. It imports nothing of the project.
"""

import re

# How a question begins: # stands for a number, @ for a word, and \w+ for a word that does not matter. Then the ways
# to go, each sum with its name; r1 is the result of the way's first sum. With ~ the smaller number is taken away.
WAYS = (
    ((r"@who has #a @items and finds #b more\.", r"@who had #a @items\. Then \w+ bought #b more\."),
     "the <items> in all: a + b"),
    ((r"@who shares #t @items equally among #n friends\.", r"@who has #t @items for #n friends\."),
     "the <items> for each friend: t ÷ n"),
    ((r"@who has #n @boxes of @items\. Each \w+ has #each \w+\. \w+ (?:gives|loses) #gift ",),
     "the <items> in all the <boxes>: n × each; the <items> left: r1 - gift"),
    ((r"At a local \w+, a \w+ \w+ costs \$#p\. [\w ]+ buys #n ",),
     "the total: n × p; the average: r1 ÷ n"),
    ((r"@who buys #n @goods at \$#p each and pays with \$#paid\.",
      r"@who pays with \$#paid for #n @goods\. They cost \$#p each\."),
     "the cost of the <goods>: n × p; the change: paid - r1"),
    ((r"@one has #a @items\. @two has #d more \w+ than (?P=one)\. How",),
     "<two>'s <items>: a + d; both together: r1 + a",
     "the <items> without the <d> more: a + a; both together: r1 + d"),
    ((r"@one has #a @items\. @two has #k times as many \w+ as (?P=one)\.",),
     "<two>'s <items>: k × a; both together: r1 + a",
     "how many equal parts: k + 1; both together: r1 × a"),
    ((r"@who has a book of #t pages\. \w+ reads #a pages on Monday and #b pages on Tuesday\.",
      r"A book has #t pages\. On Monday @who reads #a pages and on Tuesday #b\."),
     "the pages read: a + b; the pages left: t - r1",
     "the pages left after Monday: t - a; the pages left: r1 - b"),
    ((r"@who buys #n @one at \$#p each and #m @two at \$#q each\.",
      r"@who buys #n @one and #m @two\. The (?P=one) cost \$#p each and the (?P=two) \$#q each\."),
     "the <one>, <n> at $<p> each: n × p; the <two>, <m> at $<q> each: m × q; the whole price: r1 + r2"),
    ((r"@who has \$#f and saves \$#a a week for #w weeks\. Then \w+ buys a \w+ for \$#p\.",),
     "what is saved: w × a; all the money: r1 + f; the money left: r2 - p",
     "what is saved: w × a; what the savings leave: r1 - p; the money left: r2 + f"),
    ((r"@who bakes #n trays of #each @baked\. \w+ eats #eaten \w+ and packs the rest in bags of #bag\.",),
     "all the <baked>: n × each; the <baked> to pack: r1 - eaten; the bags: r2 ÷ bag"),
    ((r"@who has #r red and #b blue @items\. \w+ buys #n packs of #each \w+ and loses #lost\.",),
     "the <items> at first: r + b; the new <items>: n × each; all the <items>: r1 + r2; the <items> left: r3 - lost",
     "the new <items>: n × each; the <items> at first: r + b; all the <items>: r1 + r2; the <items> left: r3 - lost"),
    ((r"In the town of .+\n\n.+ on the @a bus was @times the number on the @b bus\.\n"
      r".+ on the @c bus was #d more than the number on the (?P=b) bus\.\n"
      r".+ on all three buses was exactly #t\.\n"
      r".+ the (?P=a) bus and the (?P=c) bus carried exactly #pair passengers\.",),
     "the <b> bus: t - pair; the <a> bus: times × r1; the <c> bus: r1 + d"),
    ((r"@one and @two have #t @items together\. (?P=one) has #n of them\.",),
     "<two>'s <items>: t - n; the difference: r1 ~ n"),
    ((r"#n vans take #riders \w+ to the \w+\. Each van has #s seats,",),
     "all the seats: n × s; the empty seats: r1 - riders"),
    ((r"A box holds #t @one and @two @items\. .+, and #m \w+ are (?P=one)\.",),
     "the <two> <items>: t - m; the difference: m - r1"),
    ((r"@one has #a @items\. @two has #d more \w+ than (?P=one)\. @three has #c \w+, and",),
     "<two>'s <items>: a + d; both together: r1 + c"),
)  # fmt: skip
TIMES = {"twice": 2, "three times": 3}
NAME = r"(?P<\1>three times|train station|[A-Za-z]+)"
PATTERNS = [
    (re.compile(re.sub(r"#(\w+)", r"(?P<\1>\\d+)", re.sub(r"@(\w+)", NAME, pattern))), ways)
    for patterns, *ways in WAYS
    for pattern in patterns
]


def workings(question: str) -> list[list[tuple[str, str]]]:
    """Every way to the answer, sum by sum: its name and `3 × 24 = 72.`; a way ends where a result would be negative.

    Raises ValueError for a question that it can not read.
    """
    found = [(match, ways) for pattern, ways in PATTERNS if (match := pattern.match(question))]
    if len(found) != 1:
        raise ValueError(f"{len(found)} readings of {question!r}")
    match, ways = found[0]
    return [working(match.groupdict(), way) for way in ways]


def working(said: dict[str, str], way: str) -> list[tuple[str, str]]:
    """One way with the words and numbers of a question put in."""
    values = {name: TIMES.get(word) or int(word) for name, word in said.items() if word.isdigit() or word in TIMES}
    done = []
    for number, step in enumerate(way.split("; "), 1):
        name, terms = re.sub(r"<(\w+)>", lambda match: said[match[1]], step).split(": ")
        left, op, right = terms.split()
        left, right = (values[term] if term in values else int(term) for term in (left, right))
        if op == "~":
            left, op, right = max(left, right), "-", min(left, right)
        result = {"+": left + right, "-": left - right, "×": left * right, "÷": left / right}[op]
        if result < 0 or result != int(result):
            break
        values[f"r{number}"] = int(result)
        done.append((name, f"{left} {op} {right} = {int(result)}."))
    return done


def asked_in(prompt: str) -> tuple[str, list[str], str]:
    """The question, the sums that are given and the name of the one that is asked for."""
    one = r"\d+ [-+×÷] \d+ = \d+\."
    form = rf"Read this\. (.+)\n\n(?:So far: ({one}(?: {one})*) )?Write one sum: (.+)\."
    question, given, name = re.fullmatch(form, prompt, re.DOTALL).groups()
    return question, re.findall(one, given or ""), name


def next_sums(prompt: str) -> set[str]:
    """The sums that go by the name asked for, on every way that begins with the sums given."""
    question, given, name = asked_in(prompt)
    ways = [way for way in workings(question) if [done for _, done in way[: len(given)]] == given]
    return {done for way in ways for called, done in way[len(given) : len(given) + 1] if called == name}
