"""What a candidate must pass: limits, measured evidence, the Great Expectations suites over it, and the verdict."""
