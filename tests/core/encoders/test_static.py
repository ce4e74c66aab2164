"""Static encoders: their embeddings and contributions by hand, and sentence-transformers on the same folder."""

from pathlib import Path

import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Normalize, StaticEmbedding
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "the", "cat", "sat", "##s"]
VECTORS = torch.tensor([[9.0, 9], [0, 3], [7, 7], [3, 0], [0, 6], [6, 6], [3, 3]])
SENTENCES = ["the cat sat", "cats", "", "the dog", "the  cat sat"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A static encoder with a tokenizer that would add [CLS], as sentence-transformers saves it."""
    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 2)])
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, VECTORS)], device="cpu").save(str(tmp_path / "static"))
    return tmp_path / "static"


def test_an_embedding_is_the_mean_of_its_tokens(folder: Path) -> None:
    encoder = SentenceEncoder.load(folder, device="cpu")
    by_hand = torch.tensor([[3.0, 4], [1.5, 4.5], [0, 0], [1.5, 1.5], [3, 4]])
    torch.testing.assert_close(encoder.encode(SENTENCES), by_hand)
    assert encoder.dimension == 2


def test_contributions_by_hand(folder: Path) -> None:
    encoder = SentenceEncoder.load(folder, device="cpu")
    for baseline, absent in (("zero", [0.0, 0]), ("unk", [0.0, 3]), ("pad", [9.0, 9])):
        [whole, one] = integrated_gradients(encoder, ["the cats sat", "cat"], baseline=baseline)
        # A word of two tokens is the sum of both; of four tokens each has a quarter.
        given = torch.tensor([[3.0, 0], [3, 9], [6, 6]]) / 4
        expected = given - torch.tensor([[1.0], [2], [1]]) * torch.tensor(absent) / 4
        torch.testing.assert_close(torch.as_tensor(whole.vectors), expected)
        torch.testing.assert_close(torch.as_tensor(one.vectors), torch.tensor([[0.0, 6]]) - torch.tensor(absent))
        [shapley] = shapley_values(encoder, ["the cats sat"], baseline=baseline)
        torch.testing.assert_close(torch.as_tensor(shapley.vectors), expected)
    with pytest.raises(InputError, match="has no mask token; choose another baseline"):
        integrated_gradients(encoder, ["the cat"], baseline="mask")


@pytest.mark.parametrize("normalize", [False, True])
def test_equals_sentence_transformers_and_is_saved_for_it(folder: Path, tmp_path: Path, normalize: bool) -> None:
    modules = [StaticEmbedding.load(str(folder)), *([Normalize()] if normalize else [])]
    theirs = SentenceTransformer(modules=modules, device="cpu", similarity_fn_name="dot")
    ours = SentenceEncoder.from_sentence_transformers(theirs)
    assert (ours.similarity, ours.normalize) == ("dot", normalize)
    expected = theirs.encode(SENTENCES, convert_to_tensor=True)
    torch.testing.assert_close(ours.encode(SENTENCES), expected)
    ours.save(tmp_path / "saved")
    for again in (SentenceTransformer(str(tmp_path / "saved"), device="cpu"), SentenceEncoder.load(tmp_path / "saved")):
        torch.testing.assert_close(torch.as_tensor(again.encode(SENTENCES)), expected)
    with pytest.raises(InputError, match="pooling 'max' cannot be saved"):
        SentenceEncoder.load(folder, pooling="max").save(tmp_path / "other")


def test_a_limit_of_the_tokenizer_is_kept(folder: Path) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(2)
    tokenizer.save(str(folder / "tokenizer.json"))
    encoder = SentenceEncoder.load(folder, device="cpu")
    assert encoder.max_tokens == 2
    expected = SentenceTransformer(str(folder), device="cpu").encode(SENTENCES, convert_to_tensor=True)
    torch.testing.assert_close(encoder.encode(SENTENCES), expected)
