"""Sentences and their words: corpora, files, Wikipedia, word segmentation."""
