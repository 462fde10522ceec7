"""What writes README's tables from the committed figures."""
