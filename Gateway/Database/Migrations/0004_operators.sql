-- Who operates, what they did, and what waits for a second one of them.
CREATE TABLE gateway.operator (
    id          uuid PRIMARY KEY,
    name        text        NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
    token_hash  bytea       NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    roles       text[]      NOT NULL CHECK (cardinality(roles) > 0 AND roles <@ ARRAY['viewer', 'support', 'finance', 'admin']),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    disabled_at timestamptz
);
GRANT SELECT, INSERT ON gateway.operator TO $app$;
GRANT UPDATE (disabled_at) ON gateway.operator TO $app$;

-- Rows are only added, whoever tries otherwise.
CREATE TABLE gateway.audit_entry (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    operator    text        NOT NULL, -- By name: it stays readable when the operator is long gone.
    action      text        NOT NULL,
    subject_id  text        NOT NULL,
    merchant_id uuid,
    reason      text,
    before      jsonb,
    after       jsonb,
    request_id  text        NOT NULL
);
CREATE INDEX audit_entry_by_age ON gateway.audit_entry (at DESC, id DESC);
CREATE INDEX audit_entry_of_merchant ON gateway.audit_entry (merchant_id, at DESC) WHERE merchant_id IS NOT NULL;
GRANT SELECT, INSERT ON gateway.audit_entry TO $app$;

CREATE FUNCTION gateway.keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit log is only added to.' USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE OR TRUNCATE ON gateway.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION gateway.keep_audit();

CREATE TABLE gateway.approval (
    id           uuid PRIMARY KEY,
    action       text        NOT NULL CHECK (action IN ('payment.settle', 'balance.adjust')),
    subject_id   uuid        NOT NULL, -- The payment, or the adjustment.
    merchant_id  uuid,
    body         text        NOT NULL, -- What is done when it is approved, as it was asked for.
    reason       text        NOT NULL,
    requested_by text        NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    decision     text CHECK (decision IN ('approved', 'rejected')),
    decided_by   text CHECK (decided_by <> requested_by), -- Two operators, whatever a program thinks.
    decided_at   timestamptz,
    done_at      timestamptz,
    CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CHECK (done_at IS NULL OR decision = 'approved')
);
CREATE UNIQUE INDEX approval_waiting ON gateway.approval (action, subject_id) WHERE decision IS NULL;
CREATE INDEX approval_by_age ON gateway.approval (requested_at DESC);
GRANT SELECT, INSERT, DELETE ON gateway.approval TO $app$;
GRANT UPDATE (decision, decided_by, decided_at, done_at) ON gateway.approval TO $app$;
