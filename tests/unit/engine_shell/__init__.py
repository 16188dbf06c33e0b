"""Ports, sequencer and node."""
