"""Python that moves and judges data, in the order of a cycle."""
