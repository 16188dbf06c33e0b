"""Settlement: fills become netted batches of token transfers, each settled on chain exactly once."""
