-- A SHA-256 chain over each wallet's entries: ArdorQr.Ledger.Domain.OperationChain says the same in C#.
CREATE FUNCTION ledger.operation_hash(
    previous_hash bytea, merchant_id uuid, mode text, sequence bigint, operation_id uuid, kind text,
    amount_kopecks bigint, balance_after_kopecks bigint, source_id uuid, created_at timestamptz, description text)
RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(previous_hash || convert_to(
        'ardorqr.operation.v1' || E'\n' || merchant_id || E'\n' || mode || E'\n' || sequence || E'\n' || operation_id
        || E'\n' || CASE kind WHEN 'debit' THEN 'payment' ELSE kind END || E'\n' || amount_kopecks
        || E'\n' || balance_after_kopecks || E'\nRUB\n' || source_id
        || E'\n' || to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || E'\n' || description,
        'UTF8'))
$$;

ALTER TABLE ledger.entry ADD COLUMN previous_hash bytea, ADD COLUMN hash bytea;
ALTER TABLE ledger.wallet ADD COLUMN last_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex');

-- Entries that were written before there was a chain.
DO $$
DECLARE
    owned record;
    written record;
    link bytea;
BEGIN
    FOR owned IN SELECT * FROM ledger.wallet WHERE last_sequence > 0 ORDER BY account_id LOOP
        link := owned.last_hash;
        FOR written IN
            SELECT entry.*, transfer.kind, transfer.source_id, transfer.description
            FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
            WHERE entry.account_id = owned.account_id ORDER BY entry.sequence
        LOOP
            UPDATE ledger.entry SET
                previous_hash = link,
                hash = ledger.operation_hash(link, owned.merchant_id, owned.mode, written.sequence,
                    written.operation_id, written.kind, written.amount_kopecks, written.balance_after_kopecks,
                    written.source_id, written.created_at, written.description)
            WHERE transfer_id = written.transfer_id AND account_id = written.account_id
            RETURNING hash INTO link;
        END LOOP;
        UPDATE ledger.wallet SET last_hash = link WHERE account_id = owned.account_id;
    END LOOP;
END
$$;

ALTER TABLE ledger.entry
    ADD CONSTRAINT entry_chained CHECK (
        (sequence IS NULL) = (hash IS NULL) AND (sequence IS NULL) = (previous_hash IS NULL)),
    ADD CONSTRAINT entry_hash_length CHECK (octet_length(hash) = 32 AND octet_length(previous_hash) = 32);
ALTER TABLE ledger.wallet
    ADD CONSTRAINT wallet_hash_length CHECK (octet_length(last_hash) = 32),
    ADD CONSTRAINT wallet_chained CHECK ((last_sequence = 0) = (last_hash = decode(repeat('00', 32), 'hex')));
GRANT UPDATE (last_hash) ON ledger.wallet TO $app$;

-- As before, and the chain: an entry continues its wallet's and is what its facts say.
CREATE OR REPLACE FUNCTION ledger.check_entries() RETURNS trigger
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
                OR added.created_at <= previous.created_at
                OR added.previous_hash <> coalesce(previous.hash, decode(repeat('00', 32), 'hex'))))
    THEN
        RAISE EXCEPTION 'an entry does not continue its wallet' USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT FROM added JOIN ledger.transfer ON transfer.transfer_id = added.transfer_id
        WHERE added.sequence IS NOT NULL AND added.hash IS DISTINCT FROM ledger.operation_hash(
            added.previous_hash, transfer.merchant_id, transfer.mode, added.sequence, added.operation_id, transfer.kind,
            added.amount_kopecks, added.balance_after_kopecks, transfer.source_id, added.created_at,
            transfer.description))
    THEN
        RAISE EXCEPTION 'an entry is not what its hash says' USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT FROM (
            SELECT account_id, max(sequence) AS sequence FROM added WHERE sequence IS NOT NULL GROUP BY account_id) AS last
        JOIN ledger.entry ON entry.account_id = last.account_id AND entry.sequence = last.sequence
        JOIN ledger.wallet ON wallet.account_id = last.account_id
        WHERE (wallet.last_sequence, wallet.balance_kopecks, wallet.last_entry_at, wallet.last_hash)
            IS DISTINCT FROM (entry.sequence, entry.balance_after_kopecks, entry.created_at, entry.hash))
    THEN
        RAISE EXCEPTION 'a wallet does not agree with its last entry' USING ERRCODE = 'check_violation';
    END IF;

    RETURN NULL;
END
$$;
