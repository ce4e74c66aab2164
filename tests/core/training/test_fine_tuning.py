"""Training: resumed to the same weights, masked as BERT masks, cached, shared by processes, refused in one line."""

import copy
import json
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from transformers import AutoModelForMaskedLM
from two_processes import in_two_processes

from wig_book.pretraining import evaluate_masked_lm
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.training.contrastive import train_contrastive
from wig_core.training.examples import Examples
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe, fine_tune, train_masked
from wig_core.training.masked_lm import MaskedLM, train_masked_lm, with_language_head
from wig_core.training.objectives import InfoNCE, Objective, Softmax, SupervisedSimCSE, UnsupervisedSimCSE
from wig_core.training.schedule import Schedule

WORDS = ["the", "cat", "sat", "on", "a", "mat", "rain", "un", "don", "well", "known", "it"]
SCHEDULE = Schedule(steps=6, learning_rate=1e-3, bf16=False)


def sentences(count: int, words: int = 5) -> list[str]:
    generator = torch.Generator().manual_seed(0)
    return [" ".join(WORDS[i] for i in row) for row in torch.randint(len(WORDS), (count, words), generator=generator)]


PAIRS = Examples("own", list(dict.fromkeys(zip(sentences(80)[:40], sentences(80)[40:], strict=True))))
SINGLES = Examples("own", [(sentence,) for sentence in dict.fromkeys(sentences(60))])
TRIPLETS = Examples("own", [(*texts, f"{texts[0]} well") for texts in PAIRS.texts])
LABELLED = Examples("own", PAIRS.texts, [i % 3 for i in range(len(PAIRS))])
CASES: list[tuple[Objective, Examples]] = [
    (InfoNCE(), PAIRS),
    (UnsupervisedSimCSE(), SINGLES),
    (SupervisedSimCSE(), TRIPLETS),
    (Softmax(32), LABELLED),
]


def weights(encoder: SentenceEncoder) -> torch.Tensor:
    return nn.utils.parameters_to_vector(encoder.model.parameters())


class KilledError(Exception):
    pass


@pytest.mark.parametrize(("objective", "examples"), CASES, ids=[type(case[0]).__name__ for case in CASES])
def test_an_interrupted_training_resumes_to_the_same_weights(
    bert: SentenceEncoder, tmp_path: Path, objective: Objective, examples: Examples
) -> None:
    schedule = replace(SCHEDULE, save_every=2)

    def train(folder: Path, die: bool = False) -> SentenceEncoder:
        def watch(step: int, _: SentenceEncoder) -> None:
            if die and step == 5:
                raise KilledError

        torch.manual_seed(0)
        fresh = type(objective)(32) if isinstance(objective, Softmax) else objective
        return train_contrastive(
            bert, examples, objective=fresh, schedule=schedule, batch_size=8, folder=folder, watch=watch, watch_at=[5]
        )

    whole = train(tmp_path / "whole")
    with pytest.raises(KilledError):
        train(tmp_path / "cut", die=True)
    assert [path.name for path in (tmp_path / "cut").iterdir()] == ["checkpoint-4"]
    torch.manual_seed(99)  # the state of the generator must not matter
    assert torch.equal(weights(train(tmp_path / "cut")), weights(whole))
    assert not torch.equal(weights(whole), weights(bert))


def test_an_interrupted_pretraining_resumes_to_the_same_weights(bert: SentenceEncoder, tmp_path: Path) -> None:
    def train(folder: Path, die: bool = False) -> torch.Tensor:
        def watch(step: int) -> None:
            if die and step == 5:
                raise KilledError

        torch.manual_seed(0)
        model = with_language_head(SentenceEncoder.load(bert.name).model.requires_grad_(True))
        schedule = replace(SCHEDULE, save_every=2)
        train_masked_lm(
            model,
            bert.tokenizer,
            sentences(60),
            folder,
            schedule=schedule,
            tokens_per_batch=64,
            watch=watch,
            watch_at=[5],
        )
        return nn.utils.parameters_to_vector(model.parameters())

    whole = train(tmp_path / "whole")
    with pytest.raises(KilledError):
        train(tmp_path / "cut", die=True)
    torch.manual_seed(99)
    assert torch.equal(train(tmp_path / "cut"), whole)


