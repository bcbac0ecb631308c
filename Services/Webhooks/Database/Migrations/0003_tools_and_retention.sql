-- How often a merchant has used the tools that make us call its server, in the minute that is going on.
CREATE TABLE webhooks.tool_use (
    merchant_id uuid        NOT NULL,
    mode        text        NOT NULL CHECK (mode IN ('live', 'test')),
    minute      timestamptz NOT NULL,
    uses        integer     NOT NULL CHECK (uses > 0),
    PRIMARY KEY (merchant_id, mode)
);
GRANT SELECT, INSERT, UPDATE ON webhooks.tool_use TO $app$;

-- A change of settings has more deliveries to pause or resume than one transaction should touch.
ALTER TABLE webhooks.endpoint ADD COLUMN pauses_unfinished boolean NOT NULL DEFAULT false;
CREATE INDEX endpoint_pauses_unfinished ON webhooks.endpoint (merchant_id, mode) WHERE pauses_unfinished;

-- What was given up: to be recovered by the merchant, and seen by the operator.
CREATE INDEX delivery_failed ON webhooks.delivery (merchant_id, mode, created_at) WHERE status = 'failed';

-- Retention: a body may be forgotten, and never become another one.
ALTER TABLE webhooks.event ALTER COLUMN body DROP NOT NULL;
CREATE INDEX event_with_body ON webhooks.event (stored_at) WHERE body IS NOT NULL;
CREATE INDEX event_stored_at ON webhooks.event (stored_at);
CREATE FUNCTION webhooks.keep_body() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''the body of an event can only be forgotten''; END';
CREATE TRIGGER keep_body BEFORE UPDATE ON webhooks.event
    FOR EACH ROW WHEN (NEW.body IS NOT NULL AND NEW.body IS DISTINCT FROM OLD.body) EXECUTE FUNCTION webhooks.keep_body();
GRANT UPDATE (body), DELETE ON webhooks.event TO $app$;
GRANT UPDATE (response_body), DELETE ON webhooks.attempt TO $app$;
GRANT DELETE ON webhooks.delivery TO $app$;
