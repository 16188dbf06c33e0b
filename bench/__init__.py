"""Measurements: what they measure, how, and with which command, is in bench/README.md."""