def test_training_lowers_the_loss_and_leaves_the_base_unchanged(bert: SentenceEncoder) -> None:
    before = weights(bert).clone()
    objective = InfoNCE("dot", temperature=1.0)
    trained = train_contrastive(
        bert, PAIRS, objective=objective, schedule=replace(SCHEDULE, steps=60, learning_rate=3e-3), batch_size=16
    )
    left, right = zip(*PAIRS.texts[:16], strict=True)

    def loss(encoder: SentenceEncoder) -> float:
        return objective([encoder.encode(left), encoder.encode(right)]).item()

    assert loss(trained) < 0.9 * loss(bert)
    assert torch.equal(weights(bert), before)
    assert trained.similarity == "dot"
    assert not trained.model.training
    assert not any(parameter.requires_grad for parameter in trained.model.parameters())


def test_watching_does_not_change_the_training(bert: SentenceEncoder) -> None:
    seen: dict[int, torch.Tensor] = {}

    def watch(step: int, encoder: SentenceEncoder) -> None:
        assert not encoder.model.training
        torch.rand(3)
        seen[step] = weights(encoder)

    options = {"objective": UnsupervisedSimCSE(), "schedule": SCHEDULE, "batch_size": 8}
    trained = train_contrastive(bert, SINGLES, **options, watch=watch, watch_at=[0, 3, 6])
    assert torch.equal(weights(trained), weights(train_contrastive(bert, SINGLES, **options)))
    assert list(seen) == [0, 3, 6]
    assert torch.equal(seen[0], weights(bert))
    assert torch.equal(seen[6], weights(trained))
    assert not torch.equal(seen[3], seen[6])


def test_gradient_accumulation_averages_batches(bert: SentenceEncoder) -> None:
    options = {"objective": Softmax(32), "batch_size": 8}
    torch.manual_seed(0)
    once = train_contrastive(bert, LABELLED, **options, schedule=replace(SCHEDULE, accumulate=2, steps=2))
    assert not torch.equal(weights(once), weights(bert))


@pytest.mark.parametrize(
    ("objective", "examples", "message"),
    [
        (InfoNCE(), SINGLES, "InfoNCE takes 2 or more texts per example, not 1"),
        (UnsupervisedSimCSE(), PAIRS, "UnsupervisedSimCSE takes 1 texts per example, not 2"),
        (SupervisedSimCSE(), PAIRS, "SupervisedSimCSE takes 3 texts"),
        (Softmax(32), PAIRS, "needs a label for each example; try 'relations'"),
        (InfoNCE(), Examples("own", PAIRS.texts[:3]), "3 examples fill no batch of 8"),
        (InfoNCE(), Examples("own", []), "no examples to train on"),
    ],
)
def test_refuses_examples_in_one_line(
    bert: SentenceEncoder, objective: Objective, examples: Examples, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train_contrastive(bert, examples, objective=objective, schedule=SCHEDULE, batch_size=8)


def test_masks_as_bert_does(bert: SentenceEncoder) -> None:
    task = MaskedLM(with_language_head(bert.model), bert.tokenizer, share=0.2)
    seen: dict[str, torch.Tensor] = {}
    task.model.base_model.register_forward_pre_hook(lambda *a: seen.update(a[2]), with_kwargs=True)
    tokens = bert.tokenize(["the cat sat on a mat"] * 2000)
    torch.manual_seed(0)
    scores, words = task.predict(tokens.input_ids, tokens.attention_mask)
    plain = tokens.input_ids[~tokens.special]
    assert scores.shape == (len(words), len(bert.tokenizer))
    assert len(words) / len(plain) == pytest.approx(0.2, abs=0.01)
    changed = seen["input_ids"] != tokens.input_ids
    assert not changed[tokens.special].any()
    masked = (seen["input_ids"] == bert.tokenizer.mask_token_id).sum() / len(words)
    assert masked.item() == pytest.approx(0.8, abs=0.03)
    assert ((changed.sum() / len(words)) - masked).item() == pytest.approx(0.1, abs=0.03)  # random, nearly all other


def test_the_masked_loss_is_transformers_own(bert: SentenceEncoder) -> None:
    model = with_language_head(bert.model).eval()
    task = MaskedLM(model, bert.tokenizer)
    tokens = bert.tokenize(sentences(20))
    seen: dict[str, torch.Tensor] = {}
    task.model.base_model.register_forward_pre_hook(lambda *a: seen.update(a[2]), with_kwargs=True)
    torch.manual_seed(0)
    loss = task(tokens.input_ids, tokens.attention_mask)["loss"]
    torch.manual_seed(0)
    chosen = (torch.rand(tokens.input_ids.shape) < task.share) & ~tokens.special
    labels = torch.where(chosen, tokens.input_ids, -100)
    theirs = model(input_ids=seen["input_ids"], attention_mask=tokens.attention_mask, labels=labels).loss
    torch.testing.assert_close(loss, theirs)


def test_the_packaged_base_predicts_hidden_words_far_better_than_frequency_does() -> None:
    base = SentenceEncoder.load("wig-base")
    folder = Path(sys.modules["wig_core"].__file__ or "").parent / "models/wig-base"
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32)
    held = load_corpus("lee").sentences[:60]  # news that it was not trained on
    found = evaluate_masked_lm(model, base.tokenizer, held)
    ids = torch.tensor([i for sentence in held for i in base.tokenizer(sentence)["input_ids"][1:-1]])
    most_frequent = ids.bincount().max().item() / len(ids)
    assert found["accuracy"] > 2 * most_frequent
    assert found == evaluate_masked_lm(model, base.tokenizer, held)
    card = json.loads((folder / "pretraining.json").read_text())
    assert card["held_out"]["loss"] < 4.5
    assert card["steps"] >= 1000
    assert (folder / "model.safetensors").stat().st_size < 15e6


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


