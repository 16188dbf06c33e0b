"""The JSON-RPC face of the chain, method by method as a real node answers."""
