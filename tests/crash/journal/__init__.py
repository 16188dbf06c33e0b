"""What is left of a journal when the machine stops at the worst moment."""
