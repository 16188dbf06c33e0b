"""Generated from proto/realstack/trading/v1; made by `./dev proto`."""
