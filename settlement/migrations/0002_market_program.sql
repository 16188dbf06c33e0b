-- Settlement through the market program: receipts have numbers, batches the hash of their fills,
-- and attempts tell what their transactions take of the limits.

DO $$ BEGIN
    IF EXISTS (SELECT FROM payments) THEN
        RAISE EXCEPTION 'this database settled without the market program: begin with a new one';
    END IF;
END $$;

ALTER TABLE chain ADD COLUMN market_program text;

ALTER TABLE payments DROP COLUMN receipt_seed;
-- With the kind it names the receipt: the batch id, or the withdrawal id.
ALTER TABLE payments ADD COLUMN receipt_number bigint NOT NULL;
ALTER TABLE payments ADD CONSTRAINT payments_receipt UNIQUE (kind, receipt_number);
-- What the receipt of a batch holds.
ALTER TABLE payments ADD COLUMN fills_sha256 bytea;

ALTER TABLE attempts ADD COLUMN account_locks integer NOT NULL;
ALTER TABLE attempts ADD COLUMN participants integer NOT NULL;
-- As the simulation before the signature told.
ALTER TABLE attempts ADD COLUMN compute_units bigint NOT NULL;
