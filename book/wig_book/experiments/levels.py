"""Is it there? Weights against information in encoders as they are, on several texts, in every reading: page 03."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import torch
from tqdm import tqdm

from wig_book.experiments.quantities import QUANTITIES, commonality_table
from wig_book.experiments.readings import (
    DEFAULT,
    JOINT,
    Weighing,
    by_quantile,
    check_drawable,
    distances,
    fit,
    in_default_reading,
    occurrences_of,
    readings,
)
from wig_book.experiments.rows import Findings, Numbers, cells
from wig_book.experiments.setup import from_parameters
from wig_book.experiments.study_texts import StudyText, limited, texts_and_source
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.encoders.static import StaticModel
from wig_core.regression import Floats

Tables = dict[str, list[pd.DataFrame]]


def levels(parameters: Mapping[str, Any]) -> Findings:
    """Weigh the words of several texts in several encoders, and relate the weights to information in every reading.

    Args:
        parameters: of the page, by name: encoders, untrained (encoders whose shape is measured with random weights,
            too), corpora, source (the text whose information is used beside a text's own), types, occurrences,
            max_sentences (at most, of each text), limits (see `limited`), bootstrap,
            and the fields of `StudyText` and `Weighing`.

    Returns:
        Tables levels (one row per encoder, text, information, unit, estimand, baseline, method and quantity),
        quantiles (`by_quantile` in the default reading), quantities (reliability and count of each, by text) and
        commonality; numbers `level_numbers`.

    Warns, raises:
        As `check_drawable`, and the functions that read encoders and texts.
    """
    texts, source = texts_and_source(parameters)
    found: Tables = {"levels": [], "quantiles": [], "commonality": []}
    encoders = [*_encoders(parameters["encoders"], parameters["untrained"])]
    cases = [(encoder, text) for encoder in encoders for text in texts.values()]
    for encoder, text in tqdm(cases, "encoders × texts"):
        _measure(encoder, text, source, parameters, found)
    check_drawable(found["quantiles"], "encoder", [encoder.name for encoder in encoders])
    tables = {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}
    reliable = {**texts, source.corpus: source}
    tables["quantities"] = pd.concat([_quantity_rows(text) for text in reliable.values()], ignore_index=True)
    tables["levels"] = _disattenuated(tables["levels"], tables["quantities"])
    return Findings(level_numbers(tables, parameters), tables)


def _encoders(names: Sequence[str], untrained: Sequence[str]) -> Iterator[SentenceEncoder]:
    yield from map(SentenceEncoder.load, names)
    for name in untrained:
        yield without_training(SentenceEncoder.load(name))


def without_training(encoder: SentenceEncoder, seed: int = 0) -> SentenceEncoder:
    """An encoder of the same shape and tokenizer with the random weights from which training begins."""
    torch.manual_seed(seed)
    model = type(encoder.model)(encoder.model.config).eval().requires_grad_(False)
    return replace(encoder, model=model, name=f"untrained {encoder.name}")


def _measure(
    encoder: SentenceEncoder, text: StudyText, source: StudyText, parameters: Mapping[str, Any], found: Tables
) -> None:
    """Add the rows of one encoder on one text to the tables."""
    population = limited(text.population, encoder.name, text.corpus, parameters)
    if not population.sentences:
        return
    sources = {one.corpus: {"word": one.words, "subword": one.subwords(encoder)} for one in (text, source)}
    naming = {"encoder": encoder.name, "text": text.corpus}
    weighing, bootstrap = from_parameters(Weighing, parameters), parameters["bootstrap"]
    for baseline in weighing.of(encoder):
        for method, vectors in _vectors(encoder, population.sentences, baseline, weighing):
            occurrences = occurrences_of(encoder, population.sentences, vectors)
            if method == "half squared norm":
                occurrences = occurrences.assign(weight=occurrences["weight"] ** 2 / 2)  # a weight is ‖w‖
            for reading, types, information in readings(occurrences, population.words, sources):
                about = naming | reading | {"baseline": baseline, "method": method}
                rows = [
                    about | {"quantity": name, **fit(types, information, name, reading["estimand"], bootstrap)}
                    for name in QUANTITIES
                ]
                found["levels"].append(pd.DataFrame(rows).assign(sentences=len(population.sentences)))
                default = all(reading[key] == value for key, value in DEFAULT.items())
                if default and method == "ig" and reading["information"] == source.corpus:
                    for name in ("kl", "self_information", "idf"):
                        relative = by_quantile(types, information[name], bootstrap)
                        found["quantiles"].append(relative.assign(**about, quantity=name, n=len(types)))
                    weights = (types["total"] / types["n"]).rename("weight").to_frame()
                    found["commonality"].append(commonality_table(weights, information, JOINT).assign(**about))


def _vectors(
    encoder: SentenceEncoder, sentences: Sequence[str], baseline: Any, weighing: Weighing
) -> Iterator[tuple[str, list[Floats]]]:
    """Each method, and its vectors for `occurrences_of`."""
    contributions = weighing.contributions(encoder, sentences, baseline)
    yield "ig", contributions
    if isinstance(encoder.model, StaticModel):
        yield "half squared norm", contributions
    else:
        yield "distance", distances(encoder, sentences, baseline)


def _quantity_rows(text: StudyText) -> pd.DataFrame:
    reliability = text.reliability
    return pd.DataFrame(
        {
            "text": text.corpus,
            "quantity": list(QUANTITIES),
            "reliability": [reliability[name] for name in QUANTITIES],
            "frequency": [text.words[name].corr(text.words["self_information"]) for name in QUANTITIES],
            "documents": len(text.documents),
            "n_words": len(text.words),
        }
    )


def _disattenuated(rows: pd.DataFrame, reliabilities: pd.DataFrame) -> pd.DataFrame:
    """With the reliability of each quantity, and R² divided by it: what an error-free count would explain."""
    of_text = reliabilities.rename(columns={"text": "information"})[["information", "quantity", "reliability"]]
    joined = rows.merge(of_text, on=["information", "quantity"], how="left")
    return joined.assign(r2_disattenuated=joined["r2"] / joined["reliability"])


def level_numbers(tables: Mapping[str, pd.DataFrame], parameters: Mapping[str, Any]) -> Numbers:
    """The numbers that prose and claims quote.

    Returns:
        encoder, text and source, the first of each; words, how many of these the default reading holds, and drawn, how
        many the protocol draws; in the default reading by Integrated Gradients the `cells` of r2,
        correlation and n named `<statistic>_<encoder>_<text>_<baseline>_<quantity>`, of every encoder on the first text
        and of the first encoder on every text (of ½‖w‖² as norm_<encoder>); readings, positive and share: how many
        readings of the first encoder there are, in how many the interval of the correlation with KL lies above zero,
        and their share; least_r2 and greatest_r2 of these readings; half_width_<encoder>, the greatest half-width of
        R² in the default reading on the first text.
    """
    encoder, text, source = parameters["encoders"][0], parameters["corpora"][0], parameters["source"]
    table = tables["levels"]
    by_ig = table[table["method"] == "ig"]
    default = in_default_reading(table[table["method"] != "distance"], source)
    default = default[default["quantity"].isin(JOINT)]
    norms = default["method"] == "half squared norm"
    default = default.assign(encoder=default["encoder"].where(~norms, "norm_" + default["encoder"]))
    named = default[(default["text"] == text) | (default["encoder"] == encoder)]
    columns = ["encoder", "text", "baseline", "quantity"]
    keys = ["_".join(row) for row in named[columns].itertuples(index=False)]
    names = ["r2", "correlation", "n"]
    own = by_ig[(by_ig["encoder"] == encoder) & (by_ig["quantity"] == "kl")]
    first = default[default["text"] == text]
    own_words = first[first["encoder"] == encoder]["n"]
    widths = (first["r2_high"] - first["r2_low"]).groupby(first["encoder"]).max() / 2
    return {
        "encoder": encoder,
        "text": text,
        "source": source,
        "words": int(own_words.iloc[0]) if len(own_words) else 0,
        "drawn": parameters["types"],
        "encoders": len(parameters["encoders"]),
        "texts": len(parameters["corpora"]),
        "readings": len(own),
        "positive": int((own["correlation_low"] > 0).sum()),
        "share": float((own["correlation_low"] > 0).mean()),
        "least_r2": own["r2"].min(),
        "greatest_r2": own["r2"].max(),
        **{f"half_width_{name}": width for name, width in widths.items()},
        **cells(named.assign(key=keys), names, "key"),
    }
