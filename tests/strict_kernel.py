"""Every kernel that the tests start runs this first: a FutureWarning that our own code causes is an error there too."""

import warnings

# PYTHONWARNINGS can not say this: its module is the whole name of one module, not the beginning of many.
warnings.filterwarnings("error", category=FutureWarning, module=r"helpers(\.|$)")
