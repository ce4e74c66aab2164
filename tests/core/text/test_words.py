"""Words: exact cases of every kind, properties over all of Unicode, and the owners of real tokenizers' tokens."""

import json
import unicodedata
import warnings
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import regex
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny import save_tiny, xlm_roberta
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from wig_core.attribution.inputs import TokenizedSentence, tokenize_sentences
from wig_core.attribution.integrated_gradients import integrated_gradients
from wig_core.attribution.shapley import shapley_values
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.errors import InputError
from wig_core.text.words import Unit, is_word, normalise, segment, units_of_tokens, words_of
from wig_core.word_weights import occurrence_weights

# ── exact cases ──

UNITS = {
    "words": ("The cat sat.", ["the", "cat", "sat", "."]),
    "empty": ("", []),
    "blank": (" \t\n\u00a0\u3000", []),
    "straight apostrophe": ("don't", ["don't"]),
    "typographic apostrophe": ("don’t", ["don't"]),
    "two apostrophes": ("rock'n'roll", ["rock'n'roll"]),
    "apostrophes outside": ("'tis the dogs'", ["'", "tis", "the", "dogs", "'"]),
    "hyphen": ("well-known", ["well", "-", "known"]),
    "dashes": ("so – well—", ["so", "–", "well", "—"]),
    "decimal": ("3.14", ["3.14"]),
    "thousands": ("1,000,000.50", ["1,000,000.50"]),
    "number before a full stop": ("In 1999.", ["in", "1999", "."]),
    "number before a comma": ("1999, 2000", ["1999", ",", "2000"]),
    "letters and digits": ("H2O mp3s 2nd", ["h2o", "mp3s", "2nd"]),
    "fraction": ("1½ x²", ["1½", "x²"]),
    "abbreviation": ("U.S.", ["u", ".", "s", "."]),
    "underscore": ("snake_case", ["snake", "_", "case"]),
    "currency": ("$5 £3.50", ["$", "5", "£", "3.50"]),
    "run of marks": ("what?!...", ["what", "?", "!", ".", ".", "."]),
    "emoji": ("hi🎸", ["hi", "🎸"]),
    "skin tone": ("👍🏽👍", ["👍🏽", "👍"]),
    "joined emoji": ("👩‍👩‍👧👨‍🚀", ["👩‍👩‍👧", "👨‍🚀"]),
    "flags": ("🇫🇷🇩🇪", ["🇫🇷", "🇩🇪"]),
    "flag of tags": ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", ["🏴󠁧󠁢󠁥󠁮󠁧󠁿"]),
    "variation selector": ("❤️", ["❤️"]),
    "keycap": ("1️⃣", ["1️⃣"]),
    "composed": ("caf\u00e9", ["caf\u00e9"]),
    "decomposed": ("cafe\u0301", ["caf\u00e9"]),
    "mark on punctuation": ("=\u0338", ["\u2260"]),
    "mark alone": ("a \u0301", ["a", "\u0301"]),
    "Han": ("東京", ["東", "京"]),
    "kana": ("ひらカナ", ["ひ", "ら", "カ", "ナ"]),
    "Han beside letters": ("京abc都", ["京", "abc", "都"]),
    "Hangul": ("한국어 말", ["한국어", "말"]),
    "Hebrew": ("שלום, עולם", ["שלום", ",", "עולם"]),
    "Arabic": ("مرحبا بالعالم؟", ["مرحبا", "بالعالم", "؟"]),
    "Devanagari": ("कर्म है", ["कर्म", "है"]),
    "Greek final sigma": ("ΛΟΓΟΣ", ["λογο\u03c2"]),
    "Persian non-joiner": ("می\u200cخواهم بروم", ["میخواهم", "بروم"]),
    "Sinhala joiner": ("ශ්\u200dරී ලංකා", ["ශ්රී", "ලංකා"]),
    "Devanagari joiner": ("क्\u200dष", ["क्ष"]),
    "soft hyphens": ("Wertpapier\u00adindex co\u00adoperate", ["wertpapierindex", "cooperate"]),
    "word joiner": ("U\u2060S", ["us"]),
    "beside an apostrophe": ("don\u2060’\u00adt", ["don't"]),
    "inside a number": ("3\u2060.\u20601 1\u200d,5", ["3.1", "1,5"]),
    "direction marks": ("\u200fשלום\u200f, \u2068ab\u2069c", ["שלום", ",", "abc"]),
    "variation selector in a word": ("ᠠ\u180bᠨ", ["ᠠᠨ"]),
    "hidden alone": ("a \ufe0f \u00ad \u200d b", ["a", "b"]),
    "control characters": ("\x00a\x07b\x7f T\x10his", ["ab", "this"]),
    "separators": ("a\x1cb\x1fc\x85d\x0be", ["a", "b", "c", "d", "e"]),
    "byte order mark": ("\ufeffHi", ["hi"]),
    "byte order mark inside": ("a\ufeffb", ["ab"]),
    "zero width space": ("a\u200bb", ["a", "b"]),
    "private use and unassigned": ("\ue000a \u0378", ["\ue000", "a", "\u0378"]),
    "half a surrogate pair": ("a\ud800b", ["a", "b"]),
    "Turkish dotted I": ("İstanbul’da istanbul", ["istanbul'da", "istanbul"]),
    "dotted I, lower-cased before": ("i\u0307stanbul I\u0307Ş", ["istanbul", "iş"]),
    "dot above and below": ("I\u0307\u0323 I\u0323\u0307", ["ị\u0307", "ị\u0307"]),
    "sharp s": ("STRASSE Straße GROẞ", ["strasse", "straße", "groß"]),
    "prolonged sound marks": ("コーヒーらーめん ーa", ["コー", "ヒー", "らー", "め", "ん", "ー", "a"]),
    "halfwidth kana": ("ｶﾞｰﾄﾞ ﾊﾟﾝab", ["ｶﾞｰ", "ﾄﾞ", "ﾊﾟ", "ﾝ", "ab"]),
    "Thai": ("ทำได้ ab", ["ทำ", "ไ", "ด้", "ab"]),
    "Khmer, Burmese, Lao": ("ភាសា မြန်မာ ລາວ", ["ភា", "សា", "မြ", "န်", "မာ", "ລ", "າ", "ວ"]),
    "Tibetan": ("བོད་ཡིག", ["བོད", "་", "ཡིག"]),
    "Arabic number": ("١٬٢٣٤٫٥ \u06dd١٢", ["١٬٢٣٤٫٥", "\u06dd١٢"]),
    "address": ("a@b.org", ["a", "@", "b", ".", "org"]),
}


