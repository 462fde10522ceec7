"""Names for the types of models and tokenizers, so that a signature has them and torch (2 s) is not imported for it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import dtype as Dtype
    from torch.nn import Module as Model
    from transformers import PreTrainedTokenizerBase as Tokenizer
else:
    Dtype = Model = Tokenizer = Any

__all__ = ["Dtype", "Model", "Tokenizer"]
