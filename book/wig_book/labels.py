"""The names that tables share with figures, and those under which readers see quantities and statistics."""

from __future__ import annotations

import pandas as pd

SETTING = ["objective", "examples", "pooling", "similarity"]  # the columns that name a fine-tuning

MEASURE_NAMES = {
    "kl": "KL(w)",
    "self_information": "−log P(w)",
    "kl_smoothed": "smoothed KL",
    "kl_corrected": "corrected KL",
    "idf": "idf over documents",
    "residual_idf": "residual idf",
    "kl_documents": "KL over documents",
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
    "reliability": ("reliability", ".2f"),
    "r2_disattenuated": ("R² ÷ reliability", ".3f"),
    "share": ("share of variance", "+.3f"),
    "before": ("before", ".3f"),
    "after": ("after", ".3f"),
    "gain": ("gain over uniform", "+.3f"),
    "norm": ("norm", ".2f"),
    "human_correlation": ("human", ".2f"),
    "agreement": ("agreement", ".2f"),
    "completeness_error": ("error", ".1e"),
    "completeness": ("completeness error", ".1e"),
    "completeness_worst": ("its maximum", ".1e"),
    "weights": ("error of weights", ".1%"),
    "weights_90": ("90% below", ".1%"),
    "vectors": ("of vectors", ".1%"),
    "similarity": ("correlation of weights", ".4f"),
    "passes": ("passes", ".0f"),
    "area": ("area", "+.3f"),
    "n_words": ("words", "d"),
    "words": ("words with words", "+.2f"),
    "crossed": ("words with the other baseline", "+.2f"),
    "left_over": ("baselines", "+.2f"),
    "remainder": ("outside the words", ".2f"),
    "score": ("human score", ".2f"),
    "encoder_score": ("similarity", ".2f"),
    "human_rank": ("human rank", ".0%"),
    "encoder_rank": ("encoder rank", ".0%"),
}


def setting_names(table: pd.DataFrame, separator: str = " ") -> list[str]:
    """The fine-tuning of each row in one string: its columns of `SETTING`, joined."""
    return [separator.join(row) for row in table[SETTING].itertuples(index=False)]
