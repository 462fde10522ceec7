"""To the Hub, if it is asked for by name: the files of one export and nothing else."""

import re
from pathlib import Path

from huggingface_hub import HfApi

from helpers import disk
from helpers.export.place import files_of
from helpers.models import hub_errors
from helpers.tiers.naming import NAME


def push(folder: Path, name: str | None = None, private: bool = True) -> str:
    """Uploads an export to the Hub, into a repository that is made if it is not there.

    Only what the export wrote goes there; what else lies in the folder does not.

    Args:
        folder: what `export.merged`, `export.adapter` or `export.gguf` gave; of a GGUF file its folder.
        name: of the repository, with its owner: "me/my-student". Nothing is uploaded without it.
        private: whether a repository that is made is for its owner alone.

    Returns:
        The address of what was uploaded.

    Raises:
        ValueError: without a name or with one that is none, and as `place.files_of`.
        FileNotFoundError: as `place.files_of`.
        OSError: with the mend, where the Hub does not take it.
    """
    if not name or "/" not in name or not re.fullmatch(NAME, name):
        raise ValueError(f"name is {name!r}, and nothing was uploaded: say where to, as in name='me/my-student'")
    folder = folder if folder.is_dir() else folder.parent
    files, api = files_of(folder), HfApi()
    try:
        api.create_repo(name, private=private, exist_ok=True)
        api.upload_folder(repo_id=name, folder_path=folder, allow_patterns=files, commit_message=f"Add {folder.name}")
    except OSError as error:
        mend = hub_errors.mend(error, name) or str(error)
        raise OSError(f"{disk.shown(folder)} was not uploaded to {name}: {mend}") from error
    return f"https://huggingface.co/{name}"
