"""What is learnt: from the copies of one picture, or from many pictures."""
