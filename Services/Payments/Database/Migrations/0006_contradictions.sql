-- What an operator says of a settlement that the rail has contradicted, when nothing is left to do about it.
ALTER TABLE payments.settlement
    ADD COLUMN cleared_reason text CHECK (length(cleared_reason) BETWEEN 1 AND 500),
    ADD COLUMN cleared_at     timestamptz,
    ADD CONSTRAINT settlement_cleared CHECK (
        (cleared_reason IS NULL) = (cleared_at IS NULL) AND (cleared_at IS NULL OR contradicted_at IS NOT NULL));
GRANT UPDATE (cleared_reason, cleared_at) ON payments.settlement TO $app$;
