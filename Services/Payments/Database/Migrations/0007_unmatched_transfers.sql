-- Transfers in the rail's statement that no payment of a restored database explains: they wait for an operator, and until
-- then nothing is paid by their codes. See Features/Recovery.
CREATE TABLE payments.unmatched_transfer (
    mode           text        NOT NULL CHECK (mode IN ('live', 'test')),
    transfer_id    uuid        NOT NULL,
    rail           text        NOT NULL,
    status         text        NOT NULL, -- The rail's.
    fault          text        NOT NULL, -- What doesn't agree.
    amount_kopecks bigint,
    qr_canonical   text,                 -- Null when the rail doesn't say: then its sum holds back all codes of this sum.
    found_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at      timestamptz,
    closed_by      text,
    close_reason   text,
    PRIMARY KEY (mode, transfer_id),
    CHECK (num_nulls(closed_at, closed_by, close_reason) IN (0, 3))
);
CREATE INDEX unmatched_transfer_open ON payments.unmatched_transfer (found_at) WHERE closed_at IS NULL;
GRANT SELECT, INSERT ON payments.unmatched_transfer TO $app$;
GRANT UPDATE (status, fault, closed_at, closed_by, close_reason) ON payments.unmatched_transfer TO $app$;

-- The last word is here, whichever version of the service opens the attempt.
CREATE FUNCTION payments.guard_unmatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM payments.unmatched_transfer AS transfer JOIN payments.payment USING (mode)
        WHERE payment.payment_id = NEW.payment_id
          AND transfer.closed_at IS NULL AND transfer.status NOT IN ('failed', 'cancelled')
          AND (transfer.transfer_id = payment.payment_id OR transfer.qr_canonical = payment.qr_canonical
            OR (transfer.qr_canonical IS NULL
                AND coalesce(transfer.amount_kopecks, payment.amount_kopecks) = payment.amount_kopecks))) THEN
        RAISE EXCEPTION 'payment %: a transfer at the rail that no payment explains holds its code', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_unmatched_transfer';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER guard_unmatched BEFORE INSERT ON payments.attempt FOR EACH ROW EXECUTE FUNCTION payments.guard_unmatched();
