-- What became of a payment, entry by entry: each state it took and each turn with the rail. The triggers write it, so
-- that no statement can move a payment without a trace; the service itself may only read it.
CREATE TABLE payments.timeline (
    entry_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id uuid        NOT NULL,
    at         timestamptz NOT NULL,
    state      text,    -- Of an entry about the payment.
    turn       integer, -- Of an entry about the rail: 1 is the first.
    action     text     CHECK (action IN ('submit', 'ask', 'cancel')),
    answer     text,    -- What the rail said, in the service's summary of it: no body, no secret.
    CHECK ((state IS NULL) = (turn IS NOT NULL)),
    CHECK ((turn IS NULL) = (answer IS NULL))
);
CREATE INDEX timeline_payment ON payments.timeline (payment_id, entry_id);
GRANT SELECT ON payments.timeline TO $app$;

-- The call that gave last_answer. Null for a turn that an older version has taken.
ALTER TABLE payments.submission ADD COLUMN last_action text CHECK (last_action IN ('submit', 'ask', 'cancel'));

-- Payments from before this table: what their rows still tell.
INSERT INTO payments.timeline (payment_id, at, state)
SELECT payment_id, at, state FROM (
    SELECT payment_id, created_at AS at, 'resolved' AS state FROM payments.payment
    UNION ALL
    SELECT payment_id, confirmed_at, 'confirming' FROM payments.payment WHERE confirmed_at IS NOT NULL
    UNION ALL
    SELECT payment_id, coalesce(completed_at, changed_at), state FROM payments.payment
    WHERE state NOT IN ('resolved', 'confirming')) AS known
ORDER BY at;

CREATE FUNCTION payments.note_payment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO payments.timeline (payment_id, at, state) VALUES (NEW.payment_id, NEW.changed_at, NEW.state);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_new_payment AFTER INSERT ON payments.payment FOR EACH ROW EXECUTE FUNCTION payments.note_payment();
CREATE TRIGGER note_payment AFTER UPDATE OF state ON payments.payment FOR EACH ROW
    WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION payments.note_payment();

CREATE FUNCTION payments.note_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO payments.timeline (payment_id, at, turn, action, answer)
    VALUES (NEW.payment_id, clock_timestamp(), NEW.tries, NEW.last_action, coalesce(NEW.last_answer, 'unknown'));
    RETURN NULL;
END
$$;
CREATE TRIGGER note_turn AFTER UPDATE OF tries ON payments.submission FOR EACH ROW
    WHEN (NEW.tries > OLD.tries) EXECUTE FUNCTION payments.note_turn();
