-- What Ledger has signed, kept where whoever can write to Ledger's database can't. Rows are only added: two that
-- contradict each other are the proof that history was told anew.
CREATE TABLE gateway.checkpoint (
    event_id        uuid PRIMARY KEY,
    kept_number     bigint      GENERATED ALWAYS AS IDENTITY UNIQUE,
    merchant_id     uuid        NOT NULL,
    mode            text        NOT NULL CHECK (mode IN ('live', 'test')),
    sequence        bigint      NOT NULL CHECK (sequence > 0),
    hash            text        NOT NULL CHECK (hash ~ '^[0-9a-f]{64}$'),
    balance_kopecks bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    key_id          text        NOT NULL,
    public_key      text        NOT NULL,
    signature       text        NOT NULL,
    kept_at         timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX checkpoint_of_wallet ON gateway.checkpoint (merchant_id, mode, created_at DESC);
GRANT SELECT, INSERT ON gateway.checkpoint TO $app$;
