"""Services around the venue, each with its own contract, rules and tables."""
