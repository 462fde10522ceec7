"""Whether all that is asked of the libraries fits the GPU environment."""
