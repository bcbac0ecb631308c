-- 500 transfers by one statement of sets, one transaction. :wallets is 100000 (spread) or 1 (hot).
BEGIN;
WITH request AS MATERIALIZED (
    SELECT * FROM unnest(
        ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 500)),
        ARRAY(SELECT gen_random_uuid() FROM generate_series(1, 500)),
        ARRAY(SELECT 1 + floor(random() * :wallets)::bigint FROM generate_series(1, 500)))
        WITH ORDINALITY AS row (transfer_id, payment_id, wallet_id, place)
), locked AS MATERIALIZED (
    SELECT wallet.wallet_id, balance_kopecks FROM wallet
    WHERE wallet_id IN (SELECT wallet_id FROM request) ORDER BY wallet_id FOR UPDATE
), posted AS MATERIALIZED (
    SELECT request.*, balance_kopecks - 100 * row_number() OVER (PARTITION BY wallet_id ORDER BY place) AS balance_after,
        clock_timestamp() AS created_at
    FROM request JOIN locked USING (wallet_id)
), moved AS (
    UPDATE wallet SET balance_kopecks = last.balance_after
    FROM (SELECT wallet_id, min(balance_after) AS balance_after FROM posted WHERE balance_after >= 0 GROUP BY wallet_id) AS last
    WHERE wallet.wallet_id = last.wallet_id
), written AS (
    INSERT INTO transfer (transfer_id, payment_id, wallet_id, amount_kopecks, description, created_at)
    SELECT transfer_id, payment_id, wallet_id, 100, 'Оплата по QR', created_at
    FROM posted WHERE balance_after >= 0
), entries AS (
    INSERT INTO entry (transfer_id, wallet_id, amount_kopecks, balance_after_kopecks, created_at)
    SELECT transfer_id, wallet_id, -100, balance_after, created_at FROM posted WHERE balance_after >= 0
)
INSERT INTO outbox (event_id, body)
SELECT gen_random_uuid(), '{"type":"debited","amountMinor":100}' FROM posted WHERE balance_after >= 0;
COMMIT;