@pytest.mark.parametrize(("sentence", "units"), UNITS.values(), ids=UNITS)
def test_units(sentence: str, units: list[str]) -> None:
    assert [unit.text for unit in segment(sentence)] == units


def test_units_have_offsets() -> None:
    assert segment(" Don’t stop 🇫🇷") == [Unit("don't", 1, 6), Unit("stop", 7, 11), Unit("🇫🇷", 12, 14)]


@pytest.mark.parametrize(
    "sentence",
    ["café Ångström naïve", "한국어", "≠ x", "ﬁ Ḍ̣ ṩ", "Ω K Å", "שׁ", "がぎ ガabc ヴ"],
    ids=["Latin", "Hangul", "mark on punctuation", "several marks", "singletons", "Hebrew", "kana"],
)
def test_composed_and_decomposed_text_are_equal(sentence: str) -> None:
    units = [[unit.text for unit in segment(unicodedata.normalize(form, sentence))] for form in ("NFC", "NFD")]
    assert units[0] == units[1]


def test_hidden_characters_are_in_the_unit_and_not_in_its_name() -> None:
    assert segment("葛\U000e0100城") == [Unit("葛", 0, 2), Unit("城", 2, 3)]
    assert segment("İ\u00adZ i") == [Unit("iz", 0, 3), Unit("i", 4, 5)]


