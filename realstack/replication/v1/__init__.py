"""Generated from proto/realstack/replication/v1; made by `./dev proto`."""
