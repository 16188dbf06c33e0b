-- Forced exits: owners who asked the market program to leave, what the venue holds for them, and
-- what the program paid them.

CREATE TABLE leaving (
    account_id integer PRIMARY KEY,
    seen_time_ns bigint NOT NULL
);

-- Withdrawals that hold what a leaving account had; they are not paid but wait for the exit.
CREATE TABLE exit_holds (
    withdrawal_id bigint PRIMARY KEY
);

CREATE TABLE exit_payouts (
    signature text NOT NULL,
    account_id integer NOT NULL,
    asset_id integer NOT NULL,
    amount_atoms bigint NOT NULL CHECK (amount_atoms > 0),
    slot bigint NOT NULL,
    -- Whether held funds of the same amount were removed for it.
    matched boolean NOT NULL DEFAULT false,
    PRIMARY KEY (signature, account_id, asset_id)
);
CREATE INDEX exit_payouts_open ON exit_payouts (slot) WHERE NOT matched;

-- Where an exit paid what was held.
ALTER TABLE withdrawals ADD COLUMN exit_slot bigint;
