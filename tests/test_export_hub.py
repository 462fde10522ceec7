"""To the Hub: only by name, only what the export wrote; the client's own calls, which nobody answers here."""

import inspect

import httpx
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from helpers import provenance
from helpers.export import place, push


class Hub:
    """Takes what the client would send. Each call is bound to the client's own signature."""

    def __init__(self):
        self.calls = []

    def create_repo(self, *args, **named):
        inspect.signature(HfApi.create_repo).bind(self, *args, **named)
        self.calls.append(("create_repo", args, named))

    def upload_folder(self, *args, **named):
        inspect.signature(HfApi.upload_folder).bind(self, *args, **named)
        self.calls.append(("upload_folder", args, named))


@pytest.fixture
def hub(monkeypatch):
    made = Hub()
    monkeypatch.setattr(push.__globals__["HfApi"], "__new__", lambda cls: made)
    return made


@pytest.fixture
def folder(tmp_path):
    def make(part):
        (part / "model.safetensors").write_bytes(b"weights")
        (part / "config.json").write_text("{}")

    return place.made(tmp_path / "merged", {"form": "merged"}, make, "# a card\n")


@pytest.mark.parametrize("name", [None, "", "me", "me/you/them", "me/my student", "https://huggingface.co/me/student"])
def test_without_a_name_nothing_is_uploaded(hub, folder, name):
    with pytest.raises(ValueError, match=r"name is .*, and nothing was uploaded: say where to"):
        push(folder, name)
    assert hub.calls == []


def test_what_the_export_wrote_is_uploaded_and_nothing_else(hub, folder):
    (folder / "notes.txt").write_text("private")
    (folder / ".env").write_text("TOKEN=canary")
    assert push(folder, "me/my-student") == "https://huggingface.co/me/my-student"
    (create, args, named), (upload, _, sent) = hub.calls
    assert (create, args, named) == ("create_repo", ("me/my-student",), {"private": True, "exist_ok": True})
    assert upload == "upload_folder" and sent["folder_path"] == folder and sent["repo_id"] == "me/my-student"
    assert sorted(sent["allow_patterns"]) == ["README.md", "config.json", "model.safetensors", "provenance.json"]
    push(folder / "model.safetensors", "me/my-student", private=False)
    assert hub.calls[2][2]["private"] is False and hub.calls[3][2]["folder_path"] == folder, "of a file its folder"


def test_a_folder_that_is_no_export_stays_here(hub, tmp_path):
    (tmp_path / "secret.txt").write_text("private")
    with pytest.raises(FileNotFoundError, match=r"provenance.json is missing: only a folder that helpers.export made"):
        push(tmp_path, "me/my-student")
    provenance.write(tmp_path, {"teacher": "traces have one too"})
    with pytest.raises(FileNotFoundError, match="is no export"):
        push(tmp_path, "me/my-student")
    assert hub.calls == []


def test_what_the_hub_refuses_says_the_mend(hub, folder, monkeypatch):
    def refused(*_, **__):
        answer = httpx.Response(401, request=httpx.Request("POST", "https://huggingface.co/api"))
        raise RepositoryNotFoundError("401 Client Error", response=answer)

    monkeypatch.setattr(hub, "create_repo", refused)
    with pytest.raises(OSError, match=r"merged was not uploaded to me/my-student: .*log in with `hf auth login`"):
        push(folder, "me/my-student")
