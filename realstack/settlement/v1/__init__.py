"""Generated from proto/realstack/settlement/v1; made by `./dev proto`."""
