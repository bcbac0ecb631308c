-- What an operator has clarified though the rows stay as they are, such as a payment that the rail never made and that was
-- adjusted: the same difference, with the same sides, is no discrepancy of later runs.
CREATE TABLE gateway.accepted_discrepancy (
    kind        text        NOT NULL,
    ids         jsonb       NOT NULL CHECK (ids <> '{}'), -- A service's own check is put right, not accepted.
    sides       jsonb       NOT NULL,
    reason      text        NOT NULL,
    accepted_by text        NOT NULL,
    accepted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (kind, ids, sides)
);
GRANT SELECT, INSERT ON gateway.accepted_discrepancy TO $app$;
