"""The native gRPC front, and the choice between it and the plain one of `engine.rpc`."""

from __future__ import annotations

from engine.front.choice import FRONTS, AnyFront, FrontMissing, make_front

__all__ = ["FRONTS", "AnyFront", "FrontMissing", "make_front"]
