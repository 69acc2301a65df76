"""From a sealed candidate to a release, and what BI reads of it."""
