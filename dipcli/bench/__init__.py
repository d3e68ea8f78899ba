"""Measure the quality, time, memory and stopping of a preset on the standard pictures.

    python -m dipcli.bench DATA_FOLDER --suite denoise --preset fast --against preset=auto

Each picture runs in a process of its own through the public Python API, with an 8-bit picture in
and an 8-bit picture out, and is told neither the ground truth nor how the picture was degraded.
"""
