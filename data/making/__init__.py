"""How the mini models are made. Nothing in the notebooks imports this."""
