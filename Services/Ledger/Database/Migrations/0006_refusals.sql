-- The ids that were refused or voided. No entry and no chain tells of them, and their answers are for ever: whether one
-- of them is gone, or was slipped in, shows here.
CREATE TABLE ledger.refusal (
    transfer_id uuid PRIMARY KEY
);
GRANT SELECT, INSERT ON ledger.refusal TO $app$;

-- Noted by the database, so that a release that doesn't know of it may still run beside. Posted transfers cost a
-- comparison.
CREATE FUNCTION ledger.note_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger.refusal (transfer_id) VALUES (NEW.transfer_id);
    RETURN NULL;
END
$$;
CREATE TRIGGER note_refusal AFTER INSERT ON ledger.transfer
    FOR EACH ROW WHEN (NEW.status <> 'posted') EXECUTE FUNCTION ledger.note_refusal();

INSERT INTO ledger.refusal SELECT transfer_id FROM ledger.transfer WHERE status <> 'posted';