def test_a_word_has_a_letter_a_digit_or_an_emoji() -> None:
    assert all(is_word(unit) for unit in ["cat", "7", "3.14", "½", "京", "🎸", "🇫🇷", "don't", "cafe\u0301"])
    assert not any(is_word(unit) for unit in ["!", "…", "'", "$", "_", "\u0301", ""])


def test_words_exclude_punctuation() -> None:
    assert words_of("“Don’t!”, she said — 3 times… 🎸") == ["don't", "she", "said", "3", "times", "🎸"]
    assert words_of("?!") == []


# ── properties over all of Unicode ──

HIDDEN = regex.compile(r"[\s\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}]")  # spaces, and what has no width

texts = st.one_of(
    st.text(),
    st.text(
        st.sampled_from(
            "aZé7.,'’- "
            "\u0301\u200d\u200c\ufe0f🎸👩🏽🇫🇷京がｶﾞ\u3099ש!_\x00\ufeff\U000e0067\xad\u2060\u200bİΣßーｰกำ်་\ue000"
        )
    ),
)


@given(texts)
@example("👩\u200d👩")
@example("\u0301\u0301 a")
@example("!\u200d\u200d")
def test_units_are_in_order_and_cover_every_visible_character(text: str) -> None:
    units = segment(text)
    assert all(unit.start < unit.end for unit in units)
    assert all(one.end <= other.start for one, other in pairwise(units))
    covered = {position for unit in units for position in range(unit.start, unit.end)}
    assert covered >= {position for position, character in enumerate(text) if not HIDDEN.match(character)}
    assert not any(HIDDEN.match(text[unit.start]) for unit in units)
    assert not any(character.isspace() for unit in units for character in text[unit.start : unit.end])


@given(texts)
def test_a_unit_is_the_normal_form_of_its_characters(text: str) -> None:
    for unit in segment(text):
        assert unit.text == normalise(text[unit.start : unit.end]) == normalise(unit.text)


@given(texts)
def test_words_are_the_units_that_count(text: str) -> None:
    assert words_of(text) == [unit.text for unit in segment(text) if is_word(unit.text)]


@given(texts, texts)
def test_joined_sentences_have_the_units_of_each(left: str, right: str) -> None:
    both = [unit.text for unit in segment(f"{left} \n {right}")]
    assert both == [unit.text for sentence in (left, right) for unit in segment(sentence)]


@given(texts)
def test_equivalent_texts_have_the_same_units(text: str) -> None:
    units = [[unit.text for unit in segment(unicodedata.normalize(form, text))] for form in ("NFC", "NFD")]
    assert units[0] == units[1]


# ── tokens to units ──

