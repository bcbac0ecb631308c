-- One transfer per transaction. :wallets is 100000 (spread) or 1 (hot).
\set wallet random(1, :wallets)
BEGIN;
WITH request AS MATERIALIZED (
    SELECT gen_random_uuid() AS transfer_id, gen_random_uuid() AS payment_id, clock_timestamp() AS created_at
), moved AS (
    UPDATE wallet SET balance_kopecks = balance_kopecks - 100
    WHERE wallet_id = :wallet AND balance_kopecks >= 100
    RETURNING wallet_id, balance_kopecks
), written AS (
    INSERT INTO transfer (transfer_id, payment_id, wallet_id, amount_kopecks, description, created_at)
    SELECT transfer_id, payment_id, wallet_id, 100, 'Оплата по QR', created_at FROM request, moved
    RETURNING transfer_id, created_at
)
INSERT INTO entry (transfer_id, wallet_id, amount_kopecks, balance_after_kopecks, created_at)
SELECT transfer_id, wallet_id, -100, balance_kopecks, created_at FROM written, moved;
INSERT INTO outbox (event_id, body) VALUES (gen_random_uuid(), '{"type":"debited","amountMinor":100}');
COMMIT;
