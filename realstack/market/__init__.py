"""Generated from proto/realstack/market; made by `./dev proto`."""