TOKENS_OF_UNITS = {
    "no tokens": ("the cat", [], [], []),
    "no units": (" \x00", [(0, 1), (1, 2)], [], [-1, -1]),
    "a piece over three characters": ("日本語です", [(0, 3), (3, 4), (4, 5)], ["日本語", "で", "す"], [0, 1, 2]),
    "three full stops": ("a cat...", [(0, 1), (2, 5), (5, 8)], ["a", "cat", "..."], [0, 1, 2]),
    "a word and its comma": ("cats, a", [(0, 3), (3, 5), (6, 7)], ["cats,", "a"], [0, 0, 1]),
    "two words": ("one of the cats", [(0, 3), (3, 10), (10, 15)], ["one", "of the", "cats"], [0, 1, 2]),
    "a chain": ("a b c d", [(0, 3), (2, 5), (6, 7)], ["a b c", "d"], [0, 0, 1]),
    "bytes of one character": ("a🎸b", [(0, 1), (1, 2), (1, 2), (1, 2), (2, 3)], ["a", "🎸", "b"], [0, 1, 1, 1, 2]),
    "a space inside a merged unit": ("a b c", [(2, 5), (0, 1), (3, 4)], ["a", "b c"], [1, 0, 1]),
    "bytes of two characters": ("京都", [(0, 1), (0, 2), (1, 2)], ["京都"], [0, 0, 0]),
    "a unit is dropped": ("a \ufffd cat", [(0, 1), (4, 7)], ["a", "cat"], [0, 1]),
    "a space mark before a dropped unit": ("a \ufffd cat", [(0, 1), (1, 2), (4, 7)], ["a", "cat"], [0, 1, 1]),
    "a space at the end": ("a cat ", [(0, 1), (2, 5), (5, 6)], ["a", "cat"], [0, 1, 1]),
    "cut on the right": ("the cat sat", [(0, 3), (4, 5)], ["the", "cat"], [0, 1]),
    "cut on the left": ("the cat sat", [(5, 7), (8, 11)], ["cat", "sat"], [0, 1]),
    "backwards": ("the cat sat", [(8, 11), (4, 7), (0, 3)], ["the", "cat", "sat"], [2, 1, 0]),
    "an empty token at the start": ("the cat", [(0, 0), (0, 3), (4, 7)], ["the", "cat"], [0, 0, 1]),
    "an empty token for a word": ("the cat sat", [(0, 3), (0, 0), (8, 11)], ["the", "cat", "sat"], [0, 1, 2]),
    "two empty tokens for two words": ("a b c d", [(0, 1), (0, 0), (0, 0), (6, 7)], ["a", "b c", "d"], [0, 1, 1, 2]),
    "an empty token at a cut": ("the cat sat", [(0, 3), (0, 0)], ["the"], [0, 0]),
    "an empty token inside a word": ("the cat", [(0, 3), (4, 5), (5, 5), (5, 7)], ["the", "cat"], [0, 1, 1, 1]),
    "all empty": ("the cat", [(0, 0), (0, 0)], [], [-1, -1]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "offsets", "names", "owners"), TOKENS_OF_UNITS.values(), ids=TOKENS_OF_UNITS)
def test_units_of_tokens(text: str, offsets: list[tuple[int, int]], names: list[str], owners: list[int]) -> None:
    units, found = units_of_tokens(segment(text), offsets)
    assert ([unit.text for unit in units], found) == (names, owners)
    assert all(text[unit.start : unit.end].replace("  ", " ") == unit.text for unit in units)


