-- Trades as the engine told them, the candles that they make, and how far the projection has come.

CREATE TABLE trades (
    trade_id bigint PRIMARY KEY,
    market_id integer NOT NULL,
    sequence bigint NOT NULL,
    time_ns bigint NOT NULL,
    price_ticks bigint NOT NULL,
    quantity_lots bigint NOT NULL,
    aggressor_side smallint NOT NULL
);

-- ListTrades: WHERE market_id = $1 AND trade_id < $2 ORDER BY trade_id DESC LIMIT $3
CREATE INDEX trades_by_market ON trades (market_id, trade_id DESC);

-- ListCandles: WHERE market_id = $1 AND interval_id = $2
--   AND open_time_ns >= $3 AND open_time_ns < $4
CREATE TABLE candles (
    market_id integer NOT NULL,
    interval_id smallint NOT NULL,
    open_time_ns bigint NOT NULL,
    open_ticks bigint NOT NULL,
    high_ticks bigint NOT NULL,
    low_ticks bigint NOT NULL,
    close_ticks bigint NOT NULL,
    volume_lots bigint NOT NULL,
    trade_count bigint NOT NULL,
    first_trade_id bigint NOT NULL,
    last_trade_id bigint NOT NULL,
    PRIMARY KEY (market_id, interval_id, open_time_ns)
);

-- One row. Trades, candles and this row change in one transaction, so a crash leaves all or none.
CREATE TABLE projection (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    last_trade_id bigint NOT NULL,
    as_of_sequence bigint NOT NULL,
    venue_time_ns bigint NOT NULL
);

INSERT INTO projection (last_trade_id, as_of_sequence, venue_time_ns) VALUES (0, 0, 0);
