"""A teacher behind an OpenAI-compatible server: asked politely, paid once, and read as those of transformers are.

`vllm serve`, Ollama, llama.cpp's server, `transformers serve` and paid services all speak this protocol.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from tqdm.auto import tqdm

from helpers import provenance
from helpers.generation.asking import Asking
from helpers.generation.journal import Journal, key
from helpers.generation.spending import Limits, Spent
from helpers.generation.with_transformers import Answer, check_asked
from helpers.models.kinds import Tokenizer
from helpers.tiers import Tier

KEPT = "asked"  # the folder, in the tier's own, with the answers
SEEDS = 2**31  # the smallest range of seeds that a server takes


class Endpoint:
    """A `generation.Writer`: the tier's teacher behind a server, asked through OpenAI's client.

    The key stands in DISTILL_TEACHER_KEY and nowhere else. An answer is on disk as soon as it is there, and whoever
    asks the same once more gets it from there: nothing is asked, or paid for, twice, but for what was on its way when
    the process was killed.
    """

    def __init__(
        self, tier: Tier, limits: Limits | None = None, extra: Mapping | None = None, folder: Path | str | None = None
    ):
        """The server is first asked by `answers`.

        Args:
            tier: its teacher is a `tiers.EndpointSpec`.
            limits: how often, how long and for how much; `Limits()` if None.
            extra: what every request says beside or instead of its own, such as {"reasoning_effort": "high"}, or for
                newer models of OpenAI {"max_tokens": None, "max_completion_tokens": 4096}: None leaves a field out. It
                goes into the provenance.
            folder: where answers are kept; artifacts/<tier>/asked if None.
        """
        self.spec, self.limits, self.extra = tier.teacher, limits or Limits(), dict(extra or {})
        self.folder = Path(folder) if folder is not None else tier.artifacts / KEPT

    @property
    def name(self) -> str:
        """As `Writer.name`: with what every request says beside its own."""
        return "endpoint" + (f" with {json.dumps(self.extra, sort_keys=True)}" if self.extra else "")

    @property
    def spent(self) -> Spent:
        """What the server has counted for all that is kept, and for what was lost on its way."""
        return Journal(self.folder).spent

    def answers(
        self, tokenizer: Tokenizer | None, tasks: Iterable[tuple[Sequence[str], dict]]
    ) -> Iterator[list[Answer]]:
        """As `Writer.answers`; each question has a seed of its own. The template is the server's: no tokenizer is used.

        top_k is said where it is not 0: vLLM and llama.cpp take it, Ollama passes over it, others refuse the request.
        batch_size means nothing: `limits.concurrency` takes its place. Whether a seed gives the same answer again is up
        to the server; `transformers serve` keeps to it only with a concurrency of 1.

        Raises:
            EndpointError: where the server cannot be reached, does not accept the key, has no such model, refuses a
                question, or has answered no attempt as it should.
            CeilingReached: where the next answer could go above the ceiling. It stops between two requests.
            ValueError: for a key that is none, and for a setting or a question that is none.
            ImportError: where OpenAI's client is missing.
        """
        tasks = list(tasks)
        for asked, how in tasks:
            check_asked(asked, **how)
        requests = [[self._request(one, place, **how) for place, one in enumerate(asked)] for asked, how in tasks]
        shown = any(how.get("progress", True) for _, how in tasks)
        asking = Asking(self.spec, self.limits, Journal(self.folder))
        pool = ThreadPoolExecutor(self.limits.concurrency, thread_name_prefix="endpoint")
        batches = [[pool.submit(asking.answer, *one) for one in batch] for batch in requests]
        bar = tqdm(total=sum(map(len, batches)), desc="answers", delay=5, leave=False, disable=not shown)
        try:
            with bar:
                for batch in batches:
                    answers = []
                    for one in batch:
                        answers.append(one.result())
                        if answers[-1] is None:
                            raise asking.fault
                        bar.update()
                    yield answers
        finally:
            asking.stop.set()
            running = [one for batch in batches for one in batch if one.running()]
            if wait(running, timeout=1).not_done:
                print("waiting for the answers that are on their way, so that they are kept", flush=True)
            pool.shutdown(cancel_futures=True)
            asking.client.close()

    def close(self) -> None:
        """As `Writer.close`, though nothing is held: the server goes on."""

    def _request(
        self, question, place, max_new_tokens, temperature=0.0, top_p=1.0, top_k=0, seed=0, batch_size=None,
        progress=None,
    ) -> tuple[str, dict]:  # fmt: skip
        """A request, and its name in the journal: by it the same question twice is two, though no seed be said."""
        sampled, lot = temperature > 0, provenance.seed_of("answer", seed, place) % SEEDS
        own = {
            "model": self.spec.model, "messages": [{"role": "user", "content": question}], "max_tokens": max_new_tokens,
            "temperature": temperature, "top_p": top_p if sampled else 1.0,
            "top_k": top_k if sampled and top_k else None, "seed": lot,
        }  # fmt: skip
        request = {name: value for name, value in {**own, **self.extra}.items() if value is not None}
        return key({**request, "seed": lot}), request
