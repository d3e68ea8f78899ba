"""Deep Image Prior itself: networks, inputs, losses, optimizers, the loop, when it stops."""
