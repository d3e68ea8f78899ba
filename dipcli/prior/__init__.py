"""Deep Image Prior itself: networks, inputs, operators, the loop; no files, no prints."""
