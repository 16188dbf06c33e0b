"""The native front as the engine sees it: submissions from the sockets' thread, answers back to it.

    client ── HTTP/2 ──> sockets' thread (Rust) ── records ──> inbox ──bell──> this loop ──> node
                              │
                              └── every other call, as it came ──> the plain front, unix socket

Orders, cancels and replaces come as records, made on the other thread. A message that it does not
read comes raw and in its place (`Odd`), and is read by the code of the plain front. So the two
fronts cannot differ in what they accept or say.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from engine.core.commands import COMMAND
from engine.feed.feeds import Feeds
from engine.front import _native
from engine.keys import KeyTable
from engine.rpc.arrival import REQUEST_SECONDS, request_too_slow, too_many_calls
from engine.rpc.details import DETAILS
from engine.rpc.errors import EdgeError, closing, not_taken, too_many_streams
from engine.rpc.front import Front
from engine.rpc.intake import answering
from engine.rpc.limits import (
    CALLS_PER_KEY_MAX,
    KEEPALIVE_TIME_MS,
    KEEPALIVE_TIMEOUT_MS,
    MESSAGE_BYTES_MAX,
    METADATA_BYTES_MAX,
    STREAMS_PER_CONNECTION_MAX,
    TRADE_STREAMS_PER_ACCOUNT_MAX,
    UNANSWERED_PER_STREAM_MAX,
)
from engine.rpc.node_port import NodePort
from engine.rpc.records import answers_to
from engine.rpc.trade_requests import Commands, Session, read_request
from engine.sequencer import Answer, Batch, Busy, NotTaken
from engine.tls import Tls
from realstack.trading.v1 import trading_pb2

TAKES_PER_TURN = 8  # of at most 4,096 commands: then the loop's others have their turn
_RETRY_SECONDS = 1  # only if no release tells sooner that the queue has room
_MS_PER_SECOND = 1_000

LIMITS = {
    "calls_per_key": CALLS_PER_KEY_MAX,
    "streams_per_account": TRADE_STREAMS_PER_ACCOUNT_MAX,
    "message_bytes": MESSAGE_BYTES_MAX,
    "unanswered": UNANSWERED_PER_STREAM_MAX,
    "request_ms": REQUEST_SECONDS * _MS_PER_SECOND,
    "metadata_bytes": METADATA_BYTES_MAX,
    "streams_per_connection": STREAMS_PER_CONNECTION_MAX,
    "keepalive_ms": KEEPALIVE_TIME_MS,
    "keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
}


def status(error: EdgeError) -> tuple[int, str, bytes]:
    """Give a refusal as the other thread sends it."""
    number: int = error.code.value[0]
    return number, error.message, error.details()


def details_by_code() -> list[str]:
    """Give the words of each reject, at the place of its number."""
    words = [""] * (max(DETAILS) + 1)
    for reject, text in DETAILS.items():
        words[reject] = text
    return words


class NativeFront:
    """A front that is bound but not started until `start`; see `engine.rpc.front.Front`."""

    def __init__(
        self,
        node: NodePort,
        feeds: Feeds,
        keys: KeyTable,
        listen: str,
        fatal: Callable[[BaseException], None],
        tls: Tls | None = None,
    ) -> None:
        self._node = node
        self._keys = keys
        self._fatal = fatal
        # Only this user may reach the plain front there; a caller needs its key all the same.
        self._folder = Path(tempfile.mkdtemp(prefix="realstack-front-"))
        plain = self._folder / "plain"
        try:
            self._native = _native.Native(
                listen,
                plain,
                details_by_code(),
                {
                    "too_many_calls": status(too_many_calls(CALLS_PER_KEY_MAX)),
                    "too_many_streams": status(too_many_streams(TRADE_STREAMS_PER_ACCOUNT_MAX)),
                    "request_too_slow": status(request_too_slow(REQUEST_SECONDS)),
                    "closing": status(closing()),
                },
                LIMITS,
                None if tls is None else (tls.certificate, tls.key),
            )
            self._plain = Front(node, feeds, keys, f"unix:{plain}", fatal, self._set_keys)
        except OSError as error:
            shutil.rmtree(self._folder)
            raise OSError(f"{listen}: cannot be bound: {error}") from error
        self.port: int = self._native.port
        self._is_stalled = False
        self._retry: asyncio.TimerHandle | None = None
        self._unsubscribe = node.subscribe_released(self._on_batch)

    @property
    def calls(self) -> int:
        """How many calls are being carried out."""
        return self._native.calls() + self._plain.calls

    async def start(self) -> None:
        """Serve, and say so to health checks."""
        await self._plain.start()
        self._set_keys()
        asyncio.get_running_loop().add_reader(self._native.bell(), self._on_bell)
        self._native.start()

    async def stop(self, grace_seconds: int) -> None:
        """Say that serving ends, answer what was taken, end the streams, then close.

        Args:
            grace_seconds: How long calls may take to finish before they are cut.
        """
        self._native.drain()
        await asyncio.gather(
            self._plain.stop(grace_seconds),
            asyncio.to_thread(self._native.stop, grace_seconds * _MS_PER_SECOND),
        )
        asyncio.get_running_loop().remove_reader(self._native.bell())
        self._take()  # what lost streams asked for
        if self._retry is not None:
            self._retry.cancel()
        self._unsubscribe()
        shutil.rmtree(self._folder, ignore_errors=True)

    def refresh_keys(self) -> None:
        """Read the key file again if it changed; a bad one is reported and not used."""
        self._plain.refresh_keys()

    def _set_keys(self) -> None:
        self._native.set_keys(self._keys.members())

    # --- taking ----------------------------------------------------------------------------------

    def _on_bell(self) -> None:
        self._native.silence()
        self._take()

    def _take(self) -> None:
        """Submit what has come; a bug in it ends the process."""
        try:
            self._is_stalled = False
            for _ in range(TAKES_PER_TURN):
                taken = self._native.take()
                if taken is None:
                    return
                went = (
                    self._read(taken) if isinstance(taken, _native.Odd) else self._submit([taken])
                )
                if not went:
                    self._stall()
                    return
            asyncio.get_running_loop().call_soon(self._take)
        except Exception as error:
            self._fatal(error)
            raise

    def _submit(self, parts: list[_native.Submission]) -> bool:
        """Submit parts in their order; tell whether the queue had room for all."""
        while parts:
            part = parts.pop(0)
            commands = np.frombuffer(part.records(), COMMAND)
            try:
                self._node.submit(commands, _Receiver(part))
            except Busy as error:
                for each in reversed([part, *parts]):
                    each.put_back(status(not_taken(error)))
                return False
            except NotTaken as error:
                if part.messages() == 1:
                    part.refuse(status(not_taken(error)))
                else:
                    # A node that is short of disk takes cancels only: what happened to come along
                    # with a cancel must not take it down.
                    parts = [*part.split(), *parts]
        return True

    def _read(self, odd: _native.Odd) -> bool:
        """Read a message that the other thread did not; tell whether the queue had room."""
        stream = _Stream(odd)
        try:
            request = read_request(odd.data(), odd.account_id, stream)
        except EdgeError as error:
            odd.fail(0, status(error))
            return True
        if isinstance(request, Session):
            odd.resume_session(request.when_lost)
            return True
        try:
            self._node.submit(np.frombuffer(request.records, COMMAND), _Single(request))
        except Busy:
            odd.put_back()
            return False
        except NotTaken as error:
            odd.fail(0, status(not_taken(error)))
        else:
            odd.resume(request.reply.count)
        return True

    def _stall(self) -> None:
        """Wait for room in the queue."""
        self._is_stalled = True
        if self._retry is not None:
            self._retry.cancel()
        self._retry = asyncio.get_running_loop().call_later(_RETRY_SECONDS, self._take)

    def _on_batch(self, _: Batch) -> None:
        """Look for room on the next turn: this one belongs to the release."""
        if self._is_stalled:
            asyncio.get_running_loop().call_soon(self._take)


class _Receiver:
    """Gives the answers of a submission back to the other thread."""

    def __init__(self, submission: _native.Submission) -> None:
        self._submission = submission

    def released(self, answer: Answer) -> None:
        """Send the answers."""
        self._submission.answer(answer.events.view(np.uint64))

    def refused(self, error: NotTaken) -> None:
        """End the calls."""
        self._submission.refuse(status(not_taken(error)))


class _Single:
    """Gives the answers of one message to its reply."""

    def __init__(self, commands: Commands) -> None:
        self._reply = commands.reply
        self._answers = answers_to(commands.records)

    def released(self, answer: Answer) -> None:
        """Reply."""
        self._reply.answered(answering(answer, self._answers))

    def refused(self, error: NotTaken) -> None:
        """End the stream."""
        self._reply.refused(error)


class _Stream:
    """A stream of the other thread, as replies see it."""

    def __init__(self, odd: _native.Odd) -> None:
        self._odd = odd

    def reply(self, count: int, response: trading_pb2.TradeResponse) -> None:
        """Send the answer to one message of `count` commands."""
        self._odd.reply(count, response.SerializeToString())

    def refuse(self, count: int, error: NotTaken) -> None:
        """End the stream: a message of `count` commands was not taken."""
        self._odd.fail(count, status(not_taken(error)))
