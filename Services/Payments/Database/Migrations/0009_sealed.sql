-- What a code says and who its payee is may be stored sealed, and is erased after its retention: see Database/PaymentSeals.cs.
-- The columns in the clear are null then. An older version of the service writes them and reads nothing else.
CREATE FUNCTION payments.code_hash(code text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS
    $$ SELECT sha256(convert_to(code, 'UTF8')) $$;

ALTER TABLE payments.payment
    ALTER COLUMN payee_name DROP NOT NULL,
    ALTER COLUMN qr_text DROP NOT NULL,
    ALTER COLUMN qr_canonical DROP NOT NULL,
    ADD COLUMN sealed          bytea,       -- Payee and code.
    ADD COLUMN sealed_key_id   text,
    ADD COLUMN qr_lookup       bytea,       -- The canonical code's keyed hash, under the same key.
    ADD COLUMN single_use_hash bytea,       -- Stays when all else is erased: a code that was paid is paid.
    ADD COLUMN erased_at       timestamptz,
    ADD CONSTRAINT payment_sealed_whole CHECK (num_nulls(sealed, sealed_key_id, qr_lookup) IN (0, 3)),
    ADD CONSTRAINT payment_kept_once CHECK (
        CASE WHEN erased_at IS NOT NULL OR sealed IS NOT NULL
            THEN num_nonnulls(payee_name, payee_bank, payee_inn, qr_text, qr_canonical, single_use_key) = 0
            ELSE num_nulls(payee_name, qr_text, qr_canonical) = 0 END),
    ADD CONSTRAINT payment_erased_whole CHECK (
        erased_at IS NULL OR (sealed IS NULL AND state IN ('completed', 'failed', 'expired')));

-- One name for a code, whether it is stored in the clear, sealed, or erased: the guard holds across all three.
DROP INDEX payments.payment_single_use;
CREATE UNIQUE INDEX payment_single_use ON payments.payment (mode, coalesce(single_use_hash, payments.code_hash(single_use_key)))
    WHERE (single_use_hash IS NOT NULL OR single_use_key IS NOT NULL)
      AND (open_attempt_id IS NOT NULL OR state IN ('confirming', 'refunding', 'completed'));

-- Empty once all is sealed.
CREATE INDEX payment_plain ON payments.payment (payment_id) WHERE sealed IS NULL AND erased_at IS NULL;
-- Ended payments whose retention runs: a row comes into it once, at its end.
CREATE INDEX payment_kept ON payments.payment (state, changed_at)
    WHERE erased_at IS NULL AND state IN ('completed', 'failed', 'expired');

CREATE OR REPLACE FUNCTION payments.guard_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept CONSTANT text[] := ARRAY['payee_name', 'payee_bank', 'payee_inn', 'qr_text', 'qr_canonical', 'single_use_key',
        'single_use_hash', 'sealed', 'sealed_key_id', 'qr_lookup', 'erased_at'];
BEGIN
    -- How a payment is kept is no event in its life: it may be sealed, sealed anew or erased, and nothing else with it.
    IF NEW.version = OLD.version THEN
        IF OLD.erased_at IS NULL AND NEW.qr_canonical IS NULL AND to_jsonb(NEW) - kept = to_jsonb(OLD) - kept
            AND coalesce(NEW.single_use_hash, payments.code_hash(NEW.single_use_key))
                IS NOT DISTINCT FROM coalesce(OLD.single_use_hash, payments.code_hash(OLD.single_use_key)) THEN
            RETURN NEW;
        END IF;
    END IF;
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
    IF (NEW.payment_id, NEW.merchant_id, NEW.mode, NEW.amount_kopecks, NEW.fee_kopecks, NEW.qr_canonical, NEW.sealed,
            NEW.single_use_key, NEW.single_use_hash, NEW.erased_at, NEW.rail, NEW.created_at)
        IS DISTINCT FROM
       (OLD.payment_id, OLD.merchant_id, OLD.mode, OLD.amount_kopecks, OLD.fee_kopecks, OLD.qr_canonical, OLD.sealed,
            OLD.single_use_key, OLD.single_use_hash, OLD.erased_at, OLD.rail, OLD.created_at)
        OR (OLD.debit_id IS NOT NULL AND NEW.debit_id IS DISTINCT FROM OLD.debit_id)
        OR (OLD.failure_reason IS NOT NULL AND NEW.failure_reason IS DISTINCT FROM OLD.failure_reason) THEN
        RAISE EXCEPTION 'payment %: a fixed column was changed', OLD.payment_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

-- Answers kept for Idempotency-Key; null when the body is in the clear.
ALTER TABLE payments.idempotency ADD COLUMN body_key_id text;
CREATE INDEX idempotency_plain ON payments.idempotency (created_at) WHERE body IS NOT NULL AND body_key_id IS NULL;

ALTER TABLE payments.unmatched_transfer
    ADD COLUMN sealed        bytea, -- The code.
    ADD COLUMN sealed_key_id text,
    ADD COLUMN qr_lookup     bytea,
    ADD CONSTRAINT unmatched_transfer_sealed_whole CHECK (num_nulls(sealed, sealed_key_id, qr_lookup) IN (0, 3)),
    ADD CONSTRAINT unmatched_transfer_kept_once CHECK (sealed IS NULL OR qr_canonical IS NULL);
GRANT UPDATE (qr_canonical, sealed, sealed_key_id, qr_lookup) ON payments.unmatched_transfer TO $app$;

-- Codes that can't be compared, because one of the two is sealed or under another key, are held by their sum: as those
-- that the rail doesn't name.
CREATE OR REPLACE FUNCTION payments.guard_unmatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM payments.unmatched_transfer AS transfer JOIN payments.payment USING (mode)
        WHERE payment.payment_id = NEW.payment_id
          AND transfer.closed_at IS NULL AND transfer.status NOT IN ('failed', 'cancelled')
          AND (transfer.transfer_id = payment.payment_id OR CASE
            WHEN transfer.sealed_key_id = payment.sealed_key_id THEN transfer.qr_lookup = payment.qr_lookup
            WHEN transfer.qr_canonical IS NOT NULL AND payment.qr_canonical IS NOT NULL
                THEN transfer.qr_canonical = payment.qr_canonical
            ELSE coalesce(transfer.amount_kopecks, payment.amount_kopecks) = payment.amount_kopecks END)) THEN
        RAISE EXCEPTION 'payment %: a transfer at the rail that no payment explains holds its code', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_unmatched_transfer';
    END IF;
    RETURN NEW;
END
$$;
