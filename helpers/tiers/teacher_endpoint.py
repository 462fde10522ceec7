"""Which server has the teacher: two environment variables, or what is given."""

import os

from helpers.tiers.specs import EndpointSpec, url_fault

URL, MODEL = "DISTILL_TEACHER_URL", "DISTILL_TEACHER_MODEL"


def endpoint(base_url: str | None = None, model: str | None = None) -> EndpointSpec:
    """A teacher behind an OpenAI-compatible server, for `Tier.teacher`.

    Args:
        base_url: the server's address; DISTILL_TEACHER_URL if None.
        model: its name for the model; DISTILL_TEACHER_MODEL if None.

    Raises:
        ValueError: where neither names one, and as `EndpointSpec`.
    """
    for value, variable, example in ((base_url, URL, "http://127.0.0.1:8000/v1"), (model, MODEL, "qwen3:4b")):
        if value is None and not os.environ.get(variable):
            raise ValueError(f"no server has been named: set {variable}, for example to {example}")
    # Looked at here, where no variable holds it: a password in it would stand in a traceback that shows them.
    fault = url_fault(os.environ[URL]) if base_url is None else ""
    if fault:
        raise ValueError(f"{URL} {fault}")
    return EndpointSpec(os.environ[URL] if base_url is None else base_url, model or os.environ[MODEL])
