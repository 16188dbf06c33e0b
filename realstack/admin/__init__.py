"""Generated from proto/realstack/admin; made by `./dev proto`."""
