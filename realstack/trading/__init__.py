"""Generated from proto/realstack/trading; made by `./dev proto`."""
