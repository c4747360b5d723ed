"""Evaluation: suites, the harness that runs them, metrics with intervals, and the report.

result = evaluate_suite("gsm8k", engine, judge, samples=4, record="runs/mine/gsm8k.jsonl")
result.accuracy, result.interval
"""

if __name__ == "eval":
    raise ImportError("import rlvr.eval, not eval: this folder is a part of the package rlvr")

from . import builtin  # noqa: F401 registers the suites
from .harness import evaluate_suite
from .report import notes, results_json, results_markdown, results_table
from .results import Sample, SuiteResult, summarise
from .suites import Suite, suite_for, suites_for

__all__ = [
    "Sample",
    "Suite",
    "SuiteResult",
    "evaluate_suite",
    "notes",
    "results_json",
    "results_markdown",
    "results_table",
    "suite_for",
    "suites_for",
    "summarise",
]
