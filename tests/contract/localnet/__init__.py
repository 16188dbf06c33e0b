"""The local network, driven over a real socket by the client library that production uses."""
