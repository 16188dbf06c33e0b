"""The on-chain programs in Python: IDL, Borsh, typed builders, a transaction's limits."""
