"""Sentence encoders: loading, names, the Hugging Face hub, evaluation."""
