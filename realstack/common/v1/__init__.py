"""Generated from proto/realstack/common/v1; made by `./dev proto`."""
