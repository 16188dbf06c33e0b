"""What services share: page tokens, waiting times, addresses and settings."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realstack.settings import MissingSetting
from services._base.pages import (
    InvalidPageToken,
    decode_page_token,
    encode_page_token,
    page_size,
)
from services._base.process import run_until_stopped, stop_event
from services._base.retry import Backoff
from services._base.settings import (
    add_setting,
    keys_path,
    read_api_key,
    read_settings,
    server_parser,
    split_address,
)


@given(st.text(), st.integers(0, 2**64 - 1))
def test_a_page_token_gives_back_its_position(scope: str, position: int) -> None:
    """A token stands for one place in one list."""
    assert position == decode_page_token(scope, encode_page_token(scope, position))


@given(st.text(max_size=40))
def test_text_that_is_no_token_is_refused(text: str) -> None:
    """A token that was not given out is an error, not a place."""
    with pytest.raises(InvalidPageToken):
        decode_page_token("a list", text)


def test_a_token_of_another_list_is_refused() -> None:
    """Going on in another list, or with other filters, would skip rows unseen."""
    token = encode_page_token("trades market=1", 7)
    with pytest.raises(InvalidPageToken, match="another list"):
        decode_page_token("trades market=2", token)


def test_a_page_has_the_default_size_unless_asked_and_never_more_than_the_limit() -> None:
    """Zero asks for the default; too many is refused, not cut."""
    assert page_size(0, default=100, limit=1_000) == 100
    assert page_size(1_000, default=100, limit=1_000) == 1_000
    with pytest.raises(ValueError, match="at most 1,000"):
        page_size(1_001, default=100, limit=1_000)


def test_waits_double_up_to_the_longest_and_start_again_after_success() -> None:
    """A server that is away is not hammered, and one that is back is found quickly."""
    backoff = Backoff(first=1.0, longest=8.0)
    waits = [backoff.next_seconds() for _ in range(6)]
    longest = [1, 2, 4, 8, 8, 8]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, longest, strict=True))
    backoff.reset()
    assert backoff.next_seconds() <= 1.0


async def test_a_backoff_waits_for_its_time() -> None:
    """Waiting uses the loop's clock and nothing else."""
    backoff = Backoff(first=0.001, longest=0.001)
    await backoff.wait()
    assert backoff.tries == 1


def test_an_address_is_host_and_port() -> None:
    """IPv6 hosts stand in brackets, as in URLs."""
    assert split_address("127.0.0.1:80") == ("127.0.0.1", 80)
    assert split_address("[::1]:80") == ("::1", 80)


@pytest.mark.parametrize("text", ["", "80", ":80", "host:", "host:x", "host:-1", "host:٨"])
def test_text_that_is_no_address_is_refused(text: str) -> None:
    """The message shows what was given."""
    with pytest.raises(ValueError, match="HOST:PORT"):
        split_address(text)


def test_flags_override_what_the_environment_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flag is the nearest word; the environment stands for what no flag gives."""
    monkeypatch.setenv("ENGINE_ADDRESS", "a:1")
    monkeypatch.setenv("DATABASE_URL", "postgresql:///x")
    parser = server_parser("market", "Market.")
    add_setting(parser, "--engine", "engine_address", "the engine")
    options = parser.parse_args(["--data", str(tmp_path), "--engine", "b:2"])
    settings = read_settings(options)
    assert (settings.engine_address, settings.database_url) == ("b:2", "postgresql:///x")
    assert keys_path(options, settings) == tmp_path / "keys.json"
    options = parser.parse_args(["--keys", "other.json"])
    assert keys_path(options, settings) == Path("other.json")


def test_the_own_key_is_read_from_the_secrets_unless_a_file_is_named(tmp_path: Path) -> None:
    """A process without a key says which file it looked for."""
    parser = server_parser("market", "Market.")
    options = parser.parse_args(["--data", str(tmp_path)])
    settings = read_settings(options)
    with pytest.raises(MissingSetting, match="market"):
        read_api_key(options, settings, "market")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "market.key").write_text("secret\n")
    assert read_api_key(options, settings, "market") == "secret"

    other = tmp_path / "other.key"
    options = parser.parse_args(["--data", str(tmp_path), "--key-file", str(other)])
    with pytest.raises(MissingSetting, match="holds no API key"):
        read_api_key(options, settings, "market")
    other.write_text("own")
    assert read_api_key(options, settings, "market") == "own"


async def test_a_signal_ends_the_wait_and_the_tasks() -> None:
    """SIGTERM is an orderly end: tasks are cancelled and awaited."""
    stopped = stop_event()
    task = asyncio.create_task(forever())
    os.kill(os.getpid(), signal.SIGTERM)
    await run_until_stopped(stopped, task)
    assert task.cancelled()


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_task_that_fails_ends_the_process_with_its_error() -> None:
    """A part that cannot go on takes the process down; it is never left half alive."""

    async def fail() -> None:
        raise RuntimeError("cannot go on")

    with pytest.raises(RuntimeError, match="cannot go on"):
        await run_until_stopped(asyncio.Event(), asyncio.create_task(fail()))
