"""Which words drive a sentence embedding, and are they the informative ones?"""
