"""Contrastive objectives, one per file: each turns the embeddings of a batch into its loss."""

from wig_core.training.objectives.info_nce import InfoNCE
from wig_core.training.objectives.objective import Objective
from wig_core.training.objectives.softmax import Softmax
from wig_core.training.objectives.supervised_simcse import SupervisedSimCSE
from wig_core.training.objectives.unsupervised_simcse import UnsupervisedSimCSE

__all__ = ["InfoNCE", "Objective", "Softmax", "SupervisedSimCSE", "UnsupervisedSimCSE"]
