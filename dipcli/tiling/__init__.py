"""Large pictures: done in tiles, in smaller ones when the memory does not last."""
