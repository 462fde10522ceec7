"""The planner's tables, and peaks measured beside them."""
