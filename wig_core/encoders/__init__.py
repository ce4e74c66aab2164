"""Sentence encoders: loading, names, the hub, evaluation."""
