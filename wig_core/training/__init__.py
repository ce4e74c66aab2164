"""Training: masked-language modelling of a base model, and contrastive fine-tuning of an encoder."""
