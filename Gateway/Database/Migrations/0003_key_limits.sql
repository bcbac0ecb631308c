-- What a key may be limited to, set when it is issued. Its payments count against every budget: the key's own daily
-- limit, and those of the limited keys that issued it.
ALTER TABLE gateway.api_key
    ADD COLUMN allowed_ips text[] CHECK (cardinality(allowed_ips) BETWEEN 1 AND 32),
    ADD COLUMN max_payment_kopecks bigint CHECK (max_payment_kopecks > 0),
    ADD COLUMN budget_ids uuid[] NOT NULL DEFAULT '{}',
    ADD COLUMN budget_kopecks bigint[] NOT NULL DEFAULT '{}',
    ADD CHECK (cardinality(budget_ids) = cardinality(budget_kopecks) AND cardinality(budget_ids) <= 8);

-- How many requests busy keys have made, by the replica that let them through. What a crash loses counts anew.
CREATE UNLOGGED TABLE gateway.rate_use (
    key_id uuid NOT NULL,
    time_window bigint NOT NULL,
    replica uuid NOT NULL,
    used integer NOT NULL CHECK (used >= 0),
    PRIMARY KEY (time_window, key_id, replica)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON gateway.rate_use TO $app$;
