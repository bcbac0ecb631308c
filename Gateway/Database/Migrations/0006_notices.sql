-- What services tell the operators of, and nobody else would. A row is its event.
CREATE TABLE gateway.notice (
    event_id    uuid PRIMARY KEY,
    kind        text        NOT NULL CHECK (kind IN ('webhook_endpoint_disabled')),
    merchant_id uuid        NOT NULL,
    mode        text        NOT NULL CHECK (mode IN ('live', 'test')),
    reason      text        NOT NULL,
    occurred_at timestamptz NOT NULL,
    kept_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX notice_by_age ON gateway.notice (occurred_at DESC, event_id DESC);
CREATE INDEX notice_of_merchant ON gateway.notice (merchant_id, occurred_at DESC);
CREATE INDEX notice_kept_at ON gateway.notice (kept_at);
GRANT SELECT, INSERT, DELETE ON gateway.notice TO $app$;
