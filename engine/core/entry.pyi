"""The core's entry point for C, described in `bench/capi/realstack_core.h`."""

def apply_address() -> int:
    """Give the address of `rs_apply`."""

def event_count_address() -> int:
    """Give the address of `rs_event_count`."""

def digest_address() -> int:
    """Give the address of `rs_digest`."""
