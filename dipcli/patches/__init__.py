"""The patch-group filter: groups of similar patches, estimated together."""
