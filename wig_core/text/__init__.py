"""Sentences and their words: corpora, files, Wikipedia, segmentation."""
