"""How the mini models of the open world are made. Nothing in the notebooks imports this."""
