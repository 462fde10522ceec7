"""Memory and time of the losses, of the alignment, and of a busy machine."""
