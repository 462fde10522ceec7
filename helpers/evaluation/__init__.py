"""What answers are worth: read, scored, compared with a test, and written to a file."""

from helpers.evaluation.before_after import SLIPS, figures, named_right, needed, probe, reasons, transcripts
from helpers.evaluation.benchmark import Benchmark, Responses, draw_benchmark, size, student, teacher
from helpers.evaluation.error_analysis import REASONS, reason
from helpers.evaluation.published import PUBLISHED, gsm8k
from helpers.evaluation.reading import final_answer, is_right, read_answer, says_impossible
from helpers.evaluation.scoring import TwinScore, accuracy, by_family, right, score_twins
from helpers.evaluation.statistics import Estimate, mcnemar, paired_bootstrap, wilson
from helpers.evaluation.tables import Table, beside

__all__ = [
    "PUBLISHED", "REASONS", "SLIPS", "Benchmark", "Estimate", "Responses", "Table", "TwinScore", "accuracy",
    "beside", "by_family", "draw_benchmark", "figures", "final_answer", "gsm8k", "is_right", "mcnemar", "named_right",
    "needed", "paired_bootstrap", "probe", "read_answer", "reason", "reasons", "right", "says_impossible",
    "score_twins", "size", "student", "teacher", "transcripts", "wilson",
]  # fmt: skip
