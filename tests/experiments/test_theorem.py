"""The laboratory of the theorem: its information is what `word_information` counts, its optimum what theory says."""

import numpy as np
import pytest
import torch

from wig_book.experiments.theorem import broken_assumptions, closed_and_exact, fit_to_kl, theorem_numbers
from wig_book.theory import StaticTraining, TopicModel, half_squared_norms, optimal_vectors, train_exactly, train_static
from wig_core.errors import InputError
from wig_core.information.word_information import word_information


def two_topics() -> TopicModel:
    return TopicModel(np.array([0.5, 0.5]), np.array([[0.75, 0.25], [0.25, 0.75]]))


def test_two_topics_by_hand() -> None:
    model = two_topics()
    np.testing.assert_allclose(model.probability, [0.5, 0.5])
    np.testing.assert_allclose(model.neighbours, [[0.625, 0.375], [0.375, 0.625]])
    expected = 0.625 * np.log(1.25) + 0.375 * np.log(0.75)
    np.testing.assert_allclose(model.kl, [expected, expected])


def test_norms_by_hand() -> None:
    vectors = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    model = two_topics()
    assert half_squared_norms(vectors, model, "raw").tolist() == [2, 0]
    assert half_squared_norms(vectors, model, "centred").tolist() == [0.5, 0.5]
    assert half_squared_norms(vectors, model, "metric").tolist() == [0.5, 0.5]  # G is 1 in the first direction
    assert half_squared_norms(vectors, model, "raw", length=2).tolist() == [0.5, 0]
    with pytest.raises(InputError, match="norm 'l1' is unknown"):
        half_squared_norms(vectors, model, "l1")  # type: ignore[arg-type]


def test_counting_in_drawn_sentences_converges_to_the_closed_form() -> None:
    model = TopicModel.draw(words=20, topics=3, states=16, strength=1.0)
    drawn = model.pairs(40_000, 2, torch.Generator().manual_seed(0)).flatten(0, 1)
    counted = word_information([f"w{a} w{b}" for a, b in drawn.tolist()], min_count=1)
    frequent = np.argsort(model.probability)[::-1][:10]
    found = counted.loc[[f"w{i}" for i in frequent], ["probability", "kl"]].to_numpy()
    np.testing.assert_allclose(found[:, 0], model.probability[frequent], rtol=0.05)
    np.testing.assert_allclose(found[:, 1], model.kl[frequent], rtol=0.2, atol=0.01)


def test_the_optimum_follows_kl_where_the_assumptions_hold() -> None:
    model = TopicModel.draw(strength=0.2)
    fit = fit_to_kl(optimal_vectors(model, 16), model).set_index("norm")
    assert fit.loc["metric", "r2"] > 0.99
    assert fit.loc["metric", "slope"] == pytest.approx(1, abs=0.05)
    strong = TopicModel.draw(strength=1.0)
    assert fit_to_kl(optimal_vectors(strong, 16), strong).set_index("norm").loc["metric", "r2"] < 0.97


def test_exact_training_converges_to_the_optimum() -> None:
    model = TopicModel.draw(words=60, topics=3, strength=0.4)
    trained, best = train_exactly(model, dimension=8), optimal_vectors(model, 8)
    for norm in ("centred", "metric"):
        found, expected = (half_squared_norms(v, model, norm) for v in (trained, best))
        assert np.corrcoef(found, expected)[0, 1] > 0.98


def test_trained_on_drawn_sentences_norms_follow_kl() -> None:
    model = TopicModel.draw(words=60, topics=3, strength=0.8)
    training = StaticTraining(dimension=6, steps=400, batch_size=256, learning_rate=0.02)
    fit = fit_to_kl(train_static(model, training), model).set_index("norm")
    assert fit.loc["metric", "rank"] > 0.8
    assert torch.equal(train_static(model, training), train_static(model, training))


def test_tables() -> None:
    exact = closed_and_exact([0.2, 0.8], words=40, dimension=4)
    broken = broken_assumptions(["none", "cosine", "attention"], strength=0.6, words=40, steps=20, seeds=(0, 1))
    assert len(exact) == 2 * 2 * 3
    assert len(broken) == 3 * 2 * 3
    numbers = theorem_numbers(exact, broken)
    assert numbers["strength"] == 0.2
    assert numbers["worst"] in ("none", "cosine", "attention")
    with pytest.raises(InputError, match="assumption 'all' is unknown"):
        broken_assumptions(["all"], strength=0.6)


def test_anisotropy_is_in_the_model():
    even, uneven = (TopicModel.draw(words=60, anisotropy=a) for a in (1.0, 16.0))
    spread = [np.linalg.eigvalsh(np.cov(np.log(model.emission).T))[-2:] for model in (even, uneven)]
    assert spread[1][1] / spread[1][0] > spread[0][1] / spread[0][0]
