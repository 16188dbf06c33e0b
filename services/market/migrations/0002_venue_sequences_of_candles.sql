-- A candle says which commands of the venue it covers, beside its trades.

ALTER TABLE candles ADD COLUMN first_sequence bigint, ADD COLUMN last_sequence bigint;

UPDATE candles SET
    first_sequence = (SELECT sequence FROM trades WHERE trade_id = candles.first_trade_id),
    last_sequence = (SELECT sequence FROM trades WHERE trade_id = candles.last_trade_id);

ALTER TABLE candles
    ALTER COLUMN first_sequence SET NOT NULL,
    ALTER COLUMN last_sequence SET NOT NULL;
