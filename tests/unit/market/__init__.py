"""Unit tests of the market service and of what services share."""
