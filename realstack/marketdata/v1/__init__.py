"""Generated from proto/realstack/marketdata/v1; made by `./dev proto`."""
