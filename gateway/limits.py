"""Every limit of the gateway, each with its reason."""

from __future__ import annotations

BODY_BYTES_MAX = 64 << 10  # an order takes 500 bytes; room for a batch of some hundred
NESTING_MAX = 16  # the deepest request has 3 levels
QUERY_BYTES_MAX = 4 << 10  # all parameters of a list together take less than 300
HEAD_BYTES_MAX = 32 << 10  # a browser's cookies and all; ours has under 1 kB
HEADERS_MAX = 100  # lines of a head
REQUEST_SECONDS = 10.0  # for the whole of a request to come; the largest has 64 KB
KEY_CHARACTERS_MAX = 256  # an API key has 43; longer ones are refused before they are hashed

PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000  # of every list; one page stays under 300 kB

WS_MESSAGE_BYTES_MAX = 16 << 10  # one operation, an order included, takes under 1 kB
WS_CONNECTIONS_MAX = 2_000  # each costs about 30 kB
WS_SUBSCRIPTIONS_MAX = 64  # more than there are channels times markets on one screen
WS_PENDING_COMMANDS_MAX = 256  # commands without an answer: more wait in the socket, not in memory
WS_OUTBOX_FRAMES_MAX = 256  # behind this a market data channel is conflated
WS_OUTBOX_BYTES_MAX = 4 << 20  # behind this a private channel is cut, with where to resume
WS_HEARTBEAT_SECONDS = 5.0  # a silent channel says so this often, with its last sequence
WS_AUTHENTICATIONS_MAX = 5  # failed ones on a connection, then it is closed

BOOK_FRAME_SECONDS = 0.009  # changes of a book within this leave together: 100 frames a second
BOOK_DEPTH_MAX = 1_000  # levels a side in an answer
LATEST_FRAME_SECONDS = 0.05  # tickers, statistics and auctions are looked at, not computed with
CANDLES_SECONDS = 0.25  # how often a candle that grows is told anew
CANDLES_RECENT = 200  # candles that a new subscriber gets at once
TRADES_RECENT = 100  # trades that a new subscriber of the tape gets at once

ACCOUNTS_MAX = 2_000  # accounts whose orders and fills are kept; the longest unused one goes first
ACCOUNT_ORDERS_MAX = 10_000  # orders that are done, a kept account; working ones always stay
ACCOUNT_FILLS_MAX = 10_000  # fills a kept account
FILL_STATES_MAX = 200_000  # settlement states by trade id, newest kept

CALL_SECONDS = 5.0  # the longest that a request waits for the engine
STATUS_SECONDS = 1.0  # how often rates and the verdict go out