RECIPE = Recipe(steps=4, batch_size=8, bf16=False)


def test_fine_tuned_encoders_are_cached_and_sentence_transformers_loads_them(
    bert: SentenceEncoder, own_cache: Path, tmp_path: Path
) -> None:
    examples = tmp_path / "pairs.csv"
    examples.write_text("anchor,positive\n" + "\n".join(map(",".join, PAIRS.texts)))
    recipe = replace(RECIPE, examples=str(examples), similarity="dot", pooling="cls", temperature=1.0)
    first = fine_tune(bert.name, recipe, at=[0, 2])
    again = fine_tune(bert.name, recipe, at=[0, 2])
    assert list(first) == [0, 2, 4]
    assert len(list(own_cache.glob("encoders/*/cache.json"))) == 1
    assert first[4].name == again[4].name
    assert torch.equal(weights(first[4]), weights(again[4]))
    theirs = SentenceTransformer(first[4].name, device="cpu")
    assert theirs.similarity_fn_name == "dot"
    texts = sentences(8)
    torch.testing.assert_close(torch.tensor(theirs.encode(texts)), first[4].encode(texts), atol=1e-5, rtol=1e-5)
    fine_tune(bert.name, replace(recipe, seed=1))
    examples.write_text("anchor,positive\n" + "\n".join(map(",".join, PAIRS.texts[::-1])))
    fine_tune(bert.name, recipe, at=[0, 2])
    assert len(list(own_cache.glob("encoders/*/cache.json"))) == 3


