-- The auditor's own books. What it has yet to read: a row per statement that added entries, written by that statement
-- and removed when it was read, so that its work follows what is new and never the history.
CREATE TABLE ledger.unaudited (
    batch_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_ids uuid[] NOT NULL
) WITH (vacuum_truncate = off); -- Emptied all the time: to cut the file would lock out those who write.
ALTER TABLE ledger.unaudited ALTER COLUMN transfer_ids SET STORAGE EXTERNAL; -- Random bytes: trying to compress them is in vain.
GRANT SELECT, INSERT (transfer_ids), DELETE ON ledger.unaudited TO $app$;

-- The number is taken under the wallets' locks, so that a wallet's batches are read in their order.
CREATE FUNCTION ledger.note_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger.unaudited (transfer_ids) SELECT array_agg(DISTINCT transfer_id) FROM added HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_entries AFTER INSERT ON ledger.entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.note_entries();

-- What was written before there was an auditor. A settlement's time is not bound to its wallet's: it comes after its debit.
INSERT INTO ledger.unaudited (transfer_ids)
SELECT array_agg(transfer_id ORDER BY number) FROM (
    SELECT transfer_id, row_number() OVER (ORDER BY
        CASE kind WHEN 'settlement' THEN created_at + interval '1 second' ELSE created_at END, transfer_id) AS number
    FROM ledger.transfer WHERE status = 'posted') AS posted
GROUP BY (number - 1) / 500 ORDER BY (number - 1) / 500;

-- One row: its table's lock says who audits. Beside what is new, the history is read again and again, piece by piece.
CREATE TABLE ledger.audit (
    only_row              boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    caught_up_at          timestamptz NOT NULL DEFAULT clock_timestamp(), -- when nothing new was left to read
    wallet_round          bigint      NOT NULL DEFAULT 1,
    wallet_account_id     bigint      NOT NULL DEFAULT 0,                 -- read again up to this account's …
    wallet_sequence       bigint      NOT NULL DEFAULT 0,                 -- … entry
    wallets_completed_at  timestamptz,
    transfer_round        bigint      NOT NULL DEFAULT 1,
    transfer_after        uuid        NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
    transfers_completed_at timestamptz
);
INSERT INTO ledger.audit DEFAULT VALUES;
GRANT SELECT, UPDATE ON ledger.audit TO $app$;

-- Where each wallet stood when its chain was read to its end last.
CREATE TABLE ledger.audited_wallet (
    account_id      bigint      PRIMARY KEY,
    balance_kopecks bigint      NOT NULL,
    last_sequence   bigint      NOT NULL,
    last_entry_at   timestamptz NOT NULL,
    last_hash       bytea       NOT NULL
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE ON ledger.audited_wallet TO $app$;

-- The sums of all audited entries: each house account's, all wallets', and what the transfers say that they should be.
CREATE TABLE ledger.audited_sum (
    mode    text    NOT NULL CHECK (mode IN ('live', 'test')),
    name    text    NOT NULL,
    kopecks numeric NOT NULL, -- The sum of many may leave 64 bits.
    PRIMARY KEY (mode, name)
);
GRANT SELECT, INSERT, UPDATE ON ledger.audited_sum TO $app$;

-- Settlements are in no wallet's chain: that one is gone shows here.
CREATE TABLE ledger.audited_settlement (
    debit_id    uuid PRIMARY KEY,
    transfer_id uuid NOT NULL
);
GRANT SELECT, INSERT ON ledger.audited_settlement TO $app$;

-- What is wrong now: a row goes when a later round finds its subject right again.
CREATE TABLE ledger.wallet_fault (
    check_name text        NOT NULL,
    account_id bigint      NOT NULL,
    details    text        NOT NULL,
    found_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    round      bigint      NOT NULL,
    PRIMARY KEY (check_name, account_id)
);
CREATE TABLE ledger.transfer_fault (
    transfer_id uuid        PRIMARY KEY,
    details     text        NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    round       bigint      NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.wallet_fault, ledger.transfer_fault TO $app$;
