"""A real student is trained on a real teacher's traces, on a CPU."""
