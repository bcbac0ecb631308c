-- Payments: what was asked for, what was debited, what the rail was told. See Domain/PaymentState.cs for the states.
CREATE SCHEMA payments;
GRANT USAGE ON SCHEMA payments TO $app$;

-- One resolved code and everything that became of it. "refunding" is public as "confirming": the rail has refused for
-- good, and the money is on its way back.
CREATE TABLE payments.payment (
    payment_id          uuid        PRIMARY KEY,
    merchant_id         uuid        NOT NULL,
    mode                text        NOT NULL CHECK (mode IN ('live', 'test')),
    state               text        NOT NULL CHECK (state IN ('resolved', 'confirming', 'refunding', 'completed', 'failed', 'expired')),
    version             bigint      NOT NULL DEFAULT 1,
    review              boolean     NOT NULL DEFAULT false, -- A person must look; never public.
    review_reason       text,
    amount_kopecks      bigint      NOT NULL CHECK (amount_kopecks > 0),
    fee_kopecks         bigint      NOT NULL CHECK (fee_kopecks >= 0),
    total_kopecks       bigint      NOT NULL CHECK (total_kopecks = amount_kopecks + fee_kopecks),
    payee_name          text        NOT NULL,
    payee_bank          text,
    payee_inn           text,
    qr_format           text        NOT NULL CHECK (qr_format IN ('sbp', 'st00012')),
    qr_kind             text        CHECK (qr_kind IN ('static', 'dynamic')),
    qr_warnings         text[]      NOT NULL,
    qr_text             text        NOT NULL, -- As the merchant sent it.
    qr_canonical        text        NOT NULL, -- The one spelling that the rail gets.
    single_use_key      text,                 -- What a code is known by that may be paid once only.
    rail                text        NOT NULL,
    reference           text,
    failure_reason      text        CHECK (failure_reason IN (
                            'qr_expired', 'qr_already_paid', 'payee_rejected', 'payee_account_invalid', 'payee_bank_unavailable',
                            'limit_exceeded', 'compliance_declined', 'rail_rejected', 'not_executed')),
    open_attempt_id     uuid,                 -- The debit whose outcome isn't known; it blocks expiry.
    debit_id            uuid        UNIQUE,   -- The attempt that was posted.
    operation_id        uuid,                 -- The debit as Ledger's operations show it.
    processing_event_id uuid,
    outcome_event_id    uuid,                 -- PaymentCompleted or PaymentRejected.
    failed_event_id     uuid,
    created_at          timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL CHECK (expires_at > created_at),
    confirmed_at        timestamptz,
    completed_at        timestamptz,
    changed_at          timestamptz NOT NULL, -- Strictly increasing per payment: its events carry it.
    CHECK (open_attempt_id IS NULL OR state = 'resolved'),
    CHECK ((state IN ('confirming', 'refunding', 'completed', 'failed')) = (debit_id IS NOT NULL)),
    CHECK ((debit_id IS NULL) = (operation_id IS NULL)),
    CHECK ((debit_id IS NULL) = (confirmed_at IS NULL)),
    CHECK ((debit_id IS NULL) = (processing_event_id IS NULL)),
    CHECK ((state IN ('refunding', 'completed', 'failed')) = (outcome_event_id IS NOT NULL)),
    CHECK ((state IN ('refunding', 'failed')) = (failure_reason IS NOT NULL)),
    CHECK ((state = 'completed') = (completed_at IS NOT NULL)),
    CHECK ((state = 'failed') = (failed_event_id IS NOT NULL))
);

-- A single-use code is paid by one payment per mode at most, whoever its merchant; an open intent holds it already,
-- so that two payments of one code are never both debited.
CREATE UNIQUE INDEX payment_single_use ON payments.payment (mode, single_use_key)
    WHERE single_use_key IS NOT NULL
      AND (open_attempt_id IS NOT NULL OR state IN ('confirming', 'refunding', 'completed'));
CREATE INDEX payment_listed ON payments.payment (merchant_id, mode, created_at DESC, payment_id DESC);
CREATE INDEX payment_reference ON payments.payment (merchant_id, mode, reference, created_at DESC) WHERE reference IS NOT NULL;
CREATE INDEX payment_expiring ON payments.payment (expires_at) WHERE state = 'resolved';
CREATE INDEX payment_review ON payments.payment (changed_at) WHERE review;
GRANT SELECT, INSERT, UPDATE ON payments.payment TO $app$;

