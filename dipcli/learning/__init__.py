"""What is learnt from the picture's own copies."""
