-- A merchant's list is paged by created_at, so no two of their payments may share one: "before" would skip the second.
-- Those that do are told apart by microseconds, the first keeps its time.
ALTER TABLE payments.payment DISABLE TRIGGER guard_payment;
DO $$
BEGIN
    LOOP
        UPDATE payments.payment AS payment SET created_at = payment.created_at + interval '1 microsecond'
        FROM (
            SELECT payment_id, row_number() OVER (PARTITION BY merchant_id, mode, created_at ORDER BY payment_id) AS place
            FROM payments.payment) AS tied
        WHERE tied.payment_id = payment.payment_id AND tied.place > 1;
        EXIT WHEN NOT FOUND;
    END LOOP;
END
$$;
ALTER TABLE payments.payment ENABLE TRIGGER guard_payment;
CREATE UNIQUE INDEX payment_moment ON payments.payment (merchant_id, mode, created_at DESC);
DROP INDEX payments.payment_listed;

-- By status, at any depth.
CREATE INDEX payment_by_state ON payments.payment (merchant_id, mode, state, created_at DESC);

-- By time, for reconciliation: rows lie in this order on the disk.
CREATE INDEX payment_created ON payments.payment USING brin (created_at);
