"""The names under which quantities and statistics appear in tables and figures."""

from __future__ import annotations

QUANTITY_NAMES = {"kl": "KL", "self_information": "−log P", "kl_corrected": "KL corrected"}


MEASURE_NAMES = {
    "kl": "KL(w)",
    "self_information": "−log P(w)",
    "kl_corrected": "corrected KL",
    "idf": "inverse document frequency",
    "sif": "SIF's a/(a + P)",
    "topic_information": "KL of topics",
}


STATISTIC_NAMES = {"r2": "R²", "correlation": "correlation with the weight", "slope": "slope"}

# The heading of a column in a displayed table, and the format of its numbers.
COLUMNS = {
    "r2": ("R²", ".3f"),
    "r2_before": ("R² before", ".3f"),
    "r2_after": ("R² after", ".3f"),
    "r2_difference": ("ΔR²", "+.3f"),
    "correlation": ("correlation", "+.2f"),
    "correlation_difference": ("Δ", "+.2f"),
    "slope": ("slope", ".3g"),
    "partial_r2": ("partial R²", ".3f"),
    "rank": ("rank correlation", ".3f"),
    "frequency": ("frequency", "+.2f"),
    "alone": ("R² alone", ".3f"),
    "unique": ("unique", ".3f"),
    "common": ("in common with others", ".3f"),
    "agreement": ("agreement with people", ".3f"),
    "gain": ("gain over uniform", "+.3f"),
    "norm": ("norm", ".2f"),
    "human_correlation": ("human", ".2f"),
    "agreement": ("agreement", ".2f"),
    "completeness_error": ("error", ".1e"),
    "area": ("area", "+.3f"),
    "n_words": ("words", "d"),
}
