"""helpers.generation.journal: what was answered is on disk, and a kill at any byte costs one line and no other."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers.generation.journal import FILE, Journal, key
from helpers.generation.spending import Spent
from helpers.generation.with_transformers import Answer

ANSWERS = [Answer(f"<think>\nÜber {i}\n</think>\n\nIt is\u2028{i}.", 3 + i, i != 1, i == 2) for i in range(3)]


def filled(folder) -> Journal:
    journal = Journal(folder)
    for i, answer in enumerate(ANSWERS):
        journal.add(f"request {i}", f"question {i}", Spent(i, 3 + i), answer)
    journal.add("request 3", "question 3", Spent(10, 100))
    return journal


def test_what_is_written_is_read(tmp_path):
    for journal in (filled(tmp_path / "new"), Journal(tmp_path / "new")):
        assert journal.answers == {f"request {i}": answer for i, answer in enumerate(ANSWERS)}
        assert journal.spent == Spent(13, 112), "what was lost counts"


def test_a_kill_at_any_byte_costs_one_line(tmp_path):
    filled(tmp_path)
    path = tmp_path / FILE
    whole = path.read_bytes()
    begins = [i for i, byte in enumerate(whole) if byte == ord("\n")]
    ends = [*begins[1:], len(whole)]
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        there = [end <= cut for end in ends]
        journal, known = Journal(tmp_path), {f"request {i}": ANSWERS[i] for i in range(3) if there[i]}
        assert journal.answers == known
        if cut % 20 == 0:
            journal.add("later", "question", Spent(1, 1), ANSWERS[0])
            assert Journal(tmp_path).answers == known | {"later": ANSWERS[0]}


@pytest.mark.parametrize("line", ["null", "[]", "{}", '{"used": 3}', '{"used": {"read": 1, "rot": 2}}', "\0\0\0", "{"])
def test_a_damaged_line_is_passed_over(tmp_path, line):
    filled(tmp_path)
    with open(tmp_path / FILE, "a") as file:
        file.write("\n" + line)
    journal = Journal(tmp_path)
    assert len(journal.answers) == 3 and journal.spent == Spent(13, 112)


def test_threads_do_not_mix_their_lines(tmp_path):
    journal = Journal(tmp_path)

    def write(thread):
        for i in range(25):
            journal.add(f"{thread} {i}", "q" * 5_000, Spent(1, 2), ANSWERS[0])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    lines = (tmp_path / FILE).read_bytes().split(b"\n")[1:]
    assert len({json.loads(line)["request"] for line in lines}) == len(lines) == 100
    assert journal.spent == Journal(tmp_path).spent == Spent(100, 200)


def test_a_request_has_one_name_whatever_its_order():
    request = {"model": "m", "messages": [{"role": "user", "content": "q"}], "seed": 1}
    assert key(request) == key(dict(reversed(request.items())))
    assert len({key(request | {"seed": seed}) for seed in range(5)}) == 5
