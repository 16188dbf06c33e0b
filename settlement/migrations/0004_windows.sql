-- Windows: fills are netted whole, and the accounts of a window are settled by one batch or more.
-- A batch is still one transaction; what was a batch of fills is now a window of one batch.

CREATE TABLE windows (
    window_id bigint PRIMARY KEY CHECK (window_id > 0),
    -- The window whose fills were netted anew in this one.
    parent_window_id bigint REFERENCES windows
);
INSERT INTO windows (window_id, parent_window_id) SELECT batch_id, parent_batch_id FROM batches;

ALTER TABLE batches ADD COLUMN window_id bigint REFERENCES windows;
UPDATE batches SET window_id = batch_id;
ALTER TABLE batches ALTER COLUMN window_id SET NOT NULL;
CREATE INDEX batches_window ON batches (window_id);

ALTER TABLE fills DROP CONSTRAINT fills_batch_id_fkey;
ALTER TABLE fills RENAME COLUMN batch_id TO window_id;
ALTER TABLE fills ADD FOREIGN KEY (window_id) REFERENCES windows;
ALTER INDEX fills_batch RENAME TO fills_window;

-- Every window that a fill was ever in, those that were netted anew included.
ALTER TABLE batch_fills DROP CONSTRAINT batch_fills_batch_id_fkey;
ALTER TABLE batch_fills RENAME COLUMN batch_id TO window_id;
ALTER TABLE batch_fills RENAME TO window_fills;
ALTER TABLE window_fills ADD FOREIGN KEY (window_id) REFERENCES windows;
CREATE INDEX window_fills_trade ON window_fills (trade_id);

-- Whose nets a batch settles. An account of a window is in one batch at a time: those that failed
-- and were split are no longer current.
CREATE TABLE batch_accounts (
    batch_id bigint NOT NULL REFERENCES batches,
    window_id bigint NOT NULL REFERENCES windows,
    account_id integer NOT NULL,
    is_current boolean NOT NULL DEFAULT true,
    PRIMARY KEY (batch_id, account_id)
);
CREATE UNIQUE INDEX batch_accounts_current ON batch_accounts (window_id, account_id)
    WHERE is_current;
INSERT INTO batch_accounts (batch_id, window_id, account_id)
    SELECT w.window_id, w.window_id, f.buyer_account_id
        FROM window_fills w JOIN fills f USING (trade_id)
    UNION SELECT w.window_id, w.window_id, f.seller_account_id
        FROM window_fills w JOIN fills f USING (trade_id)
    UNION SELECT window_id, window_id, 0 FROM window_fills;

-- What settles a fill: the batch of its buyer, and that of its seller.
CREATE VIEW fill_batches AS
    SELECT f.trade_id, a.account_id, a.batch_id, p.payment_id, p.state, p.attempts, p.landed_slot
    FROM fills f JOIN batch_accounts a ON a.window_id = f.window_id AND a.is_current
        AND a.account_id IN (f.buyer_account_id, f.seller_account_id)
    JOIN batches b USING (batch_id) JOIN payments p USING (payment_id);

-- What comes into a clearing vault from outside is float: it belongs to the venue.
ALTER TABLE deposits DROP CONSTRAINT deposits_state_check;
ALTER TABLE deposits ADD CONSTRAINT deposits_state_check
    CHECK (state IN ('SEEN', 'SENT', 'CREDITED', 'PARKED', 'FLOAT'));