@st.composite
def tokenized(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A text and its tokens: in order or not, some empty, some at one place as in byte-level BPE, some overlapping."""
    text = draw(texts)
    place = st.integers(0, len(text))
    if draw(st.booleans()):
        return text, draw(st.lists(st.tuples(place, place).map(lambda ends: (min(ends), max(ends))), max_size=8))
    spans = list(pairwise(sorted(draw(st.lists(place, max_size=12)))))
    return text, [span for span in spans for _ in range(draw(st.integers(0, 2)))]


def merged_by_hand(units: list[Unit], offsets: list[tuple[int, int]]) -> list[set[int]]:
    """The sets of units that share tokens, found by joining any two sets that overlap until none do."""
    sets = [{i for i, unit in enumerate(units) if unit.start < end and start < unit.end} for start, end in offsets]
    sets = [one for one in sets if one]
    while overlapping := next(((a, b) for a, b in combinations(sets, 2) if a & b), None):
        one, other = overlapping
        sets = [kept for kept in sets if kept is not one and kept is not other] + [one | other]
    return sorted(sets, key=min)


@given(tokenized())
def test_units_that_share_tokens_are_one_and_each_owns_a_token(case: tuple[str, list[tuple[int, int]]]) -> None:
    text, offsets = case
    offsets = [(start, end) for start, end in offsets if start < end]
    whole = segment(text)
    units, owners = units_of_tokens(whole, offsets)
    expected = merged_by_hand(whole, offsets)
    assert [(unit.start, unit.end) for unit in units] == [(whole[min(s)].start, whole[max(s)].end) for s in expected]
    for (start, end), owner in zip(offsets, owners, strict=True):
        sharing = [i for i, unit in enumerate(units) if unit.start < end and start < unit.end]
        assert sharing in ([owner], [])
    assert set(owners) - {-1} == set(range(len(units)))


@given(tokenized())
def test_no_token_is_lost(case: tuple[str, list[tuple[int, int]]]) -> None:
    text, offsets = case
    units, owners = units_of_tokens(segment(text), offsets)
    assert len(owners) == len(offsets)
    assert set(owners) == (set(range(len(units))) if units else {-1} if offsets else set())
    assert all(one.end <= other.start for one, other in pairwise(units))


@given(tokenized())
def test_tokens_in_order_have_owners_in_order(case: tuple[str, list[tuple[int, int]]]) -> None:
    text, offsets = case
    starts, ends = sorted(start for start, _ in offsets), sorted(end for _, end in offsets)
    _, owners = units_of_tokens(segment(text), list(zip(starts, ends, strict=True)))
    assert owners == sorted(owners)


# ── tokens of real tokenizers ──


def tokens_of_units(encoder: SentenceEncoder, sentence: str) -> dict[str | None, str]:
    """The tokens that each unit owns, with spaces between them; those that no unit owns under None."""
    [reading] = tokenize_sentences(encoder, [sentence])
    tokens = encoder.tokenizer.convert_ids_to_tokens(reading.input_ids.tolist())
    owners = [None if owner < 0 else reading.units[owner].text for owner in reading.owners.tolist()]
    return {
        unit: " ".join(token for token, owner in zip(tokens, owners, strict=True) if owner == unit)
        for unit in dict.fromkeys(owners)
    }


SENTENCE = "unbelievable cats don’t 🎸, well-known 京"
WORDPIECE = {
    "unbelievable": "un ##believ ##able",
    "cats": "cat ##s",
    "don't": "don ’ t",
    "🎸": "[UNK]",
    ",": ",",
    "well": "well",
    "-": "-",
    "known": "known",
    "京": "[UNK]",
}
TOKENS = {
    "bert": {None: "[CLS] [SEP]", **WORDPIECE},
    "mpnet": {None: "<s> </s>", **WORDPIECE},
    "roberta": {
        None: "<s> </s>",
        "unbelievable": "un believ able",
        "cats": "Ġcat s",
        "don't": "Ġdon â Ģ Ļ t",  # three bytes to the apostrophe, four to the emoji
        "🎸": "Ġ ð Ł İ ¸",
        ",": ",",
        "well": "Ġwell",
        "-": "-",
        "known": "known",
        "京": "Ġ ä º ¬",
    },
    "xlm-roberta": {
        None: "<s> </s>",
        "unbelievable": "▁un believ able",
        "cats": "▁cat s",
        "don't": "▁don ’ t",
        "🎸": "▁ <unk>",
        ",": ",",
        "well": "▁well",
        "-": "-",
        "known": "k n o w n",
        "京": "▁ <unk>",
    },
}


@pytest.mark.parametrize("kind", TOKENS)
def test_owners_of_subwords(kind: str, tiny_encoders: dict[str, SentenceEncoder]) -> None:
    assert tokens_of_units(tiny_encoders[kind], SENTENCE) == TOKENS[kind]


def test_every_tokenizer_sees_the_same_units(tiny: SentenceEncoder) -> None:
    assert [unit.text for unit in tokenize_sentences(tiny, [SENTENCE])[0].units] == list(WORDPIECE)


def test_owners_of_a_real_tokenizer(minilm: SentenceEncoder) -> None:
    assert tokens_of_units(minilm, "Unbelievably, it's 3.14 🎸!") == {
        None: "[CLS] [SEP]",
        "unbelievably": "un ##bel ##ie ##va ##bly",
        ",": ",",
        "it's": "it ' s",
        "3.14": "3 . 14",
        "🎸": "[UNK]",
        "!": "!",
    }


def owned(reading: TokenizedSentence) -> list[int]:
    """The owners of the tokens between the first and the last, which the tokenizer added."""
    assert reading.owners[0] == reading.owners[-1] == -1
    return reading.owners[1:-1].tolist()


def check_reading(encoder: SentenceEncoder, text: str) -> None:
    """Every token is owned, in order, every unit owns a token, and no visible character is lost in silence."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        [reading] = tokenize_sentences(encoder, [text])
    owners = owned(reading)
    assert owners == sorted(owners)
    assert set(owners) == (set(range(len(reading.units))) if reading.units else {-1} if owners else set())
    seen = {position for unit in (*reading.units, *reading.dropped) for position in range(unit.start, unit.end)}
    assert reading.is_cut or seen >= {i for i, character in enumerate(text) if not HIDDEN.match(character)}
    assert len(caught) == reading.is_cut + bool(reading.dropped)


sentences = texts.map(lambda text: text[:20]).filter(str.strip)


@settings(max_examples=60)
@given(text=sentences)
def test_every_token_is_owned_and_every_unit_owns_one(tiny: SentenceEncoder, text: str) -> None:
    check_reading(tiny, text)


@settings(max_examples=100)
@given(pieces=st.lists(st.text("aé7.,'’- が京都ー🎸\u0301", min_size=1, max_size=4), unique=True), text=sentences)
@pytest.mark.parametrize("space", ["▁", " "], ids=["SentencePiece", "pieces across spaces"])
def test_a_random_tokenizer_loses_nothing(bert: SentenceEncoder, space: str, pieces: list[str], text: str) -> None:
    vocabulary = {"<unk>": 0.0, "[CLS]": 0.0, "[SEP]": 0.0, space: -9.0}
    vocabulary |= {piece.replace(" ", space): -float(1 + number % 5) for number, piece in enumerate(pieces)}
    unigram = Tokenizer(models.Unigram(list(vocabulary.items()), unk_id=0))
    if space == "▁":
        unigram.pre_tokenizer = pre_tokenizers.Metaspace(replacement=space, prepend_scheme="always")
    unigram.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=unigram, unk_token="<unk>", pad_token="<unk>")
    check_reading(replace(bert, tokenizer=tokenizer), text)


