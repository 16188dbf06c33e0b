"""Limits of the gRPC front, each with its reason."""

from __future__ import annotations

from engine.core.limits import COMMANDS_PER_BATCH_MAX

MESSAGE_BYTES_MAX = 4 << 20  # a batch of 4,096 commands takes at most 0.5 MB
ANSWER_BYTES_MAX = 256 << 20  # a ledger of a million accounts, read whole for reconciliation
METADATA_BYTES_MAX = 8 << 10  # a key and a few standard headers
STREAMS_PER_CONNECTION_MAX = 1_024  # a gateway multiplexes its users over few connections
CALLS_MAX = 8_192  # calls at once over all connections: bounds tasks and memory
CALLS_PER_KEY_MAX = 2_048  # of those, so that one key cannot keep the others out
OPEN_CALLS_MAX = 256  # the same of all that need no key: health checks and reflection
UNANSWERED_PER_STREAM_MAX = 2 * COMMANDS_PER_BATCH_MAX  # a stream reads no further beyond it
TRADE_STREAMS_PER_ACCOUNT_MAX = 64  # with the line above: 64 MB of waiting commands an account
KEEPALIVE_TIME_MS = 20_000  # how soon a dead peer is noticed ...
KEEPALIVE_TIMEOUT_MS = 10_000  # ... when it does not answer within this
CLIENT_PING_INTERVAL_MS_MIN = 5_000  # clients that ping more often are told to go away
PING_STRIKES_MAX = 2

SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", ANSWER_BYTES_MAX),
    ("grpc.max_metadata_size", METADATA_BYTES_MAX),
    ("grpc.absolute_max_metadata_size", METADATA_BYTES_MAX),
    ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION_MAX),
    ("grpc.keepalive_time_ms", KEEPALIVE_TIME_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", CLIENT_PING_INTERVAL_MS_MIN),
    ("grpc.http2.max_ping_strikes", PING_STRIKES_MAX),
    # A burst of calls waits for its turn: beyond the first of these gRPC cancels some, beyond the
    # second all, whoever makes them.
    ("grpc.server.max_pending_requests", CALLS_MAX // 2),
    ("grpc.server.max_pending_requests_hard_limit", CALLS_MAX),
    # Two engines on one port would share its clients without anybody noticing.
    ("grpc.so_reuseport", 0),
)
