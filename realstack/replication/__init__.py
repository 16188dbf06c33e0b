"""Generated from proto/realstack/replication; made by `./dev proto`."""
