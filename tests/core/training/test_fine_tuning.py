"""Training: resumed to the same weights, masked as BERT masks, kept and read again, refused in one line."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from torch import nn
from transformers import AutoModelForMaskedLM

from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.corpus import load_corpus
from wig_core.training.contrastive import train_contrastive
from wig_core.training.examples import Examples
from wig_core.training.fine_tuning import MaskedLMRecipe, Recipe, fine_tune, train_masked
from wig_core.training.masked_lm import MaskedLM, evaluate_masked_lm, train_masked_lm, with_language_head
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
def test_a_killed_run_is_taken_up_to_the_same_weights(
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
    torch.manual_seed(99)  # where the second start finds the generator must not matter
    assert torch.equal(weights(train(tmp_path / "cut")), weights(whole))
    assert not torch.equal(weights(whole), weights(bert))


def test_a_killed_pretraining_is_taken_up_to_the_same_weights(bert: SentenceEncoder, tmp_path: Path) -> None:
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


def test_training_lowers_the_loss_and_leaves_the_base_as_it_was(bert: SentenceEncoder) -> None:
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
        (InfoNCE(), SINGLES, "InfoNCE takes 2 or more texts an example, not 1"),
        (UnsupervisedSimCSE(), PAIRS, "UnsupervisedSimCSE takes 1 texts an example, not 2"),
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


def test_fine_tuned_encoders_are_kept_and_sentence_transformers_loads_them(
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
        made.append(weights(fine_tune(bert.name, replace(RECIPE, objective="unsupervised-simcse", bf16=True))[4]))
    assert torch.equal(*made)


def test_training_back_is_kept_too(bert: SentenceEncoder, own_cache: Path) -> None:
    back = train_masked(bert.name, MaskedLMRecipe(corpus="lee", steps=3, tokens_per_batch=200), at=[0])
    assert torch.equal(weights(back[0]), weights(bert))
    assert not torch.equal(weights(back[3]), weights(bert))
    assert (back[3].pooling, back[3].similarity) == (bert.pooling, bert.similarity)


def test_a_recipe_refuses_what_it_does_not_know(bert: SentenceEncoder) -> None:
    with pytest.raises(InputError, match="objective 'simcse' is unknown; use info-nce"):
        fine_tune(bert.name, replace(RECIPE, objective="simcse"))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="step 9 is not one of the 4"):
        fine_tune(bert.name, RECIPE, at=[9])


TRAIN = """
import os, sys, torch
from wig_core.encoders import SentenceEncoder
from wig_core.training.contrastive import train_contrastive
from wig_core.training.examples import Examples
from wig_core.training.objectives import InfoNCE
from wig_core.training.schedule import Schedule
torch.set_num_threads(1)
encoder = SentenceEncoder.load(sys.argv[1], device="cpu")
for module in encoder.model.modules():
    if isinstance(module, torch.nn.Dropout):
        module.p = 0.0  # each process would draw its own
examples = Examples("own", eval(sys.argv[2]))
schedule = Schedule(steps=3, learning_rate=1e-3, bf16=False)
trained = train_contrastive(encoder, examples, objective=InfoNCE(), schedule=schedule, batch_size=4)
torch.save(trained.model.state_dict(), f"{sys.argv[3]}/{os.environ.get('RANK', 'alone')}.pt")
"""


def test_two_processes_train_the_model_that_one_trains(bert: SentenceEncoder, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(TRAIN)
    arguments = [str(script), bert.name, repr(PAIRS.texts), str(tmp_path)]
    for launcher in (["-m", "torch.distributed.run", "--nproc_per_node=2", "--standalone"], []):
        done = subprocess.run([sys.executable, *launcher, *arguments], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr[-2000:]
    first, second, alone = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("0", "1", "alone"))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert any(not torch.equal(first[name], value) for name, value in bert.model.state_dict().items())
    for name, value in alone.items():
        if "key.bias" not in name:  # softmax does not see it: its gradient is rounding, which Adam makes whole steps of
            torch.testing.assert_close(first[name], value, rtol=1e-3, atol=1e-5)
