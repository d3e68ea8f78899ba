"""Trained networks whose layers are looked into: read from a file, cut at a layer, named."""
