-- When the rail said last_answer: a turn may be recorded together with the next one. An older version doesn't tell.
ALTER TABLE payments.submission ADD COLUMN last_at timestamptz;

CREATE OR REPLACE FUNCTION payments.note_turn() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO payments.timeline (payment_id, at, turn, action, answer)
    VALUES (NEW.payment_id,
        CASE WHEN NEW.last_at IS DISTINCT FROM OLD.last_at THEN coalesce(NEW.last_at, clock_timestamp()) ELSE clock_timestamp() END,
        NEW.tries, NEW.last_action, coalesce(NEW.last_answer, 'unknown'));
    RETURN NULL;
END
$$;

-- A turn that finds an id which the rail has never seen goes on to another call: the first one has its own entry too.
CREATE FUNCTION payments.note_look() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO payments.timeline (payment_id, at, turn, action, answer)
    VALUES (NEW.payment_id, clock_timestamp(), NEW.tries + 1, NEW.last_action, coalesce(NEW.last_answer, 'unknown'));
    RETURN NULL;
END
$$;
CREATE TRIGGER note_look AFTER UPDATE OF last_answer ON payments.submission FOR EACH ROW
    WHEN (NEW.tries = OLD.tries) EXECUTE FUNCTION payments.note_look();
