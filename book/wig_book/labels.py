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
