"""Market history: trades and candles from a projection of the engine's stream that is its own."""
