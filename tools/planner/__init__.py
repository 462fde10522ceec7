"""What a run on a GPU takes before it is run: memory by part and minutes by phase, from formulas alone."""
