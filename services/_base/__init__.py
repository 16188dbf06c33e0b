"""Plumbing that all services share."""
