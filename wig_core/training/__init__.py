"""Training: contrastive fine-tuning of encoders, masked-language modelling, static word vectors."""
