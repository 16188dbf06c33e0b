"""The gateway: REST and WebSocket for the world, typed commands for the engine, one live page."""
