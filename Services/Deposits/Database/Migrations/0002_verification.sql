-- What verification needs to remember: receipts that aren't credited yet and why, the rate that was taken last, what
-- left our wallets, and how the wallets' balances compare with all that.
ALTER TABLE deposits.deposit
    -- The logical time of our wallet's own transaction; there is one exactly when the jettons are known to be ours.
    ADD COLUMN receiver_lt     bigint CHECK (receiver_lt >= 0),
    -- Since when a fresh index has shown no trace of it.
    ADD COLUMN absent_since    timestamptz,
    -- Why what was received isn't credited yet.
    ADD COLUMN hold_reason     text CHECK (hold_reason IN ('rate', 'deposit_limit', 'hour_limit', 'screening')),
    -- An operator's word on a held one.
    ADD COLUMN decision        text CHECK (decision IN ('credit', 'refuse')),
    ADD COLUMN decision_reason text,
    ADD COLUMN decided_by      text,
    ADD COLUMN decided_at      timestamptz,
    ADD CONSTRAINT received_is_verified CHECK (
        receiver_lt IS NULL OR (message_hash IS NOT NULL AND receiver_tx_hash IS NOT NULL)),
    ADD CONSTRAINT held_is_received CHECK (
        hold_reason IS NULL OR (receiver_lt IS NOT NULL AND confirmed_at IS NULL)),
    ADD CONSTRAINT decided_is_whole CHECK (num_nulls(decision, decision_reason, decided_by, decided_at) IN (0, 4)),
    ADD CONSTRAINT refused_is_never_confirmed CHECK (decision IS DISTINCT FROM 'refuse' OR confirmed_at IS NULL);
UPDATE deposits.deposit SET receiver_lt = tx_lt -- A lower bound; theirs wasn't kept.
WHERE receiver_tx_hash IS NOT NULL AND (status <> 'failed' OR failure_reason = 'vanished');
GRANT UPDATE (receiver_lt, absent_since, hold_reason, decision, decision_reason, decided_by, decided_at)
    ON deposits.deposit TO $app$;

-- Announced ones are looked at before quiet ones, however many there are of these.
CREATE INDEX deposit_announced_to_check ON deposits.deposit (mode, check_at)
    WHERE status IN ('pending', 'failed') AND confirmed_at IS NULL AND detected_event_id IS NOT NULL;
CREATE INDEX deposit_quiet_to_check ON deposits.deposit (mode, check_at)
    WHERE status IN ('pending', 'failed') AND confirmed_at IS NULL AND detected_event_id IS NULL;
DROP INDEX deposits.deposit_to_check;
CREATE INDEX deposit_tx_hash ON deposits.deposit (tx_hash);
CREATE INDEX deposit_held ON deposits.deposit (mode, created_at) WHERE hold_reason IS NOT NULL;
CREATE INDEX deposit_confirmed ON deposits.deposit (mode, confirmed_at) INCLUDE (amount_micros)
    WHERE confirmed_at IS NOT NULL;

-- What our wallets sent, burned, or got back of that, each read off the wallet's own final transaction.
CREATE TABLE deposits.movement (
    network_global_id integer     NOT NULL,
    transaction_hash  text        NOT NULL CHECK (transaction_hash ~ '^[0-9a-f]{64}$'),
    jetton_wallet     text        NOT NULL,
    lt                bigint      NOT NULL CHECK (lt >= 0),
    kind              text        NOT NULL CHECK (kind IN ('sweep', 'burn', 'returned')),
    -- What the balance changed by.
    micros            bigint      NOT NULL CHECK (micros <> 0 AND (kind = 'returned') = (micros > 0)),
    to_address        text,
    seen_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (network_global_id, transaction_hash)
);
CREATE INDEX movement_wallet ON deposits.movement (network_global_id, jetton_wallet);
GRANT SELECT, INSERT ON deposits.movement TO $app$;

-- The rate that was taken last in each mode; the next one may not be far from it.
CREATE TABLE deposits.rate (
    mode        text        PRIMARY KEY CHECK (mode IN ('live', 'test')),
    rate_micros bigint      NOT NULL CHECK (rate_micros > 0),
    rate_at     timestamptz NOT NULL,
    accepted_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON deposits.rate TO $app$;

-- How far the current walk over all wallets is, and what the last whole one came to.
CREATE TABLE deposits.reconciliation (
    mode                 text    PRIMARY KEY CHECK (mode IN ('live', 'test')),
    seqno                bigint,
    started_at           timestamptz,
    after_owner          text    NOT NULL DEFAULT '',
    wallets              bigint  NOT NULL DEFAULT 0,
    balance_micros       numeric NOT NULL DEFAULT 0,
    expected_micros      numeric NOT NULL DEFAULT 0,
    done_seqno           bigint,
    done_started_at      timestamptz,
    done_at              timestamptz,
    done_wallets         bigint,
    done_balance_micros  numeric,
    done_expected_micros numeric
);
INSERT INTO deposits.reconciliation (mode) VALUES ('live'), ('test');
GRANT SELECT, UPDATE ON deposits.reconciliation TO $app$;

-- Wallets whose balance isn't what was verified. A row goes when it is again.
CREATE TABLE deposits.wallet_difference (
    mode            text        NOT NULL,
    owner           text        NOT NULL,
    balance_micros  bigint      NOT NULL,
    expected_micros bigint      NOT NULL,
    wallet_lt       bigint      NOT NULL,
    -- Up to where its transactions were read again.
    replayed_lt     bigint      NOT NULL DEFAULT 0,
    found_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    checked_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (mode, owner),
    FOREIGN KEY (mode, owner) REFERENCES deposits.address (mode, owner)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON deposits.wallet_difference TO $app$;
