-- What keys with a daily limit have spent. A debit is reserved in the transaction that opens its attempt; what closes the
-- attempt without a debit, or gives the money back, releases it, whoever does it: hence the triggers.
CREATE TABLE payments.key_day (
    budget_id        uuid   NOT NULL, -- The key that the limit was set for.
    day              date   NOT NULL, -- Europe/Moscow.
    reserved_kopecks bigint NOT NULL CHECK (reserved_kopecks >= 0),
    PRIMARY KEY (budget_id, day)
);
GRANT SELECT, INSERT, UPDATE ON payments.key_day TO $app$;

CREATE TABLE payments.key_reservation (
    attempt_id uuid    NOT NULL REFERENCES payments.attempt DEFERRABLE INITIALLY DEFERRED,
    budget_id  uuid    NOT NULL,
    day        date    NOT NULL,
    kopecks    bigint  NOT NULL CHECK (kopecks > 0),
    is_released boolean NOT NULL DEFAULT false,
    PRIMARY KEY (attempt_id, budget_id)
);
GRANT SELECT, INSERT, UPDATE ON payments.key_reservation TO $app$;

CREATE FUNCTION payments.release_budgets(attempt uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    -- In the order of budgets, as they are reserved: two payments of the same keys never wait for each other in a ring.
    FOR held IN
        SELECT budget_id, day, kopecks FROM payments.key_reservation
        WHERE attempt_id = attempt AND NOT is_released ORDER BY budget_id FOR UPDATE
    LOOP
        UPDATE payments.key_day SET reserved_kopecks = reserved_kopecks - held.kopecks
        WHERE budget_id = held.budget_id AND day = held.day;
    END LOOP;
    UPDATE payments.key_reservation SET is_released = true WHERE attempt_id = attempt AND NOT is_released;
END
$$;

CREATE FUNCTION payments.release_closed_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payments.release_budgets(NEW.attempt_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER release_closed_attempt AFTER UPDATE ON payments.attempt FOR EACH ROW
    WHEN (OLD.status = 'open' AND NEW.status IN ('refused', 'voided'))
    EXECUTE FUNCTION payments.release_closed_attempt();

CREATE FUNCTION payments.release_refunded_payment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM payments.release_budgets(NEW.debit_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER release_refunded_payment AFTER UPDATE ON payments.payment FOR EACH ROW
    WHEN (OLD.state = 'refunding' AND NEW.state = 'failed')
    EXECUTE FUNCTION payments.release_refunded_payment();
