"""Which words drive a sentence embedding, and are they the informative ones?

The public names are imported when they are first used, so that the command line does not wait for torch.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Attribution": "wig_core.attribution.method",
    "Contributions": "wig_core.attribution.contributions",
    "Corpus": "wig_core.corpora",
    "InputError": "wig_core.errors",
    "Regression": "wig_core.regression",
    "Recipe": "wig_core.training.recipes",
    "SentenceEncoder": "wig_core.encoders",
    "fine_tune": "wig_core.training.recipes",
    "integrated_gradients": "wig_core.attribution.integrated_gradients",
    "load_contributions": "wig_core.attribution.stored",
    "load_corpus": "wig_core.corpora",
    "load_examples": "wig_core.training.examples",
    "regress": "wig_core.regression",
    "save_contributions": "wig_core.attribution.stored",
    "shapley_values": "wig_core.attribution.shapley",
    "train_contrastive": "wig_core.training.contrastive",
    "stream_corpus": "wig_core.corpora",
    "word_information": "wig_core.information",
    "word_weights": "wig_core.weighting",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wig_core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
