-- The books: double entry in kopecks. Rows are only ever added; a wallet's row is the one thing that changes.
CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO $app$;

-- The house's own accounts. They have entries and no balance of their own, so nobody ever waits for them.
CREATE TABLE ledger.house_account (
    account_id bigint PRIMARY KEY CHECK (account_id < 1000),
    mode       text NOT NULL CHECK (mode IN ('live', 'test')),
    code       text NOT NULL,
    UNIQUE (mode, code)
);
INSERT INTO ledger.house_account (account_id, mode, code) VALUES
    (101, 'live', 'deposit_clearing'), (201, 'test', 'deposit_clearing'),
    (102, 'live', 'payment_clearing'), (202, 'test', 'payment_clearing'),
    (103, 'live', 'rail_settlement'),  (203, 'test', 'rail_settlement'),
    (104, 'live', 'fee_income'),       (204, 'test', 'fee_income'),
    (105, 'live', 'rail_discrepancy'), (205, 'test', 'rail_discrepancy'),
    (106, 'live', 'adjustments'),      (206, 'test', 'adjustments');
GRANT SELECT ON ledger.house_account TO $app$;

-- A merchant's money in one mode. The row's lock orders everything that happens to it.
CREATE TABLE ledger.wallet (
    account_id      bigint GENERATED ALWAYS AS IDENTITY (START WITH 1000) PRIMARY KEY CHECK (account_id >= 1000),
    merchant_id     uuid        NOT NULL,
    mode            text        NOT NULL CHECK (mode IN ('live', 'test')),
    balance_kopecks bigint      NOT NULL DEFAULT 0 CHECK (balance_kopecks >= 0),
    last_sequence   bigint      NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    last_entry_at   timestamptz,
    opened_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (merchant_id, mode),
    CHECK ((last_sequence = 0) = (last_entry_at IS NULL))
) WITH (fillfactor = 50);
GRANT SELECT, INSERT (merchant_id, mode), UPDATE (balance_kopecks, last_sequence, last_entry_at)
    ON ledger.wallet TO $app$;

-- What was asked and what was answered, once and for ever: total = amount + fee.
CREATE TABLE ledger.transfer (
    transfer_id     uuid PRIMARY KEY,
    kind            text        NOT NULL CHECK (kind IN ('deposit', 'debit', 'settlement', 'refund', 'adjustment')),
    merchant_id     uuid        NOT NULL,
    mode            text        NOT NULL CHECK (mode IN ('live', 'test')),
    source_id       uuid        NOT NULL,                                    -- the deposit or the payment
    debit_id        uuid        REFERENCES ledger.transfer,                  -- what a settlement or a refund closes
    amount_kopecks  bigint,
    fee_kopecks     bigint,
    total_kopecks   bigint,
    description     text        NOT NULL CHECK (length(description) <= 500),
    status          text        NOT NULL CHECK (status IN ('posted', 'refused', 'voided')),
    reason          text,
    balance_kopecks bigint      NOT NULL CHECK (balance_kopecks >= 0),       -- the wallet's, as it was answered
    operation_id    uuid,
    answer_event_id uuid,
    created_at      timestamptz NOT NULL,
    CHECK (CASE status
        WHEN 'posted' THEN reason IS NULL
        WHEN 'refused' THEN kind IN ('debit', 'adjustment')
            AND coalesce(reason, '') IN ('insufficient_funds', 'superseded')
        ELSE kind = 'debit' AND coalesce(reason, '') = 'voided' END),
    CHECK (CASE WHEN status = 'voided'
        THEN amount_kopecks IS NULL AND fee_kopecks IS NULL AND total_kopecks IS NULL
        ELSE amount_kopecks IS NOT NULL AND fee_kopecks IS NOT NULL AND total_kopecks IS NOT NULL
            AND (amount_kopecks > 0 OR kind = 'adjustment' AND amount_kopecks <> 0) AND fee_kopecks >= 0
            AND total_kopecks = amount_kopecks + fee_kopecks END),
    CHECK ((debit_id IS NOT NULL) = (kind IN ('settlement', 'refund'))),
    CHECK ((operation_id IS NOT NULL) = (status = 'posted' AND kind <> 'settlement')),
    CHECK ((answer_event_id IS NOT NULL) = (kind IN ('deposit', 'settlement', 'refund')))
);
CREATE UNIQUE INDEX transfer_one_debit_per_payment ON ledger.transfer (source_id)
    WHERE kind = 'debit' AND status = 'posted';
