"""Weights in few bits: formats, real bytes, weights that are rounded while they are trained, and what rounding breaks.

```python
from helpers import quantization

three = quantization.Format(3)
quantization.rounded(model, three)           # once, after training (PTQ)
quantization.errors(model, three, batch)     # of a whole model: layer by layer
quantization.packed(model, three)            # real bytes in the place of the layers
```
"""

from helpers.quantization.errors import Errors, errors
from helpers.quantization.fake import fake, linears, rounded, settled
from helpers.quantization.formats import KINDS, Codes, Format
from helpers.quantization.packing import PackedLinear, pack, packed, read, save, unpack

__all__ = [
    "KINDS", "Codes", "Errors", "Format", "PackedLinear", "errors", "fake", "linears", "pack", "packed", "read",
    "rounded", "save", "settled", "unpack",
]  # fmt: skip
