"""What the venue remembers: every command in order, in frames that are synced before any answer."""
