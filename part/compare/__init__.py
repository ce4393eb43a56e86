"""Several models on the same jets. The first is the one that the others are compared with."""

from part.compare.files import compare_files, most_different
from part.compare.pairs import ATTENTION_JETS, FEWEST, MOST, TRACED, AttentionChanges, check_comparable, load_distinct
from part.compare.result import REPLICAS, Comparison, compare
from part.compare.summary import csv_text, jet_columns, rows, summary
from part.compare.text import text_table

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
