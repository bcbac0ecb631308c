-- Payments in review that an operator has ended by hand, while the rail had no final word.
CREATE TABLE payments.settlement (
    payment_id      uuid        PRIMARY KEY REFERENCES payments.payment,
    outcome         text        NOT NULL CHECK (outcome IN ('completed', 'failed')),
    reason          text        NOT NULL CHECK (length(reason) BETWEEN 1 AND 500), -- The operator's.
    rail_answer     text        NOT NULL, -- What the rail said just before.
    settled_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    contradicted_by text,                 -- The rail's final word, when it came later and was another.
    contradicted_at timestamptz,
    CHECK ((contradicted_by IS NULL) = (contradicted_at IS NULL))
);
GRANT SELECT, INSERT ON payments.settlement TO $app$;
GRANT UPDATE (contradicted_by, contradicted_at) ON payments.settlement TO $app$;
