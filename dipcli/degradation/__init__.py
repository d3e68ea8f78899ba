"""What was done to a picture: noise and its estimation, compression, what a residual tells."""