@pytest.fixture(scope="module")
def spanning(tmp_path_factory: pytest.TempPathFactory) -> SentenceEncoder:
    """The tiny XLM-R with tokens over several units."""
    tokenizer, model = xlm_roberta()
    settings = json.loads(tokenizer.backend_tokenizer.to_str())
    settings["model"]["vocab"] += [[piece, -1.0] for piece in ("北京", "天气", "今", "...", "▁日本語", "s,")]
    spanning = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(settings)), **tokenizer.special_tokens_map
    )
    model.resize_token_embeddings(len(spanning))
    folder = tmp_path_factory.mktemp("spanning")
    for part in (spanning, model):
        part.save_pretrained(folder)
    return SentenceEncoder.load(folder, device="cpu")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("今天北京天气", ["今", "天", "北京", "天气"]),
        ("the 日本語 sat...", ["the", "日本語", "sat", "..."]),
        ("cats, a mat", ["cats,", "a", "mat"]),
    ],
)
def test_no_contribution_is_zero_for_want_of_a_token(spanning: SentenceEncoder, text: str, words: list[str]) -> None:
    [explained] = integrated_gradients(spanning, [text], steps=64)
    assert explained.words == words
    assert (explained.norms > 1e-3).all()
    assert explained.completeness_error < 0.01
    [of_tokens] = integrated_gradients(spanning, [text], steps=64, granularity="subword")
    [reading] = tokenize_sentences(spanning, [text])
    summed = torch.zeros_like(explained.vectors).index_add_(0, torch.tensor(owned(reading)), of_tokens.vectors)
    torch.testing.assert_close(summed, explained.vectors, rtol=1e-4, atol=1e-5)
    [shares] = shapley_values(spanning, [text])
    assert (shares.words, shares.completeness_error < 1e-5) == (words, True)


@settings(max_examples=30)
@given(words=st.lists(st.text("abcinstuv", min_size=1, max_size=6), min_size=1, max_size=6))
def test_a_word_of_several_subwords_is_one_unit(tiny: SentenceEncoder, words: list[str]) -> None:
    [reading] = tokenize_sentences(tiny, [" ".join(words)])
    assert [unit.text for unit in reading.units] == words
    assert set(owned(reading)) == set(range(len(words)))