-- The state machine once more, and what never changes: a defect in the service must not be able to pay and refund.
CREATE FUNCTION payments.guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'payment %: version % does not follow %', OLD.payment_id, NEW.version, OLD.version USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.changed_at <= OLD.changed_at THEN
        RAISE EXCEPTION 'payment %: changed_at must grow', OLD.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('resolved', 'confirming'), ('resolved', 'expired'),
        ('confirming', 'completed'), ('confirming', 'refunding'),
        ('refunding', 'failed')) THEN
        RAISE EXCEPTION 'payment %: % may not become %', OLD.payment_id, OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'expired' AND OLD.open_attempt_id IS NOT NULL AND OLD.state <> 'expired'
        AND EXISTS (SELECT FROM payments.attempt WHERE attempt_id = OLD.open_attempt_id AND status <> 'voided') THEN
        RAISE EXCEPTION 'payment %: an attempt is open', OLD.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'confirming' AND OLD.state = 'resolved' AND NEW.debit_id IS DISTINCT FROM OLD.open_attempt_id THEN
        RAISE EXCEPTION 'payment %: only its open attempt may become its debit', OLD.payment_id USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.payment_id, NEW.merchant_id, NEW.mode, NEW.amount_kopecks, NEW.fee_kopecks, NEW.qr_canonical, NEW.rail, NEW.created_at)
        IS DISTINCT FROM
       (OLD.payment_id, OLD.merchant_id, OLD.mode, OLD.amount_kopecks, OLD.fee_kopecks, OLD.qr_canonical, OLD.rail, OLD.created_at)
        OR (OLD.debit_id IS NOT NULL AND NEW.debit_id IS DISTINCT FROM OLD.debit_id)
        OR (OLD.failure_reason IS NOT NULL AND NEW.failure_reason IS DISTINCT FROM OLD.failure_reason) THEN
        RAISE EXCEPTION 'payment %: a fixed column was changed', OLD.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_payment BEFORE UPDATE ON payments.payment FOR EACH ROW EXECUTE FUNCTION payments.guard_payment();

-- One intent to debit: its id is the transfer's id at Ledger, so that asking again never debits again.
CREATE TABLE payments.attempt (
    attempt_id   uuid        PRIMARY KEY,
    payment_id   uuid        NOT NULL REFERENCES payments.payment,
    status       text        NOT NULL CHECK (status IN ('open', 'posted', 'refused', 'voided')),
    operation_id uuid,
    tries        integer     NOT NULL DEFAULT 0,
    due_at       timestamptz, -- When recovery takes an open attempt up.
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at    timestamptz,
    CHECK ((status = 'posted') = (operation_id IS NOT NULL)),
    CHECK ((status = 'open') = (closed_at IS NULL)),
    CHECK ((status = 'open') = (due_at IS NOT NULL))
);
CREATE UNIQUE INDEX attempt_one_standing ON payments.attempt (payment_id) WHERE status IN ('open', 'posted');
CREATE INDEX attempt_due ON payments.attempt (due_at) WHERE status = 'open';
GRANT SELECT, INSERT, UPDATE ON payments.attempt TO $app$;

CREATE FUNCTION payments.guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status <> 'open' THEN
        RAISE EXCEPTION 'attempt %: % is final', OLD.attempt_id, OLD.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_attempt BEFORE UPDATE ON payments.attempt FOR EACH ROW EXECUTE FUNCTION payments.guard_attempt();

-- What the executor does next for a debited payment. The rail knows the transfer by the payment's id.
CREATE TABLE payments.submission (
    payment_id   uuid        PRIMARY KEY REFERENCES payments.payment,
    merchant_id  uuid        NOT NULL, -- So that one merchant's payments don't take every turn.
    tries        integer     NOT NULL DEFAULT 0, -- Turns taken: 0 means that nothing was sent yet.
    due_at       timestamptz,                    -- Null when the rail's word is final.
    not_after    timestamptz NOT NULL,           -- The cut-off: past it an id that the rail hasn't seen is cancelled.
    review_after timestamptz NOT NULL,
    lease_epoch  bigint      NOT NULL DEFAULT 0,
    leased_until timestamptz NOT NULL,
    last_answer  text,
    traceparent  text
);
CREATE INDEX submission_due ON payments.submission (due_at) WHERE due_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE ON payments.submission TO $app$;

-- Answers kept for Idempotency-Key. A row without a status is a reservation that runs, or ran and crashed.
CREATE TABLE payments.idempotency (
    merchant_id  uuid        NOT NULL,
    mode         text        NOT NULL CHECK (mode IN ('live', 'test')),
    operation    text        NOT NULL, -- Method and path.
    key          text        NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    request_hash bytea       NOT NULL CHECK (length(request_hash) = 32),
    payment_id   uuid        NOT NULL, -- Fixed here: a takeover makes the same payment.
    token        uuid        NOT NULL, -- Who may complete the reservation.
    leased_until timestamptz NOT NULL,
    status       integer     CHECK (status BETWEEN 200 AND 499),
    body         bytea,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (merchant_id, mode, operation, key),
    CHECK ((status IS NULL) = (body IS NULL))
);
CREATE INDEX idempotency_created_at ON payments.idempotency (created_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON payments.idempotency TO $app$;
