"""The small and full tiers on an NVIDIA GPU, at their full shapes with random weights: `make measure`.

Weights take the same memory and time whatever their values, so all but quality is measured without a download.
"""
