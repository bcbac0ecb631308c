-- What keeps one endpoint from delaying others: how it has been doing, and until when it is left alone.
ALTER TABLE webhooks.endpoint
    ADD COLUMN slow          boolean NOT NULL DEFAULT false, -- Its last good answer took long.
    ADD COLUMN unanswered    integer NOT NULL DEFAULT 0 CHECK (unanswered >= 0), -- Attempts in a row that got no answer.
    ADD COLUMN resting_until timestamptz; -- The circuit is open: no attempts until then.
