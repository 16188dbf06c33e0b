"""Generated from proto/realstack/marketdata; made by `./dev proto`."""
