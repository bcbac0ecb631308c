-- The same judgements as before, in one pass over a statement's entries: each looks up its transfer, its account and the
-- entry before it once.
CREATE OR REPLACE FUNCTION ledger.check_entries() RETURNS trigger
LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off
AS $$
DECLARE
    found_fault text;
BEGIN
    IF EXISTS (SELECT FROM added GROUP BY transfer_id HAVING sum(amount_kopecks) <> 0) THEN
        RAISE EXCEPTION 'the entries of a transfer do not sum to zero' USING ERRCODE = 'check_violation';
    END IF;

    SELECT fault INTO found_fault FROM (
        SELECT CASE
            WHEN transfer.status IS DISTINCT FROM 'posted'
                OR transfer.mode IS DISTINCT FROM coalesce(wallet.mode, house.mode)
                OR (wallet.account_id IS NOT NULL AND wallet.merchant_id IS DISTINCT FROM transfer.merchant_id)
                THEN 'an entry is of no posted transfer, or its account is unknown, of another mode or merchant'
            WHEN added.sequence IS NULL THEN NULL
            WHEN (previous.sequence IS NULL AND added.sequence <> 1)
                OR added.balance_after_kopecks <> coalesce(previous.balance_after_kopecks, 0) + added.amount_kopecks
                OR added.created_at <= previous.created_at
                OR added.previous_hash <> coalesce(previous.hash, decode(repeat('00', 32), 'hex'))
                THEN 'an entry does not continue its wallet'
            WHEN added.hash IS DISTINCT FROM ledger.operation_hash(
                added.previous_hash, transfer.merchant_id, transfer.mode, added.sequence, added.operation_id,
                transfer.kind, added.amount_kopecks, added.balance_after_kopecks, transfer.source_id, added.created_at,
                transfer.description)
                THEN 'an entry is not what its hash says'
            END AS fault
        FROM added
        LEFT JOIN ledger.transfer ON transfer.transfer_id = added.transfer_id
        -- An entry has a number exactly when it is a wallet's: the table checks that.
        LEFT JOIN ledger.wallet
            ON wallet.account_id = CASE WHEN added.sequence IS NOT NULL THEN added.account_id END
        LEFT JOIN ledger.house_account AS house
            ON house.account_id = CASE WHEN added.sequence IS NULL THEN added.account_id END
        LEFT JOIN ledger.entry AS previous
            ON previous.account_id = added.account_id AND previous.sequence = added.sequence - 1) AS judged
    WHERE fault IS NOT NULL
    LIMIT 1;
    IF found_fault IS NOT NULL THEN
        RAISE EXCEPTION '%', found_fault USING ERRCODE = 'check_violation';
    END IF;

    IF EXISTS (
        SELECT FROM (
            SELECT DISTINCT ON (account_id) account_id, sequence, balance_after_kopecks, created_at, hash
            FROM added WHERE sequence IS NOT NULL ORDER BY account_id, sequence DESC) AS last
        JOIN ledger.wallet ON wallet.account_id = last.account_id
        WHERE (wallet.last_sequence, wallet.balance_kopecks, wallet.last_entry_at, wallet.last_hash)
            IS DISTINCT FROM (last.sequence, last.balance_after_kopecks, last.created_at, last.hash))
    THEN
        RAISE EXCEPTION 'a wallet does not agree with its last entry' USING ERRCODE = 'check_violation';
    END IF;

    RETURN NULL;
END
$$;
