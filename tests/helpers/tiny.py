"""Tiny random encoders, saved as local folders: two layers of width 32, one for each kind of tokenizer.

Their vocabularies are written out by hand, so that tests know the subwords of a sentence: the characters and pieces
below are tokens, and everything else (an emoji, a Han character) is unknown to all tokenizers but byte-level BPE.
"""

from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    DPRConfig,
    DPRContextEncoder,
    DPRQuestionEncoder,
    MPNetConfig,
    MPNetModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)
from transformers.utils import logging

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'’-"
WORDS = ["the", "cat", "sat", "on", "a", "mat", "rain", "un", "don", "well", "known", "it"]
ENDINGS = ["believ", "able", "s", "ing"]
POSITIONS = 64  # the most tokens that each encoder reads, special tokens included
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
RANDOM = {"initializer_range": 0.2}  # ten times the usual, so that the encoders are far from linear


def save_tiny(folder: Path, kind: str) -> Path:
    """Save the tiny encoder `kind`, a key of `TINY`, and return its folder."""
    logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tokenizer, model = TINY[kind]()
        randomize(model)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def randomize(model: nn.Module) -> None:
    """Randomise scales and biases too: at their initial values, 1 and 0, no test would notice if they were left out."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.3 * torch.randn_like(parameter)


def bert() -> tuple[PreTrainedTokenizerFast, BertModel]:
    """WordPiece, lower-casing and stripping accents."""
    tokenizer = _wordpiece("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    return tokenizer, BertModel(
        BertConfig(vocab_size=len(tokenizer), max_position_embeddings=POSITIONS, **SIZES, **RANDOM)
    )


def mpnet() -> tuple[PreTrainedTokenizerFast, MPNetModel]:
    """WordPiece; relative positions are learnt, and absolute positions start after the padding index."""
    tokenizer = _wordpiece("<pad>", "[UNK]", "<s>", "</s>", "<mask>", first="<s>")
    config = MPNetConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=POSITIONS + 2,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.cls_token_id,
        eos_token_id=tokenizer.sep_token_id,
        **SIZES,
        **RANDOM,
    )
    return tokenizer, MPNetModel(config)


def roberta() -> tuple[PreTrainedTokenizerFast, RobertaModel]:
    """Case-sensitive byte-level BPE; positions start after the padding index."""
    pieces = [*(f"Ġ{word}" for word in WORDS), *WORDS, *ENDINGS]
    merges = list(dict.fromkeys((p[:i], p[i]) for p in pieces for i in range(1, len(p))))
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokens = list(dict.fromkeys([*tokens, *(a + b for a, b in merges)]))
    vocabulary = {token: index for index, token in enumerate(tokens)}
    bpe = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    return _fast(bpe, "<pad>", "<unk>", "<s>", "</s>", "<mask>"), RobertaModel(_after_padding(RobertaConfig, bpe))


def xlm_roberta() -> tuple[PreTrainedTokenizerFast, XLMRobertaModel]:
    """SentencePiece's unigram model: a space becomes ▁, with which the first piece of a word begins."""
    pieces = {"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0, "<mask>": 0.0, "▁": -4.0}
    pieces |= {f"▁{word}": -1.0 for word in WORDS} | dict.fromkeys(ENDINGS, -1.0)
    pieces |= {character: -8.0 for character in CHARACTERS if character not in pieces}
    unigram = Tokenizer(models.Unigram(list(pieces.items()), unk_id=3))
    unigram.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    unigram.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    unigram.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    model = XLMRobertaModel(_after_padding(XLMRobertaConfig, unigram))
    return _fast(unigram, "<pad>", "<unk>", "<s>", "</s>", "<mask>"), model


def save_tiny_dpr(folder: Path, side: str) -> Path:
    """Save a tiny DPR encoder, "question" or "context", and return its folder."""
    kind = {"question": DPRQuestionEncoder, "context": DPRContextEncoder}[side]
    tokenizer = _wordpiece("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kind(DPRConfig(vocab_size=len(tokenizer), max_position_embeddings=POSITIONS, **SIZES, **RANDOM))
        randomize(model)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


TINY = {"bert": bert, "roberta": roberta, "mpnet": mpnet, "xlm-roberta": xlm_roberta}


def _wordpiece(pad: str, unk: str, cls: str, sep: str, mask: str, first: str | None = None) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer; `first` is the token with id 0, by default the padding."""
    special = [pad, unk, cls, sep, mask]
    if first is not None:
        special = [first, *(token for token in special if token != first)]
    inside = [f"##{piece}" for piece in (*ENDINGS, *CHARACTERS)]
    tokens = list(dict.fromkeys([*special, *WORDS, *CHARACTERS, *inside]))
    vocabulary = {token: index for index, token in enumerate(tokens)}
    wordpiece = Tokenizer(models.WordPiece(vocabulary, unk_token=unk))
    wordpiece.normalizer = normalizers.BertNormalizer()
    wordpiece.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    wordpiece.post_processor = processors.BertProcessing((sep, vocabulary[sep]), (cls, vocabulary[cls]))
    return _fast(wordpiece, pad, unk, cls, sep, mask)


def _fast(tokenizer: Tokenizer, pad: str, unk: str, cls: str, sep: str, mask: str) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        unk_token=unk,
        cls_token=cls,
        sep_token=sep,
        mask_token=mask,
        model_max_length=POSITIONS,
    )


def _after_padding(config: type[RobertaConfig | XLMRobertaConfig], tokenizer: Tokenizer) -> RobertaConfig:
    return config(
        vocab_size=tokenizer.get_vocab_size(),
        max_position_embeddings=POSITIONS + 2,
        type_vocab_size=1,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        **SIZES,
        **RANDOM,
    )
