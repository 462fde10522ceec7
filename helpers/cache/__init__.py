"""A teacher's signal on disk: written once, read while training, refused where it belongs to something else."""
