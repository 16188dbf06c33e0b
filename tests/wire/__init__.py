"""What comes over the wire that should not: bad input at every door, and hostile bytes."""
