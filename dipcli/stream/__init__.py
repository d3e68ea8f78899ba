"""What a restoration yields step after step, and the state it goes on from."""