def test_the_same_recipe_makes_the_same_weights_again(
    bert: SentenceEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for name in ("one", "two"):
        monkeypatch.setenv("WIG_CACHE", str(tmp_path / name))
        recipe = replace(RECIPE, objective="unsupervised-simcse", bf16=True)
        made.append(weights(fine_tune(bert, recipe, examples=SINGLES).encoder))
    assert torch.equal(*made)


def test_masked_training_is_cached_too(bert: SentenceEncoder, own_cache: Path) -> None:
    trained = train_masked(bert, MaskedLMRecipe(corpus="lee", steps=3, tokens_per_batch=200), at=[0])
    assert torch.equal(weights(trained.at(0)), weights(bert))
    assert not torch.equal(weights(trained.encoder), weights(bert))
    assert (trained.encoder.pooling, trained.encoder.similarity) == (bert.pooling, bert.similarity)


@pytest.mark.parametrize("given", ["encoder", "name", "SentenceTransformer"])
def test_fine_tunes_any_form_of_encoder_on_pairs_in_memory(bert: SentenceEncoder, own_cache: Path, given: str) -> None:
    bases = {"encoder": bert, "name": bert.name, "SentenceTransformer": SentenceTransformer(bert.name, device="cpu")}
    trained = fine_tune(bases[given], RECIPE, examples=PAIRS.texts, at=[2])
    assert trained.steps == list(trained) == [2, 4]
    assert trained.encoder is trained[4] is trained.at(4)
    assert repr(trained) == f"FineTuned(steps=[2, 4], encoder={trained.encoder.name!r})"
    assert not torch.equal(weights(trained.at(2)), weights(trained.encoder))
    with pytest.raises(InputError, match=r"step 3 was not kept, only 2, 4; ask for it with at=\[3\]"):
        trained.at(3)
    same = train_contrastive(bert, PAIRS, objective=InfoNCE(), schedule=RECIPE.schedule(), batch_size=8)
    assert torch.equal(weights(trained.encoder), weights(same))


def test_fine_tunes_on_sentences_in_memory(bert: SentenceEncoder, own_cache: Path) -> None:
    recipe = replace(RECIPE, objective="unsupervised-simcse")
    assert len(fine_tune(bert, recipe, examples=sentences(30))) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objective": "simcse"}, "objective 'simcse' is unknown; use info-nce"),
        ({"pooling": "sum"}, "pooling 'sum' is unknown; use mean, cls, max"),
        ({"steps": 0}, "steps=0 must be above 0"),
    ],
)
def test_a_recipe_checks_itself(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        replace(RECIPE, **change)
    with pytest.raises(InputError, match="share=0 is out of range"):
        MaskedLMRecipe(share=0)


def test_a_step_beyond_the_last_is_refused(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="step 9 is not one of the 4"):
        fine_tune(bert.name, RECIPE, at=[9])


def without_dropout(encoder: SentenceEncoder) -> SentenceEncoder:
    """A copy; with dropout, each process would draw its own."""
    encoder = replace(encoder, model=copy.deepcopy(encoder.model))
    for module in encoder.model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return encoder


def train_and_save(encoder: SentenceEncoder, folder: Path) -> None:
    schedule = Schedule(steps=3, learning_rate=1e-3, bf16=False)
    trained = train_contrastive(encoder, PAIRS, objective=InfoNCE(), schedule=schedule, batch_size=4)
    rank = torch.distributed.get_rank() if torch.distributed.is_initialized() else "alone"
    torch.save(trained.model.state_dict(), folder / f"{rank}.pt")


def test_two_processes_train_the_model_that_one_trains(bert: SentenceEncoder, tmp_path: Path) -> None:
    train = partial(train_and_save, without_dropout(bert), tmp_path)
    in_two_processes(train)
    train()
    first, second, alone = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("0", "1", "alone"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], value) for name, value in bert.model.state_dict().items())
    for name, value in alone.items():
        if "key.bias" not in name:  # softmax does not depend on it: its gradient is rounding, which Adam scales up
            torch.testing.assert_close(first[name], value, rtol=1e-3, atol=1e-5)


def fine_tune_and_write(encoder: SentenceEncoder, recipe: Recipe, folder: Path) -> None:
    for seed in (0, 1, 0):  # the last one is cached
        trained = fine_tune(encoder, replace(recipe, seed=seed), examples=PAIRS, at=[0])
    state = f"{trained.encoder.name} {trained.encoder.fingerprint()}"
    (folder / str(torch.distributed.get_rank())).write_text(state)


def test_two_processes_make_one_cached_encoder(bert: SentenceEncoder, own_cache: Path, tmp_path: Path) -> None:
    in_two_processes(partial(fine_tune_and_write, bert, RECIPE, tmp_path))
    assert (tmp_path / "0").read_text() == (tmp_path / "1").read_text()
    folders = [path.name for path in own_cache.glob("encoders/*") if path.is_dir()]
    assert len(folders) == 2
    name, fingerprint = (tmp_path / "0").read_text().split(" ")
    alone = fine_tune(bert, RECIPE, examples=PAIRS, at=[0]).encoder
    assert (alone.name, alone.fingerprint()) == (name, fingerprint)
    assert [path.name for path in own_cache.glob("encoders/*") if path.is_dir()] == folders
