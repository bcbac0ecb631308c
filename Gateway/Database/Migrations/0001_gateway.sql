-- Merchants and their API keys. Only a hash of a key is kept; what the operator's idempotent calls answered is kept
-- encrypted under the caller's own token, so that nothing here opens an account.
CREATE SCHEMA gateway;
GRANT USAGE ON SCHEMA gateway TO $app$;

-- Deposit addresses are derived from the number: it is never reused, and runs out loudly.
CREATE SEQUENCE gateway.merchant_number AS bigint MINVALUE 1 MAXVALUE 2147483647 NO CYCLE;
GRANT USAGE ON SEQUENCE gateway.merchant_number TO $app$;

CREATE TABLE gateway.merchant (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE DEFAULT nextval('gateway.merchant_number')
        CHECK (number BETWEEN 1 AND 2147483647),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_version bigint NOT NULL DEFAULT 0
);
CREATE INDEX merchant_by_age ON gateway.merchant (created_at DESC);
CREATE INDEX merchant_by_change ON gateway.merchant (changed_version);
GRANT SELECT, INSERT ON gateway.merchant TO $app$;
GRANT UPDATE (status, changed_version) ON gateway.merchant TO $app$;

CREATE TABLE gateway.api_key (
    id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES gateway.merchant,
    mode text NOT NULL CHECK (mode IN ('live', 'test')),
    public_id text NOT NULL UNIQUE CHECK (public_id ~ '^[0-9A-Za-z]{8}$'),
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    hint text NOT NULL,
    label text CHECK (char_length(label) <= 64),
    rights text[] NOT NULL CHECK (rights <@ ARRAY['read', 'pay', 'keys', 'webhooks']),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_key_of_merchant ON gateway.api_key (merchant_id, created_at DESC);
GRANT SELECT, INSERT ON gateway.api_key TO $app$;
GRANT UPDATE (revoked_at, last_used_at) ON gateway.api_key TO $app$;

-- One row: its version grows with every change to a merchant or a key, in that change's transaction. Replicas compare
-- it with what they have seen, and drop what they remember of merchants whose changed_version is newer.
CREATE TABLE gateway.change (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL
);
INSERT INTO gateway.change (version) VALUES (1);
GRANT SELECT ON gateway.change TO $app$;
GRANT UPDATE (version) ON gateway.change TO $app$;

CREATE TABLE gateway.operator_request (
    request_key bytea PRIMARY KEY CHECK (octet_length(request_key) = 32),
    body_hash bytea NOT NULL CHECK (octet_length(body_hash) = 32),
    sealed_answer bytea,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX operator_request_by_age ON gateway.operator_request (created_at);
GRANT SELECT, INSERT, DELETE ON gateway.operator_request TO $app$;
GRANT UPDATE (sealed_answer) ON gateway.operator_request TO $app$;