def test_a_truncated_sentence_keeps_the_units_that_are_read(bert: SentenceEncoder) -> None:
    # The limit is 64 tokens: [CLS], 61 times "a", "un", [SEP]; neither "##able" nor the last word is read.
    with pytest.warns(UserWarning, match="1 of 1 sentences are longer than the 64 tokens"):
        [reading] = tokenize_sentences(bert, ["a " * 61 + "unable cat"])
    assert [unit.text for unit in reading.units] == ["a"] * 61 + ["unable"]
    assert owned(reading) == list(range(62))


def test_a_sentence_cut_on_the_left_keeps_its_last_units(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path, "bert")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(settings | {"truncation_side": "left"}))
    encoder = SentenceEncoder.load(folder, device="cpu")
    sentence = "the cat sat on a mat " * 30
    with pytest.warns(UserWarning, match="longer than the 64 tokens that .* reads; the words before are left out$"):
        [reading] = tokenize_sentences(encoder, [sentence])
    assert [unit.text for unit in reading.units] == sentence.split()[-62:]
    assert owned(reading) == list(range(62))
    with pytest.warns(UserWarning, match="before"):
        [explained] = integrated_gradients(encoder, [sentence], steps=2)
    assert (explained.norms > 0).all()


def test_a_cut_sentence_is_named_for_tokens_too(bert: SentenceEncoder) -> None:
    with pytest.warns(UserWarning, match="1 of 2 sentences are longer"):
        [reading, _] = tokenize_sentences(bert, ["a " * 70, "a"], "subword")
    assert len(reading.units) == 62


@pytest.mark.parametrize("last", ["\ufffd", "\u0301", "\ue000"], ids=["replaced", "combining mark", "private use"])
def test_a_dropped_unit_is_named_and_weighs_nothing(bert: SentenceEncoder, last: str) -> None:
    # WordPiece's normaliser drops them, so the last unit has no token, yet the sentence is read to its end.
    with pytest.warns(UserWarning, match="no token") as caught:
        [reading, _] = tokenize_sentences(bert, [f"a cat {last}", "a cat"])
    assert [str(one.message) for one in caught] == [
        f"{bert.name} has no token for {last!r} in 1 of 2 sentences; left out"
    ]
    assert [unit.text for unit in reading.units] == ["a", "cat"]
    assert owned(reading) == [0, 1]
    with pytest.warns(UserWarning, match="no token"):
        [explained] = integrated_gradients(bert, [f"a cat {last}"], steps=2)
    assert occurrence_weights([explained])["weight"].tolist() == (2 * explained.norms).tolist()


def test_many_dropped_units_are_named_in_part(bert: SentenceEncoder) -> None:
    text = " ".join(["a", *(chr(0xE000 + number) for number in range(12))])
    with pytest.warns(UserWarning, match=r"'\\ue009', … in 1 of 1 sentences; left out$"):
        tokenize_sentences(bert, [text])


@pytest.mark.filterwarnings("error")
def test_characters_that_the_tokenizer_deletes_inside_words_are_read(bert: SentenceEncoder) -> None:
    [reading] = tokenize_sentences(bert, ["the\u00ad ca\u200dt s\x10at ca\ufffdt"])
    assert [unit.text for unit in reading.units] == ["the", "cat", "sat", "ca\ufffdt"]
    assert owned(reading) == [0, 1, 2, 3]


def test_a_tokenizer_without_offsets(bert: SentenceEncoder) -> None:
    class WithoutOffsets:
        truncation_side = "right"

        def __call__(self, *given: Any, **options: Any) -> Any:
            batch = bert.tokenizer(*given, **options)
            batch["offset_mapping"] = torch.zeros_like(batch["offset_mapping"])
            return batch

    with pytest.raises(InputError, match="does not say which characters its tokens stand for; give an encoder"):
        tokenize_sentences(replace(bert, tokenizer=WithoutOffsets()), ["the cat"])
