-- Everything that settlement must remember. Amounts are atoms, heights and slots are the chain's,
-- times ending in _ns are nanoseconds since 1970 UTC.

-- The chain that this database belongs to; a worker refuses any other.
CREATE TABLE chain (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    genesis_hash text NOT NULL,
    authority text NOT NULL
);

-- How far a followed stream has been read.
CREATE TABLE cursors (
    name text PRIMARY KEY,
    position text NOT NULL
);

CREATE SEQUENCE payment_changes;

-- One atomic transaction to be made exactly once: a batch of fills, or a withdrawal.
CREATE TABLE payments (
    payment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('BATCH', 'WITHDRAWAL')),
    state text NOT NULL CHECK (state IN ('NETTED', 'SIGNED', 'IN_FLIGHT', 'CONFIRMED', 'FINAL',
                                         'EXPIRED', 'FAILED', 'PARKED')),
    -- Payments wait for those before them by this: the trade id of the first fill.
    order_key bigint NOT NULL,
    receipt_seed text NOT NULL UNIQUE,
    reason text NOT NULL DEFAULT '',
    -- How often it, or the batch that it was split from, failed on chain.
    failures integer NOT NULL DEFAULT 0,
    attempts integer NOT NULL DEFAULT 0,
    landed_slot bigint,
    lease_owner text,
    lease_until timestamptz,
    updated_time_ns bigint NOT NULL,
    change bigint NOT NULL DEFAULT nextval('payment_changes')
);
-- What a worker claims: payments that are not over.
CREATE INDEX payments_open ON payments (order_key, payment_id)
    WHERE state NOT IN ('FINAL', 'FAILED', 'PARKED');
-- Reconciliation: what is not final, or landed after the slot that was read.
CREATE INDEX payments_landed ON payments (landed_slot);
-- Followers of batches.
CREATE INDEX payments_change ON payments (change);

CREATE TABLE batches (
    batch_id bigint PRIMARY KEY CHECK (batch_id > 0),
    payment_id bigint NOT NULL UNIQUE REFERENCES payments,
    -- The batch that failed and was split into this one.
    parent_batch_id bigint REFERENCES batches
);

CREATE TABLE fills (
    trade_id bigint PRIMARY KEY CHECK (trade_id > 0),
    sequence bigint NOT NULL,
    time_ns bigint NOT NULL,
    market_id integer NOT NULL,
    base_asset_id integer NOT NULL,
    quote_asset_id integer NOT NULL,
    buyer_account_id integer NOT NULL,
    seller_account_id integer NOT NULL,
    base_atoms bigint NOT NULL CHECK (base_atoms > 0),
    quote_atoms bigint NOT NULL CHECK (quote_atoms >= 0),
    buyer_fee_atoms bigint NOT NULL CHECK (buyer_fee_atoms >= 0),
    seller_fee_atoms bigint NOT NULL CHECK (seller_fee_atoms >= 0),
    received_time_ns bigint NOT NULL,
    -- The batch that settles it now; none: it is queued.
    batch_id bigint REFERENCES batches
);
CREATE INDEX fills_queued ON fills (trade_id) WHERE batch_id IS NULL;
CREATE INDEX fills_batch ON fills (batch_id);
-- Whether an account's fills up to a trade are final.
CREATE INDEX fills_buyer ON fills (buyer_account_id, trade_id);
CREATE INDEX fills_seller ON fills (seller_account_id, trade_id);

-- Every batch that a fill was ever in, those that failed and were split included.
CREATE TABLE batch_fills (
    batch_id bigint NOT NULL REFERENCES batches,
    trade_id bigint NOT NULL REFERENCES fills,
    PRIMARY KEY (batch_id, trade_id)
);

CREATE TABLE transfers (
    payment_id bigint NOT NULL REFERENCES payments,
    position integer NOT NULL,
    asset_id integer NOT NULL,
    from_account_id integer NOT NULL,
    -- Either to another custody account, or out of custody to a wallet.
    to_account_id integer,
    to_wallet text,
    CHECK ((to_account_id IS NULL) <> (to_wallet IS NULL)),
    amount_atoms bigint NOT NULL CHECK (amount_atoms > 0),
    PRIMARY KEY (payment_id, position)
);

-- Every transaction that was ever signed, stored before its first broadcast.
CREATE TABLE attempts (
    payment_id bigint NOT NULL REFERENCES payments,
    attempt integer NOT NULL CHECK (attempt > 0),
    signature text NOT NULL UNIQUE,
    last_valid_block_height bigint NOT NULL,
    payload_sha256 bytea NOT NULL,
    transaction_bytes bytea NOT NULL,
    signed_slot bigint NOT NULL,
    signed_time_ns bigint NOT NULL,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (payment_id, attempt)
);

CREATE TABLE deposits (
    signature text NOT NULL,
    -- Place of the instruction in its transaction: "2", or "2.0" for the first that it called.
    instruction text NOT NULL,
    account_id integer NOT NULL,
    asset_id integer NOT NULL,
    amount_atoms bigint NOT NULL CHECK (amount_atoms > 0),
    slot bigint NOT NULL,
    state text NOT NULL CHECK (state IN ('SEEN', 'SENT', 'CREDITED', 'PARKED')),
    -- When the credit was first sent to the venue; kept on a resend.
    sent_time_ns bigint,
    credited_sequence bigint,
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (signature, instruction)
);
CREATE INDEX deposits_open ON deposits (slot) WHERE state <> 'CREDITED';
CREATE INDEX deposits_credited ON deposits (credited_sequence);

CREATE TABLE withdrawals (
    withdrawal_id bigint PRIMARY KEY,
    account_id integer NOT NULL,
    asset_id integer NOT NULL,
    amount_atoms bigint NOT NULL CHECK (amount_atoms > 0),
    held_sequence bigint NOT NULL,
    last_trade_id bigint NOT NULL,
    -- HELD: waits for its fills or its payment. ENDING: the venue was told (see step). DONE.
    state text NOT NULL CHECK (state IN ('HELD', 'PAYING', 'ENDING', 'DONE', 'PARKED')),
    step text CHECK (step IN ('FINALIZE', 'RELEASE')),
    payment_id bigint UNIQUE REFERENCES payments,
    sent_time_ns bigint,
    done_sequence bigint,
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX withdrawals_open ON withdrawals (held_sequence) WHERE state <> 'DONE';

CREATE TABLE reconciliations (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sequence bigint NOT NULL,
    time_ns bigint NOT NULL,
    accounts integer NOT NULL,
    assets integer NOT NULL,
    fills_pending bigint NOT NULL,
    differences jsonb NOT NULL,
    -- Since when there have been differences without a break; none: there are none.
    differing_since_ns bigint,
    withdrawals_halted boolean NOT NULL
);
