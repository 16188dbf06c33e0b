"""Numbers of the plain modules that the compiled ones need at compile time.

`tests/unit/core/test_constants.py` compares every one with its source.
"""

cdef enum:
    # CommandKind
    PLACE = 1
    CANCEL = 2
    REPLACE = 3
    CANCEL_ALL = 4
    DEPOSIT = 5
    WITHDRAW_HOLD = 6
    WITHDRAW_RELEASE = 7
    WITHDRAW_FINALIZE = 8
    DEFINE_ASSET = 9
    DEFINE_MARKET = 10
    DEFINE_ACCOUNT = 11
    SET_ID_WINDOW = 12
    TICK = 13
    SET_REFERENCE_PRICE = 14
    COMMAND_KINDS = 15  # how many numbers a kind may have, 0 included

    # Side, OrderType, TimeInForce
    BUY = 1
    SELL = 2
    LIMIT = 1
    MARKET = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING_STOP = 5
    MARKET_BY_AMOUNT = 6
    GTC = 1
    IOC = 2
    FOK = 3
    GTD = 5

    # SelfTradePrevention
    STP_NONE = 1
    STP_CANCEL_TAKER = 2
    STP_CANCEL_MAKER = 3
    STP_CANCEL_BOTH = 4
    STP_DECREMENT = 5

    # Allocation
    FIFO = 1
    PRO_RATA = 2

    # bits of a command's flags
    POST_ONLY = 1
    SLIDE = 2
    HIDDEN = 4
    MINIMUM = 8
    TRIGGER_BEST_QUOTE = 16
    TRIGGER_REFERENCE = 32

    # EventKind
    EVENT_ACCEPTED = 1
    EVENT_FILL = 2
    EVENT_CANCELLED = 3
    EVENT_REPLACED = 4
    EVENT_REDUCED = 5
    EVENT_CANCELLED_ALL = 6
    EVENT_REJECTED = 7
    EVENT_DUPLICATE = 8
    EVENT_BALANCE = 9
    EVENT_DEFINED = 10
    EVENT_REFRESHED = 11
    EVENT_TRIGGERED = 12

    # flags of events
    ANSWER = 1
    RESTING = 2
    KEPT_PRIORITY = 4
    EXISTED = 8
    WAITING = 16
    MAKER_HIDDEN = 32
    TRANCHE_DONE = 64

    # CancelReason
    REASON_NONE = 0
    REASON_REQUESTED = 1
    REASON_NO_LIQUIDITY = 2
    REASON_SELF_TRADE = 3
    REASON_CANCEL_ALL = 4
    REASON_EXPIRED = 5

    # Tag
    TAG_BALANCE = 1
    TAG_ORDER = 2
    TAG_LEVEL = 3
    TAG_CLIENT_ID = 4
    TAG_WITHDRAWAL = 5
    TAG_ASSET = 6
    TAG_MARKET = 7
    TAG_ACCOUNT = 8
    TAG_VENUE = 9
    TAG_BODY = 10

    # Reject
    REJECT_NONE = 0
    INVALID_COMMAND_KIND = 1
    RESERVED_FIELD_SET = 2
    INVALID_SIDE = 3
    INVALID_ORDER_TYPE = 4
    INVALID_TIME_IN_FORCE = 5
    INVALID_SELF_TRADE_PREVENTION = 6
    INVALID_FLAGS = 7
    INVALID_CLIENT_ID = 8
    UNKNOWN_ACCOUNT = 9
    UNKNOWN_ASSET = 10
    UNKNOWN_MARKET = 11
    SENT_TIME_IN_FUTURE = 12
    ID_TOO_OLD = 13
    DUPLICATE_WITH_DIFFERENT_BODY = 14
    INVALID_PRICE = 15
    INVALID_QUANTITY = 16
    INVALID_AMOUNT = 17
    NOTIONAL_TOO_LARGE = 18
    ALREADY_DEFINED = 19
    INVALID_PARAMETER = 20
    UNKNOWN_ORDER = 21
    UNKNOWN_WITHDRAWAL = 22
    INSUFFICIENT_FUNDS = 23
    BALANCE_TOO_LARGE = 24
    POST_ONLY_WOULD_CROSS = 25
    SELF_TRADE = 26
    FILL_OR_KILL_NOT_FILLABLE = 27
    TOO_OLD = 28
    EXPIRY_IN_PAST = 29
    MINIMUM_NOT_MET = 30
    NO_LAST_PRICE = 31
    NO_BAND = 32

    # limits that fit an int
    ACCOUNT_ID_MAX = 1000000
    ASSET_ID_MAX = 1024
    MARKET_ID_MAX = 1024
    FEE_PPM_MAX = 100000
    FEE_PPM_ONE = 1000000
    BAND_PPM_MAX = 1000000
    TRAIL_PPM_MAX = 999999
    DECIMALS_MAX = 18
    SENT_TIME_AHEAD_NS_MAX = 1000000000
    ID_WINDOW_NS_MIN = 1000000000
    IDS_MAX_DEFAULT = 10000000
    IDS_MAX_LIMIT = 100000000
    ID_EVICTIONS_PER_COMMAND_MAX = 8

