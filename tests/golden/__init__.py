"""The golden case: hand-made families with the decisions that the rules, read by hand, give them."""
