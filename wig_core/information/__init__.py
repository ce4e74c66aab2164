"""How informative a word is in a corpus."""