CREATE UNIQUE INDEX transfer_one_closing_per_debit ON ledger.transfer (debit_id) WHERE debit_id IS NOT NULL;
GRANT SELECT, INSERT ON ledger.transfer TO $app$;

-- The movements. A wallet's entry has a number, the balance after it and the id that its merchant sees; the house's
-- have none.
CREATE TABLE ledger.entry (
    transfer_id           uuid        NOT NULL,
    account_id            bigint      NOT NULL,
    amount_kopecks        bigint      NOT NULL CHECK (amount_kopecks <> 0),
    operation_id          uuid,
    sequence              bigint      CHECK (sequence > 0),
    balance_after_kopecks bigint      CHECK (balance_after_kopecks >= 0),
    created_at            timestamptz NOT NULL,
    PRIMARY KEY (transfer_id, account_id),
    CHECK ((sequence IS NULL) = (balance_after_kopecks IS NULL) AND (sequence IS NULL) = (operation_id IS NULL)),
    CHECK ((sequence IS NOT NULL) = (account_id >= 1000))
);
CREATE UNIQUE INDEX entry_wallet_sequence ON ledger.entry (account_id, sequence) WHERE sequence IS NOT NULL;
CREATE UNIQUE INDEX entry_wallet_created_at ON ledger.entry (account_id, created_at) WHERE sequence IS NOT NULL;
GRANT SELECT, INSERT ON ledger.entry TO $app$;

-- What no CHECK can say, for all rows of a statement at once: foreign keys would lock the house's rows entry by entry.
-- A transfer's entries come in one statement, after their transfer and their wallets' new state.
-- Only index look-ups: a plan made while the tables were empty must not scan them when they are full.
CREATE FUNCTION ledger.check_entries() RETURNS trigger
LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY transfer_id HAVING sum(amount_kopecks) <> 0) THEN
        RAISE EXCEPTION 'the entries of a transfer do not sum to zero' USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT FROM added
        LEFT JOIN ledger.transfer ON transfer.transfer_id = added.transfer_id
        LEFT JOIN ledger.wallet ON wallet.account_id = added.account_id
        LEFT JOIN ledger.house_account AS house ON house.account_id = added.account_id
        WHERE transfer.status IS DISTINCT FROM 'posted'
            OR transfer.mode IS DISTINCT FROM coalesce(wallet.mode, house.mode)
            OR (wallet.account_id IS NOT NULL AND wallet.merchant_id IS DISTINCT FROM transfer.merchant_id))
    THEN
        RAISE EXCEPTION 'an entry is of no posted transfer, or its account is unknown, of another mode or merchant'
            USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT FROM added
        LEFT JOIN ledger.entry AS previous
            ON previous.account_id = added.account_id AND previous.sequence = added.sequence - 1
        WHERE added.sequence IS NOT NULL
            AND ((previous.sequence IS NULL AND added.sequence <> 1)
                OR added.balance_after_kopecks <> coalesce(previous.balance_after_kopecks, 0) + added.amount_kopecks
                OR added.created_at <= previous.created_at))
    THEN
        RAISE EXCEPTION 'an entry does not continue its wallet' USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT FROM (
            SELECT account_id, max(sequence) AS sequence FROM added WHERE sequence IS NOT NULL GROUP BY account_id) AS last
        JOIN ledger.entry ON entry.account_id = last.account_id AND entry.sequence = last.sequence
        JOIN ledger.wallet ON wallet.account_id = last.account_id
        WHERE (wallet.last_sequence, wallet.balance_kopecks, wallet.last_entry_at)
            IS DISTINCT FROM (entry.sequence, entry.balance_after_kopecks, entry.created_at))
    THEN
        RAISE EXCEPTION 'a wallet does not agree with its last entry' USING ERRCODE = 'check_violation';
    END IF;

    RETURN NULL;
END
$$;
CREATE TRIGGER check_entries AFTER INSERT ON ledger.entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.check_entries();
