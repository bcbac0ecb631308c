-- Signed statements of where a wallet's chain stood. The key is not in this database: what is written here can be
-- removed but not forged, and what was removed stands in the Gateway's database too.
-- No foreign key: it would lock the wallet's row, for which its postings wait.
CREATE TABLE ledger.checkpoint (
    account_id      bigint      NOT NULL,
    sequence        bigint      NOT NULL CHECK (sequence > 0),
    hash            bytea       NOT NULL CHECK (octet_length(hash) = 32),
    balance_kopecks bigint      NOT NULL CHECK (balance_kopecks >= 0),
    created_at      timestamptz NOT NULL,
    key_id          text        NOT NULL,
    public_key      bytea       NOT NULL,                                        -- SubjectPublicKeyInfo
    signature       bytea       NOT NULL CHECK (octet_length(signature) = 64),   -- r and s
    event_id        uuid        NOT NULL UNIQUE,
    PRIMARY KEY (account_id, sequence)
);
GRANT SELECT, INSERT ON ledger.checkpoint TO $app$;

-- How far the hourly round is; its row's lock says who goes on with it.
CREATE TABLE ledger.checkpoint_round (
    only_row         boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    after_account_id bigint      NOT NULL DEFAULT 0,
    due_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO ledger.checkpoint_round DEFAULT VALUES;
GRANT SELECT, UPDATE (after_account_id, due_at) ON ledger.checkpoint_round TO $app$;
