"""Words: exact cases of every kind, properties over all of Unicode, and the owners of real tokenizers' tokens."""

import unicodedata
from itertools import pairwise

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wig_core.attribution.inputs import TokenizedSentence, tokenize_sentences
from wig_core.encoders.encoder import SentenceEncoder
from wig_core.text.words import Unit, is_word, normalise, segment, units_of_tokens, words_of

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
    "control characters": ("\x00a\x07b\x7f", ["a", "b"]),
    "byte order mark": ("\ufeffHi", ["hi"]),
    "zero width space": ("a\u200bb", ["a", "b"]),
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


def test_a_variation_selector_stays_with_its_ideograph() -> None:
    assert [unit.text for unit in segment("葛\U000e0100城")] == ["葛\U000e0100", "城"]


def test_a_word_has_a_letter_a_digit_or_an_emoji() -> None:
    assert all(is_word(unit) for unit in ["cat", "7", "3.14", "½", "京", "🎸", "🇫🇷", "don't", "cafe\u0301"])
    assert not any(is_word(unit) for unit in ["!", "…", "'", "$", "_", "\u0301", ""])


def test_words_exclude_punctuation() -> None:
    assert words_of("“Don’t!”, she said — 3 times… 🎸") == ["don't", "she", "said", "3", "times", "🎸"]
    assert words_of("?!") == []


# ── properties over all of Unicode ──

SEPARATES = regex.compile(r"[\s\p{C}]")  # spaces and control characters, formatting and unassigned ones included

texts = st.one_of(
    st.text(),
    st.text(st.sampled_from("aZé7.,'’- \u0301\u200d\u200c\ufe0f🎸👩🏽🇫🇷京がｶﾞ\u3099ש!_\x00\ufeff\U000e0067")),
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
    assert covered >= {position for position, character in enumerate(text) if not SEPARATES.match(character)}
    assert not any(SEPARATES.match(text[unit.start]) for unit in units)  # later ones are joiners inside a grapheme
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


@st.composite
def tokenized(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """A text and its tokens: in order, some empty, some twice at one place as in byte-level BPE, perhaps with gaps."""
    text = draw(texts)
    ends = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    spans = list(pairwise(ends))
    return text, [span for span in spans for _ in range(draw(st.integers(0, 2)))]


@given(tokenized())
def test_each_token_has_one_owner_in_order(case: tuple[str, list[tuple[int, int]]]) -> None:
    text, offsets = case
    units = segment(text)
    owners = units_of_tokens(units, offsets)
    if not units:
        assert owners == [None] * len(offsets)
        return
    assert len(owners) == len(offsets)
    assert all(isinstance(owner, int) and 0 <= owner < len(units) for owner in owners)
    assert owners == sorted(owners)
    for (start, end), owner in zip(offsets, owners, strict=True):
        shared = [max(0, min(end, unit.end) - max(start, unit.start)) for unit in units]
        following = [index for index, unit in enumerate(units) if unit.end > start]
        expected = shared.index(max(shared)) if any(shared) else (following or [len(units) - 1])[0]
        assert owner == expected


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


@settings(max_examples=60)
@given(text=texts.map(lambda text: text[:20]).filter(str.strip))
def test_every_token_is_owned(tiny: SentenceEncoder, text: str) -> None:
    [reading] = tokenize_sentences(tiny, [text])
    owners = owned(reading)
    assert owners == sorted(owners)
    assert all(owner >= 0 for owner in owners) or not reading.units


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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("last", ["\ufffd", "\u0301"], ids=["replacement character", "combining mark"])
def test_a_unit_without_tokens_is_not_truncation(bert: SentenceEncoder, last: str) -> None:
    # WordPiece's normaliser drops both, so the last unit has no token, yet the sentence is read to its end.
    [reading] = tokenize_sentences(bert, [f"a cat {last}"])
    assert [unit.text for unit in reading.units] == ["a", "cat", last]
    assert owned(reading) == [0, 1]
