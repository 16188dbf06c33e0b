"""Generated from proto/realstack/settlement; made by `./dev proto`."""
