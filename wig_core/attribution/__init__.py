"""Vector-valued contributions of words to a sentence embedding."""
