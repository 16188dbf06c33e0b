"""Settlement: fills become netted batches of token transfers, each made on chain exactly once."""
