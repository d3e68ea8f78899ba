"""Large holes, filled with copies of what is known."""
