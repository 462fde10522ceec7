"""The methods, a file each: a distillation is an object with a `run()`.

| object | the student learns |
| --- | --- |
| `Token` | the teacher's verified traces, word for word |
| `Logits` | the teacher's distributions, asked again at each step |
| `Cached` | the same from a cache, without the teacher |
| `CrossTokenizer` | the distributions of a teacher with other tokens |
| `OnPolicy`, `OnPolicyAcross` | what the teacher holds likely in the student's own text |
| `LiveFeatures`, `CachedFeatures`, `CrossTokenizerFeatures` | what the teacher holds inside as well |
| `QuantizationAware` | its own distributions, in fewer bits |
| `Ensemble` | the mean of several specialists' distributions, adapters of its own base |
| `Specialists` | for each question what the specialist of its kind holds likely in the student's own text |
| `Preference` | to tell its own right answers from its own wrong ones |
| `AllWeights`, `AllWeightsCached`, `AllWeightsFeatures` | with every weight: for a student cut out of a larger model |

`methods.pruning` makes a student of some of its teacher's layers, `methods.selection` says which, and `methods.cutting`
narrows it and keeps it as a folder. Each object is loaded when it is first asked for: its trainer stands on
transformers, and where the tier runs through Unsloth, Unsloth has to be imported before that.
"""

from importlib import import_module

from helpers import models, tiers

FILES = {
    "Token": "token",
    "Logits": "logits",
    "Cached": "cached",
    "CrossTokenizer": "cross_tokenizer",
    "OnPolicy": "on_policy",
    "OnPolicyAcross": "on_policy_across",
    "LiveFeatures": "features",
    "CachedFeatures": "features",
    "CrossTokenizerFeatures": "features",
    "QuantizationAware": "quantized",
    "Ensemble": "specialists",
    "Specialists": "specialists",
    "Preference": "preference",
    "AllWeights": "all_weights",
    "AllWeightsCached": "all_weights",
    "AllWeightsFeatures": "all_weights",
}
__all__ = list(FILES)


def __getattr__(name: str):
    if name not in FILES:
        raise AttributeError(f"there is no method called {name}; choose from {', '.join(FILES)}")
    if tiers.resolved():
        models.prepare(tiers.resolved())
    return getattr(import_module(f"helpers.methods.{FILES[name]}"), name)
