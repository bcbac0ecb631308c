-- pgbench's books: what a straightforward ledger needs and no more. No house's entries and no trigger's checks, which
-- Ledger's own tables have.
CREATE TABLE wallet (
    wallet_id bigint PRIMARY KEY,
    balance_kopecks bigint NOT NULL CHECK (balance_kopecks >= 0)
) WITH (fillfactor = 50);
CREATE TABLE transfer (
    transfer_id uuid PRIMARY KEY,
    payment_id uuid NOT NULL UNIQUE,
    wallet_id bigint NOT NULL,
    amount_kopecks bigint NOT NULL CHECK (amount_kopecks > 0),
    description text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE entry (
    transfer_id uuid PRIMARY KEY,
    wallet_id bigint NOT NULL,
    amount_kopecks bigint NOT NULL,
    balance_after_kopecks bigint NOT NULL CHECK (balance_after_kopecks >= 0),
    created_at timestamptz NOT NULL
);
CREATE INDEX entry_wallet ON entry (wallet_id, created_at);
CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id uuid NOT NULL,
    body text NOT NULL
);
INSERT INTO wallet SELECT wallet_id, 10000000000000 FROM generate_series(1, 100000) AS wallet_id;
