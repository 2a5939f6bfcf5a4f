"""The catalogue: the items that are stocked and the locations where."""
