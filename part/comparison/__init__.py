"""Several models on the same jets. The first is the one that the others are compared with."""

from part.comparison.files import compare_files, most_different
from part.comparison.pairs import (
    ATTENTION_JETS,
    FEWEST,
    MOST,
    TRACED,
    AttentionChanges,
    check_comparable,
    load_distinct,
)
from part.comparison.result import REPLICAS, Comparison, compare
from part.comparison.summary import csv_text, jet_columns, rows, summary
from part.comparison.text import text_table

__all__ = [
    "ATTENTION_JETS",
    "FEWEST",
    "MOST",
    "REPLICAS",
    "TRACED",
    "AttentionChanges",
    "Comparison",
    "check_comparable",
    "compare",
    "compare_files",
    "csv_text",
    "jet_columns",
    "load_distinct",
    "most_different",
    "rows",
    "summary",
    "text_table",
]
