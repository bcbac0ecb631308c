-- What a chain and its index do to a watcher besides plain transfers: rows that are shown late or never, wallets that
-- change without a row, an index that lags or fails.
ALTER TABLE sandbox.jetton_transfer ADD COLUMN shown_seqno bigint;
UPDATE sandbox.jetton_transfer SET shown_seqno = seqno;
ALTER TABLE sandbox.jetton_transfer ALTER COLUMN shown_seqno SET NOT NULL;
ALTER TABLE sandbox.jetton_transfer DROP CONSTRAINT jetton_transfer_amount_micros_check;
ALTER TABLE sandbox.jetton_transfer ADD CHECK (amount_micros >= 0);

-- Every change of a jetton wallet's balance, at the logical time of the wallet's own transaction.
CREATE TABLE sandbox.wallet_change (
    jetton_wallet text   NOT NULL,
    lt            bigint NOT NULL,
    owner         text   NOT NULL,
    master        text   NOT NULL,
    micros        bigint NOT NULL,
    seqno         bigint NOT NULL,
    PRIMARY KEY (jetton_wallet, lt)
);
CREATE INDEX wallet_change_owner ON sandbox.wallet_change (owner);
GRANT SELECT, INSERT ON sandbox.wallet_change TO $app$;
INSERT INTO sandbox.wallet_change (jetton_wallet, lt, owner, master, micros, seqno)
SELECT jetton_wallet, lt + 1000, owner, master, amount_micros, seqno FROM sandbox.jetton_transfer;

-- Which transactions a message left and reached, for /transactionsByMessage.
ALTER TABLE sandbox.chain_transaction
    ADD COLUMN in_hash text GENERATED ALWAYS AS (body -> 'in_msg' ->> 'hash') STORED,
    ADD COLUMN out_hashes jsonb GENERATED ALWAYS AS (jsonb_path_query_array(body, '$.out_msgs[*].hash')) STORED;
CREATE INDEX chain_transaction_in_hash ON sandbox.chain_transaction (in_hash);
CREATE INDEX chain_transaction_out_hashes ON sandbox.chain_transaction USING gin (out_hashes jsonb_path_ops);

-- An index that is behind shows no block above this one until then.
ALTER TABLE sandbox.chain
    ADD COLUMN frozen_seqno bigint,
    ADD COLUMN frozen_until timestamptz,
    ADD CHECK ((frozen_seqno IS NULL) = (frozen_until IS NULL));

-- Requests to the chain that are to fail.
CREATE TABLE sandbox.chain_fault (
    fault_id     bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text    NOT NULL CHECK (kind IN ('rate_limited', 'unavailable', 'cut', 'garbled', 'slow')),
    path         text,
    requests     integer NOT NULL CHECK (requests >= 0),
    hold_seconds integer NOT NULL DEFAULT 0 CHECK (hold_seconds >= 0)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sandbox.chain_fault TO $app$;
