-- The outside of test mode: a chain, a rail, and the codes that can be paid.
CREATE SCHEMA sandbox;
GRANT USAGE ON SCHEMA sandbox TO $app$;

-- The chain's head. A masterchain block is one second by this clock; last_lt hands out logical times in order.
CREATE TABLE sandbox.chain (
    only_one   boolean     PRIMARY KEY DEFAULT true CHECK (only_one),
    genesis_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_lt    bigint      NOT NULL DEFAULT 0
);
INSERT INTO sandbox.chain DEFAULT VALUES;
GRANT SELECT, UPDATE ON sandbox.chain TO $app$;

-- Jetton transfers to an owner, as toncenter's /jetton/transfers shows them from their block on.
CREATE TABLE sandbox.jetton_transfer (
    transaction_hash text   PRIMARY KEY,
    owner            text   NOT NULL,
    jetton_wallet    text   NOT NULL,
    master           text   NOT NULL,
    amount_micros    bigint NOT NULL CHECK (amount_micros > 0),
    lt               bigint NOT NULL UNIQUE,
    seqno            bigint NOT NULL,
    body             jsonb  NOT NULL
);
CREATE INDEX jetton_transfer_owner ON sandbox.jetton_transfer (owner, lt);
CREATE INDEX jetton_transfer_wallet ON sandbox.jetton_transfer (jetton_wallet);
CREATE INDEX jetton_transfer_master ON sandbox.jetton_transfer (master, lt);
GRANT SELECT, INSERT ON sandbox.jetton_transfer TO $app$;

-- Transactions of accounts, as toncenter's /transactions shows them from their block on.
CREATE TABLE sandbox.chain_transaction (
    hash    text   PRIMARY KEY,
    account text   NOT NULL,
    lt      bigint NOT NULL,
    seqno   bigint NOT NULL,
    body    jsonb  NOT NULL,
    UNIQUE (account, lt)
);
GRANT SELECT, INSERT ON sandbox.chain_transaction TO $app$;

-- The rail's transfers. A row with cancelled_at and no first_seen_at is an id that was made dead before it was seen.
CREATE TABLE sandbox.rail_transfer (
    transfer_id    uuid PRIMARY KEY,
    request        jsonb,
    code_key       text,
    amount_kopecks bigint CHECK (amount_kopecks > 0),
    first_seen_at  timestamptz,
    cancelled_at   timestamptz,
    settled_status text CHECK (settled_status IN ('completed', 'failed')),
    settled_reason text,
    CHECK (first_seen_at IS NOT NULL OR cancelled_at IS NOT NULL),
    CHECK ((first_seen_at IS NULL) = (request IS NULL)),
    CHECK (first_seen_at IS NULL OR cancelled_at IS NULL)
);
CREATE INDEX rail_transfer_code_key ON sandbox.rail_transfer (code_key);
CREATE INDEX rail_transfer_first_seen_at ON sandbox.rail_transfer (first_seen_at);
GRANT SELECT, INSERT, UPDATE ON sandbox.rail_transfer TO $app$;

-- Submissions that the rail turned away on purpose before it accepted one.
CREATE TABLE sandbox.rail_refusal (
    transfer_id uuid    PRIMARY KEY,
    refusals    integer NOT NULL CHECK (refusals > 0)
);
GRANT SELECT, INSERT, UPDATE ON sandbox.rail_refusal TO $app$;

-- Callbacks to send.
CREATE TABLE sandbox.rail_callback (
    callback_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transfer_id uuid        NOT NULL,
    attempts    integer     NOT NULL DEFAULT 0,
    due_at      timestamptz NOT NULL
);
CREATE INDEX rail_callback_due_at ON sandbox.rail_callback (due_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON sandbox.rail_callback TO $app$;
