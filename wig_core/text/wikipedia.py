"""Sentences of a Wikipedia dump: running text without markup, split by a segmenter made for Wikipedia."""

from __future__ import annotations

import bz2
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import ParseError

import regex

from wig_core.errors import InputError, needs_extra
from wig_core.text.passages import sentence_starts

# Replaces markup that held words, until the bracket or sentence around it is dropped.
_HOLE = "\ufffc"
_SHOW_AS = {"nbsp": " ", "spaces": " ", "snd": " – ", "snds": " – ", "spaced ndash": " – ", "ndash": "–"}
_SHOW_AS |= {"mdash": "—", "mdashb": "—", "'": "'", "'s": "'s", "' \"": "'\"", '-"': '"'}
_SHOW_LAST = {"lang", "transl", "linktext", "nowrap", "small", "smaller", "big", "large", "sc", "vanchor"}
_SUPERSCRIPTS = str.maketrans("0123456789+-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_NOTE = re.compile(r"<!--.*?-->|<ref\b[^<>]*/>|<ref\b[^<>]*>.*?</ref\s*>|__[A-Z]+__", re.S | re.I)
_NO_PROSE = re.compile(
    r"<(math|chem|code|nowiki|pre|source|syntaxhighlight|gallery|timeline|poem|score|hiero|imagemap|references)\b"
    r"[^<>]*(?<!/)>.*?</\1\s*>|&[lg]t;",
    re.S | re.I,
)
_SUPERSCRIPT = re.compile(r"<sup>(.*?)</sup>", re.I)
_TEMPLATE = re.compile(r"\{\{((?:(?!\{\{|\}\}).)*)\}\}", re.S)
_NOTE_TEMPLATE = re.compile(r"\s*(?:sfn|rp\b|refn|efn|#tag:ref)|.*\bdate\s*=", re.S | re.I)
_TABLE = re.compile(r"\{\|(?:(?!\{\||\|\}).)*\|\}", re.S)
_URL_LINK = re.compile(r"\[(?:\w+:)?//[^\s\]]+\s*([^\[\]]*)\]")
_LINK = re.compile(r"\[\[((?:(?!\[\[|\]\]).)*)\]\]([ \t]*)", re.S)
_UNSEEN_LINK = re.compile(r"\s*(?:(?i:file|image|media|category):|(?:[a-z]{2,3}|simple):[^|]*$)")
_BLOCK_TAG = re.compile(r"</?(?:br|p|blockquote|div|center|hr|li|ul|ol|dl|dd|dt)\b[^<>]*>", re.I)

# Headings, list items, indented and preformatted lines, redirects, and remains of tables and templates.
_NO_PARAGRAPH = re.compile(rf"^(?:[ \t=*#:;|!{{}}-].*|[{_HOLE} \t]+)$", re.M)
_DAMAGED_BRACKET = re.compile(rf" ?\(([^()]*{_HOLE}[^()]*|\s*|\s*[,;:][^()]*)\)")
_SENTENCE = regex.compile(r"""["'“‘]*[\p{Lu}\p{N}].*[.!?…]["'”’)]*""")

# In no sentence: markup, addresses, and the segmenter's wrong splits of "pro-U.S. stance" and "Vol. 7".
_DEBRIS = re.compile(rf"[{_HOLE}|{{}}<>\[\]=\\_]|https?:|www\.|&#?\w+;|:;|^[A-Z]\. [a-z]|(?:-[A-Z]|-vs|\bVol)\.$")


@dataclass(frozen=True)
class Article:
    """A Wikipedia article: its title, and the sentences of each of its paragraphs, in order."""

    title: str
    paragraphs: list[list[str]]


def wikipedia_sentences(dump_path: str | os.PathLike[str]) -> Iterator[str]:
    """Stream the sentences of an English Wikipedia dump, article by article, as `wikipedia_articles` selects them.

    Args:
        dump_path: a `pages-articles` dump, `.xml` or `.xml.bz2`.

    Raises:
        InputError: the file is missing or not a complete dump; the extra `data` is not installed.

    Example:
        >>> first = next(wikipedia_sentences("enwiki-latest-pages-articles.xml.bz2"))  # doctest: +SKIP
    """
    for article in wikipedia_articles(dump_path):
        for sentences in article.paragraphs:
            yield from sentences


def wikipedia_articles(dump_path: str | os.PathLike[str]) -> Iterator[Article]:
    """Stream the articles of an English Wikipedia dump, with one article in memory at a time.

    Only running text is kept: no redirects, headings, lists, tables, captions, notes or formulas. Sentences that lost
    a word with its markup (a formula, a converted unit) are dropped. The others begin with a capital letter or digit
    (perhaps after a quotation mark), end in `.`, `!`, `?` or `…`, and have at least 4 words.

    Args:
        dump_path: a `pages-articles` dump, `.xml` or `.xml.bz2`.

    Raises:
        InputError: the file is missing or not a complete dump; the extra `data` is not installed.
    """
    with needs_extra("data"):
        from gensim.corpora.wikicorpus import extract_pages

    path = Path(os.path.expanduser(dump_path))  # noqa: PTH111  # the method fails for an unknown user
    try:
        with bz2.open(path) if path.suffix == ".bz2" else path.open("rb") as dump:
            for title, markup, _ in extract_pages(dump, filter_namespaces=("0",)):
                paragraphs = [whole_sentences(text) for text in _paragraphs(markup)]
                yield Article(title, [sentences for sentences in paragraphs if sentences])
    except InputError:
        raise
    except FileNotFoundError:
        raise InputError(f"{path}: file not found; give the path of a Wikipedia dump") from None
    except (OSError, EOFError, ValueError, RuntimeError, ParseError) as error:
        raise InputError(f"{path}: incomplete Wikipedia dump ({type(error).__name__}); download it again") from error


def _paragraphs(markup: str) -> Iterator[str]:
    """The paragraphs of running text of one article; gensim's `filter_wiki` removes tags, entities and the rest."""
    with needs_extra("data"):
        from gensim.corpora.wikicorpus import filter_wiki

    text = _NO_PROSE.sub(_HOLE, _NOTE.sub("", markup))
    text = _SUPERSCRIPT.sub(_superscript, text)
    text = _replace_nested(_TEMPLATE, _template, text)
    text = _replace_nested(_TABLE, "\n", text)
    text = _replace_nested(_LINK, _link, _URL_LINK.sub(r"\1", text))
    text = filter_wiki(_NO_PARAGRAPH.sub("", _BLOCK_TAG.sub("\n\n", text)))
    text = re.sub(r"'{4}(?!')|'{3}(?=s\b)", "'", text)  # ''title'''s: italics, then an apostrophe
    text = re.sub(r"'{2,}", "", text)  # bold and italics
    text = _replace_nested(_DAMAGED_BRACKET, _bracket, text)
    for paragraph in re.split(r"\n\s*\n", text):
        paragraph = re.sub(r" (?=[,.;:!?)](?:\s|$))", "", " ".join(paragraph.split()))
        yield re.sub(r"(?<!\.)\.\.(?= |$)", ".", paragraph)  # a note was between two full stops


def _replace_nested(pattern: re.Pattern[str], new: str | Callable[[re.Match[str]], str], text: str) -> str:
    """Replace innermost matches first, until none is left."""
    count = 1
    while count:
        text, count = pattern.subn(new, text)
    return text


def _superscript(match: re.Match[str]) -> str:
    return match[1].translate(_SUPERSCRIPTS) if re.fullmatch(r"[\d+−-]+|st|nd|rd|th", match[1]) else _HOLE


def _template(match: re.Match[str]) -> str:
    name, *arguments = match[1].split("|")
    name = name.strip().lower()
    if name in _SHOW_AS:
        return _SHOW_AS[name]
    if name in _SHOW_LAST:
        return next((argument for argument in reversed(arguments) if "=" not in argument), _HOLE)
    # A note follows a punctuation mark or has a known name; any other template in a line stood for words.
    is_note = match.string[match.start() - 1 : match.start()] in tuple(".,;!?)”") or _NOTE_TEMPLATE.match(match[1])
    return "" if is_note else _HOLE


def _link(match: re.Match[str]) -> str:
    if _UNSEEN_LINK.match(match[1]):
        return ""
    return match[1].rpartition("|")[2].lstrip(":") + match[2]


def _bracket(match: re.Match[str]) -> str:
    """Keep the whole parts of a bracket: "(born 1912)" of "(hole; born 1912)"."""
    parts = re.split(r"(?<=[;,]) ?", " ".join(match[1].split()))
    inside = " ".join(part for part in parts if _HOLE not in part and re.search(r"\w", part)).strip(";,: ")
    return f" ({inside})" if inside else ""


def split_sentences(paragraph: str) -> list[str]:
    """The sentences of English running text.

    Raises:
        InputError: the extra `data` is not installed.
    """
    starts = sentence_starts(paragraph)
    return [paragraph[start:end].strip() for start, end in pairwise([*starts, len(paragraph)])]


def whole_sentences(paragraph: str) -> list[str]:
    """The complete sentences of a paragraph, by the rules of `wikipedia_articles`."""
    return list(filter(_is_complete, split_sentences(paragraph)))


def _is_complete(sentence: str) -> bool:
    balanced = sentence.count("(") == sentence.count(")")
    is_sentence = _SENTENCE.fullmatch(sentence) is not None and _DEBRIS.search(sentence) is None
    return balanced and is_sentence and len(sentence.split()) >= 4
