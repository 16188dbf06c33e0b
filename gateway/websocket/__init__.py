"""WebSocket `/v1/ws`: market data for everybody, private streams and order entry for members."""
