"""What would be published: data sets, digests, statement and manifest."""
