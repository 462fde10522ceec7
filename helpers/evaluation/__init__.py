"""What answers are worth: read, scored, compared with a test, and written to a file."""

from helpers.evaluation import kinds
from helpers.evaluation.before_after import NAMES, SLIPS, TOUCHING, figures, needed, probe, reasons, scores, transcripts
from helpers.evaluation.benchmark import Benchmark, Responses, draw_benchmark, ensemble, size, student, teacher
from helpers.evaluation.enough import Enough, enough
from helpers.evaluation.error_analysis import REASONS, reason
from helpers.evaluation.facts import FALSE_REASON, RIGHT, SEED_FACTS, facts_of, named_right, names_facts, worth
from helpers.evaluation.published import PUBLISHED, gsm8k
from helpers.evaluation.reading import final_answer, is_right, read_answer, says_impossible
from helpers.evaluation.scoring import TwinScore, accuracy, by_family, right, score_twins
from helpers.evaluation.statistics import Estimate, holm, mcnemar, p_text, paired_bootstrap, verdict, wilson
from helpers.evaluation.tables import Table, beside

__all__ = [
    "FALSE_REASON", "NAMES", "PUBLISHED", "REASONS", "RIGHT", "SEED_FACTS", "SLIPS", "TOUCHING", "Benchmark",
    "Enough", "Estimate", "Responses", "Table", "TwinScore", "accuracy", "beside", "by_family", "draw_benchmark",
    "enough", "ensemble", "facts_of", "figures", "final_answer", "gsm8k", "holm", "is_right", "kinds", "mcnemar",
    "named_right", "names_facts", "needed", "p_text", "paired_bootstrap", "probe", "read_answer", "reason", "reasons",
    "right", "says_impossible", "score_twins", "scores", "size", "student", "teacher", "transcripts", "verdict",
    "wilson", "worth",
]  # fmt: skip
