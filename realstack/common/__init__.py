"""Generated from proto/realstack/common; made by `./dev proto`."""
