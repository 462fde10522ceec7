"""What the notebooks share: thin helpers around the real libraries."""
