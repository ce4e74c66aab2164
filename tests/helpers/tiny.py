"""Tiny random encoders, saved as local folders: two layers of width 32, one for each kind of tokenizer.

Their vocabularies are written out by hand, so that tests know the subwords of a sentence: the characters and pieces
below are tokens, and everything else (an emoji, a Han character) is unknown to all tokenizers but byte-level BPE.
"""

from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import nn
from transformers import (
    AutoConfig,
    AutoModel,
    BertConfig,
    BertModel,
    DPRConfig,
    DPRContextEncoder,
    DPRQuestionEncoder,
    MPNetConfig,
    MPNetModel,
    MT5EncoderModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5EncoderModel,
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


AFTER = {"max_position_embeddings": POSITIONS + 2}  # positions start after the padding index
RELATIVE = {"relative_attention": True, "position_biased_input": False, "type_vocab_size": 0, "pos_att_type": "c2p|p2c"}
T5_SIZES = {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4, "is_encoder_decoder": False}
GPT2_SIZES = {"n_positions": POSITIONS, "n_embd": 32, "n_layer": 2, "n_head": 4}
LLAMA = {"num_key_value_heads": 2, "head_dim": 8}
# Settings of other architectures of transformers, besides SIZES; most of them override what is not in those.
ARCHITECTURES: dict[str, dict[str, object]] = {
    "bert": {},
    "roberta": AFTER,
    "xlm-roberta": AFTER,
    "camembert": AFTER,
    "mpnet": AFTER,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
    "electra": {"embedding_size": 16},
    "albert": {"embedding_size": 16},
    "deberta": RELATIVE,
    "deberta-v2": RELATIVE | {"position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True},
    "modernbert": {"local_attention": 8},
    "nomic_bert": {},
    "jina_embeddings_v3": AFTER,
    "eurobert": LLAMA,
    "xlnet": {"d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64, "max_position_embeddings": None},
    "longformer": AFTER | {"attention_window": 8},
    "big_bird": {"attention_type": "original_full"},
    "rembert": {"input_embedding_size": 16},
    "t5": T5_SIZES,
    "mt5": T5_SIZES,
    "gpt2": GPT2_SIZES,
    "gpt_neox": {},
    "opt": {"ffn_dim": 64, "word_embed_proj_dim": 32},
    "llama": LLAMA,
    "mistral": LLAMA | {"sliding_window": 8},
    "qwen3": LLAMA,
    "gemma2": LLAMA | {"sliding_window": 8},
    "gemma3_text": LLAMA | {"sliding_window": 8, "use_bidirectional_attention": True},
    "mobilebert": {"embedding_size": 32, "intra_bottleneck_size": 16, "true_hidden_size": 16},
    "fnet": {},
    "convbert": {"embedding_size": 32},
    "mixtral": LLAMA | {"num_local_experts": 4},
    "bart": {"d_model": 32},
}


def save_architecture(folder: Path, model_type: str) -> Path:
    """Save a tiny random encoder of an architecture, a key of `ARCHITECTURES`, with a tokenizer as XLM-RoBERTa's."""
    logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        tokenizer, _ = xlm_roberta()
        model = architecture(model_type, len(tokenizer))
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return folder


def architecture(model_type: str, vocabulary: int) -> PreTrainedModel:
    """A tiny random model of an architecture, a key of `ARCHITECTURES`."""
    special = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
    settings = {"vocab_size": vocabulary, "max_position_embeddings": POSITIONS, **special, **SIZES}
    settings |= ARCHITECTURES[model_type]
    config = AutoConfig.for_model(model_type, **{key: value for key, value in settings.items() if value is not None})
    for name in ("initializer_range", "init_std"):
        if hasattr(config, name):
            setattr(config, name, RANDOM["initializer_range"])
    model = {"t5": T5EncoderModel, "mt5": MT5EncoderModel}.get(model_type, AutoModel.from_config)(config)
    randomize(model)
    return model


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
