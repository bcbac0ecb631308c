-- Transfers that wait for an operator and hold a code back: one condition for the operators' list, the guard and whoever
-- goes on with an attempt. What was found never debited is dealt with once its payment's debit is recorded.
CREATE VIEW payments.standing_transfer AS
SELECT mode, transfer_id, rail, status, fault, amount_kopecks, qr_canonical, sealed_key_id, qr_lookup, found_at
FROM payments.unmatched_transfer AS transfer
WHERE closed_at IS NULL AND status NOT IN ('failed', 'cancelled')
  AND (fault <> 'never debited' OR NOT EXISTS (
    SELECT FROM payments.payment
    WHERE payment.payment_id = transfer.transfer_id AND payment.mode = transfer.mode AND debit_id IS NOT NULL));
GRANT SELECT ON payments.standing_transfer TO $app$;

-- Whether the rail names a transfer of this payment that no operator has dealt with: then it must be debited, whatever
-- else there is.
CREATE FUNCTION payments.is_known_outside(payment uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM payments.unmatched_transfer AS transfer JOIN payments.payment AS own USING (mode)
        WHERE own.payment_id = payment AND transfer.transfer_id = payment
          AND transfer.closed_at IS NULL AND transfer.status NOT IN ('failed', 'cancelled'));
END
$$;

-- Whether another payment's transfer holds this one's code, and the rail names none of this one itself. Codes that can't
-- be compared, because the rail doesn't name them or one of the two is sealed or under another key, are held by their sum.
CREATE FUNCTION payments.is_code_held(payment uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM payments.standing_transfer AS transfer JOIN payments.payment AS own USING (mode)
        WHERE own.payment_id = payment AND transfer.transfer_id <> payment AND CASE
            WHEN transfer.sealed_key_id = own.sealed_key_id THEN transfer.qr_lookup = own.qr_lookup
            WHEN transfer.qr_canonical IS NOT NULL AND own.qr_canonical IS NOT NULL
                THEN transfer.qr_canonical = own.qr_canonical
            ELSE coalesce(transfer.amount_kopecks, own.amount_kopecks) = own.amount_kopecks END)
        AND NOT payments.is_known_outside(payment);
END
$$;

CREATE OR REPLACE FUNCTION payments.guard_unmatched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM payments.unmatched_transfer WHERE closed_at IS NULL) -- Hardly ever: the rest is dearer.
        AND (payments.is_code_held(NEW.payment_id) OR payments.is_known_outside(NEW.payment_id)) THEN
        RAISE EXCEPTION 'payment %: a transfer at the rail that no payment explains holds its code', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_unmatched_transfer';
    END IF;
    RETURN NEW;
END
$$;
