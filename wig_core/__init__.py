"""Which words drive a sentence embedding, and are they the informative ones?

Public names are imported when they are first used, so that `import wig_core` and the command line do not wait for
torch. Type checkers see the real definitions.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from wig_core.word_weights import word_weights  # not lazily: the module of the same name would take its place

if TYPE_CHECKING:
    from wig_core.attribution.contributions import (
        Contributions,
        ContributionSet,
        load_contributions,
        save_contributions,
    )
    from wig_core.attribution.explainer import Explainer, iter_contributions
    from wig_core.attribution.explanation import Explanation, explain_words
    from wig_core.attribution.integrated_gradients import integrated_gradients
    from wig_core.attribution.nearest import explain_nearest
    from wig_core.attribution.shapley import shapley_values
    from wig_core.attribution.similarity import SimilarityExplanation, explain_similarity, least_baseline
    from wig_core.encoders.encoder import SentenceEncoder, as_encoder
    from wig_core.errors import InputError
    from wig_core.information.word_information import word_information
    from wig_core.regression import Regression, regress
    from wig_core.text.corpus import Corpus, SimilarityPairs, load_corpus, load_similarities, stream_corpus
    from wig_core.training.contrastive import train_contrastive
    from wig_core.training.examples import Examples, load_examples
    from wig_core.training.fine_tuning import FineTuned, MaskedLMRecipe, Recipe, fine_tune, train_masked
    from wig_core.training.objectives import InfoNCE, Objective, Softmax, SupervisedSimCSE, UnsupervisedSimCSE
    from wig_core.training.schedule import Schedule

    __version__: str

_MODULES = {
    "attribution.contributions": ["ContributionSet", "Contributions", "load_contributions", "save_contributions"],
    "attribution.explainer": ["Explainer", "iter_contributions"],
    "attribution.explanation": ["Explanation", "explain_words"],
    "attribution.integrated_gradients": ["integrated_gradients"],
    "attribution.nearest": ["explain_nearest"],
    "attribution.shapley": ["shapley_values"],
    "attribution.similarity": ["SimilarityExplanation", "explain_similarity", "least_baseline"],
    "encoders.encoder": ["SentenceEncoder", "as_encoder"],
    "errors": ["InputError"],
    "information.word_information": ["word_information"],
    "regression": ["Regression", "regress"],
    "text.corpus": ["Corpus", "SimilarityPairs", "load_corpus", "load_similarities", "stream_corpus"],
    "training.contrastive": ["train_contrastive"],
    "training.examples": ["Examples", "load_examples"],
    "training.fine_tuning": ["FineTuned", "MaskedLMRecipe", "Recipe", "fine_tune", "train_masked"],
    "training.objectives": ["InfoNCE", "Objective", "Softmax", "SupervisedSimCSE", "UnsupervisedSimCSE"],
    "training.schedule": ["Schedule"],
    "word_weights": ["word_weights"],
}
_HOMES = {name: f"wig_core.{module}" for module, names in _MODULES.items() for name in names}
__all__ = [  # spelled out for type checkers
    "ContributionSet",
    "Contributions",
    "Corpus",
    "Examples",
    "Explainer",
    "Explanation",
    "FineTuned",
    "InfoNCE",
    "InputError",
    "MaskedLMRecipe",
    "Objective",
    "Recipe",
    "Regression",
    "Schedule",
    "SentenceEncoder",
    "SimilarityExplanation",
    "SimilarityPairs",
    "Softmax",
    "SupervisedSimCSE",
    "UnsupervisedSimCSE",
    "as_encoder",
    "explain_nearest",
    "explain_similarity",
    "explain_words",
    "fine_tune",
    "integrated_gradients",
    "iter_contributions",
    "least_baseline",
    "load_contributions",
    "load_corpus",
    "load_examples",
    "load_similarities",
    "regress",
    "save_contributions",
    "shapley_values",
    "stream_corpus",
    "train_contrastive",
    "train_masked",
    "word_information",
    "word_weights",
]


if not TYPE_CHECKING:  # where it is hidden, a misspelt name is an error

    def __getattr__(name: str) -> Any:
        if name == "__version__":
            from importlib.metadata import version

            return version("wig-core")
        if name not in _HOMES:
            raise AttributeError(f"module 'wig_core' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
