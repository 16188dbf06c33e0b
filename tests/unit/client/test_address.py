"""What a channel to one address, or to several, is told."""

from __future__ import annotations

import pytest

from realstack.client.session import channel_options


@pytest.mark.parametrize(
    ("address", "authority"),
    [
        ("127.0.0.1:5", None),
        ("engine.example:50051", None),
        ("ipv4:127.0.0.1:5,127.0.0.1:6", "127.0.0.1:5"),
        ("ipv6:[::1]:5,[::1]:6", "[::1]:5"),
    ],
)
def test_of_several_addresses_the_first_is_the_authority(
    address: str, authority: str | None
) -> None:
    """Names with commas between them are no authority, and strict servers refuse them."""
    assert dict(channel_options(address)).get("grpc.default_authority") == authority
