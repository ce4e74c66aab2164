"""The information content of words in a corpus, and models in which it is known."""
