"""The real tiers' lines are run with stand-ins for their models."""
