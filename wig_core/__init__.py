"""Which words drive a sentence embedding, and are they the informative ones?

Public names are imported when they are first used: `import wig_core` and the command line do not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wig_core.word_weights import word_weights  # at once: a module of the same name would take its place

if TYPE_CHECKING:
    from wig_core.attribution.contributions import Contributions, load_contributions, save_contributions
    from wig_core.attribution.explainer import Explainer
    from wig_core.attribution.integrated_gradients import integrated_gradients
    from wig_core.attribution.shapley import shapley_values
    from wig_core.encoders.encoder import SentenceEncoder
    from wig_core.errors import InputError
    from wig_core.information.word_information import word_information
    from wig_core.regression import Regression, regress
    from wig_core.text.corpus import Corpus, load_corpus, stream_corpus
    from wig_core.training.contrastive import train_contrastive
    from wig_core.training.examples import load_examples
    from wig_core.training.fine_tuning import Recipe, fine_tune

_MODULES = {
    "attribution.contributions": ["Contributions", "load_contributions", "save_contributions"],
    "attribution.explainer": ["Explainer"],
    "attribution.integrated_gradients": ["integrated_gradients"],
    "attribution.shapley": ["shapley_values"],
    "encoders.encoder": ["SentenceEncoder"],
    "errors": ["InputError"],
    "information.word_information": ["word_information"],
    "regression": ["Regression", "regress"],
    "text.corpus": ["Corpus", "load_corpus", "stream_corpus"],
    "training.contrastive": ["train_contrastive"],
    "training.examples": ["load_examples"],
    "training.fine_tuning": ["Recipe", "fine_tune"],
}
_HOMES = {name: f"wig_core.{module}" for module, names in _MODULES.items() for name in names}
__all__ = [  # spelled out for type checkers
    "Contributions",
    "Corpus",
    "Explainer",
    "InputError",
    "Recipe",
    "Regression",
    "SentenceEncoder",
    "fine_tune",
    "integrated_gradients",
    "load_contributions",
    "load_corpus",
    "load_examples",
    "regress",
    "save_contributions",
    "shapley_values",
    "stream_corpus",
    "train_contrastive",
    "word_information",
    "word_weights",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wig_core' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
