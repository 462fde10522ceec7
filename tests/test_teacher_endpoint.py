"""helpers.tiers: a teacher behind a server is an address and a model; an address with a secret in it is not taken."""

import traceback
from dataclasses import replace

import pytest

from helpers import models, provenance, tiers
from helpers.tiers import TIERS, EndpointSpec
from helpers.tiers.specs import MODEL, URL
from helpers.traces import store

LOCAL = "http://127.0.0.1:8000/v1"
SECRET = "pa55word"


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch):
    for name in (URL, MODEL):
        monkeypatch.delenv(name, raising=False)


def test_it_stands_where_a_model_stands():
    spec = EndpointSpec(f"{LOCAL}/", "qwen3:4b")
    assert (spec.base_url, spec.local, spec.name, spec.revision) == (LOCAL, False, "qwen3:4b", None)
    assert spec == EndpointSpec(LOCAL, "qwen3:4b") and provenance.revision(spec) is None
    tier = replace(TIERS["mini"], teacher=spec)
    place = store.place(tier, 5, 0)
    assert place.name.startswith("5-0-qwen3-4b-"), "a colon is no letter of a folder on every system"
    assert store.settings(tier, 5, 0)["teacher"] == "qwen3:4b"
    assert store.server(tier) == {"server": LOCAL} and store.server(TIERS["mini"]) == {}


@pytest.mark.parametrize("load", [models.load_teacher, lambda tier: models.load_tokenizer(tier, "teacher")])
def test_what_needs_the_teacher_itself_says_that_it_is_not_here(load):
    tier = replace(TIERS["mini"], teacher=EndpointSpec(LOCAL, "qwen3"))
    with pytest.raises((ValueError, OSError), match=r"qwen3 is behind a server, .* learn from its traces"):
        load(tier)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("127.0.0.1:8000/v1", "begins with http:// or https://"),
        ("ftp://host/v1", "begins with http:// or https://"),
        ("", "begins with http:// or https://"),
        (None, "begins with http:// or https://"),
        (f"https://me:{SECRET}@host/v1", "a password or a key in it"),
        (f"https://me:{SECRET}/x@host/v1", "a password or a key in it"),
        (f"https://host/v1?key={SECRET}", "a password or a key in it"),
        (f"https://host/v1#{SECRET}", "a password or a key in it"),
        ("http:///v1", "has no host"),
        ("http://host:70000/v1", "has no host, or a port that is none"),
        ("http://[::1/v1", "has no host"),
        ("http://my host/v1", "has no host"),
        ("http://host/v1/chat/completions", "leave /chat/completions out"),
    ],
)
def test_an_address_that_is_none_is_refused(monkeypatch, url, fault):
    with pytest.raises(ValueError, match=f"^base_url .*{fault}"):
        EndpointSpec(url, "m")
    if url:
        monkeypatch.setenv(URL, url)
        monkeypatch.setenv(MODEL, "m")
        with pytest.raises(ValueError, match=f"^{URL} .*{fault}") as raised:
            tiers.endpoint()
        shown = "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format())
        assert SECRET not in shown.replace(repr(url), ""), "the test's own variable apart"


@pytest.mark.parametrize("url", [LOCAL, "https://api.deepseek.com", "HTTP://[::1]:11434/v1"])
def test_an_address_is_taken_and_what_is_given_goes_before_the_environment(monkeypatch, url):
    monkeypatch.setenv(URL, url)
    monkeypatch.setenv(MODEL, "m")
    assert tiers.endpoint() == EndpointSpec(url, "m")
    assert tiers.endpoint("http://other/v1", "o") == EndpointSpec("http://other/v1", "o")
    assert tiers.endpoint(model="o") == EndpointSpec(url, "o")


@pytest.mark.parametrize(
    ("given", "told"), [({}, URL), ({"base_url": LOCAL}, MODEL), ({"model": "m"}, URL), ({"model": ""}, URL)]
)
def test_what_nobody_named_is_asked_for(given, told):
    with pytest.raises(ValueError, match=f"set {told}, for example to"):
        tiers.endpoint(**given)
    with pytest.raises(ValueError, match="model is ' ': give the name"):
        EndpointSpec(LOCAL, " ")
