"""Generated from proto/realstack/market/v1; made by `./dev proto`."""
