"""The parts of the local network, each by itself."""
