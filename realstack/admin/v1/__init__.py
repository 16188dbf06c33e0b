"""Generated from proto/realstack/admin/v1; made by `./dev proto`."""