# Limits that do not fit an int: as text for the C compiler, with their types.
cdef extern from *:
    """
    #define RS_PRICE_TICKS_MAX (INT64_C(1) << 40)
    #define RS_QUANTITY_LOTS_MAX (INT64_C(1) << 40)
    #define RS_NOTIONAL_ATOMS_MAX (INT64_C(1) << 60)
    #define RS_AMOUNT_ATOMS_MAX (INT64_C(1) << 60)
    #define RS_ASSET_TOTAL_ATOMS_MAX (INT64_C(1) << 62)
    #define RS_UNIT_ATOMS_MAX (INT64_C(1) << 40)
    #define RS_ID_WINDOW_NS_DEFAULT INT64_C(86400000000000)
    #define RS_ID_WINDOW_NS_MAX INT64_C(604800000000000)
    #define RS_NEVER_NS INT64_MAX
    #define RS_GROUP_OWN (UINT64_C(1) << 32)
    #define RS_SEED_A UINT64_C(0x243F6A8885A308D3)
    #define RS_SEED_B UINT64_C(0x13198A2E03707344)
    #define RS_MULTIPLIER_A UINT64_C(0x9E3779B97F4A7C15)
    #define RS_MULTIPLIER_B UINT64_C(0xC2B2AE3D27D4EB4F)
    """
    const long long PRICE_TICKS_MAX "RS_PRICE_TICKS_MAX"
    const long long QUANTITY_LOTS_MAX "RS_QUANTITY_LOTS_MAX"
    const long long NOTIONAL_ATOMS_MAX "RS_NOTIONAL_ATOMS_MAX"
    const long long AMOUNT_ATOMS_MAX "RS_AMOUNT_ATOMS_MAX"
    const long long ASSET_TOTAL_ATOMS_MAX "RS_ASSET_TOTAL_ATOMS_MAX"
    const long long UNIT_ATOMS_MAX "RS_UNIT_ATOMS_MAX"
    const long long ID_WINDOW_NS_DEFAULT "RS_ID_WINDOW_NS_DEFAULT"
    const long long ID_WINDOW_NS_MAX "RS_ID_WINDOW_NS_MAX"
    const long long NEVER_NS "RS_NEVER_NS"
    const unsigned long long GROUP_OWN "RS_GROUP_OWN"
    const unsigned long long SEED_A "RS_SEED_A"
    const unsigned long long SEED_B "RS_SEED_B"
    const unsigned long long MULTIPLIER_A "RS_MULTIPLIER_A"
    const unsigned long long MULTIPLIER_B "RS_MULTIPLIER_B"
