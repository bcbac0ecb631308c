-- A claim changes nothing that an index holds, so that it stays on its page (a heap-only tuple): leases are counted among
-- the first due deliveries of an endpoint instead.
DROP INDEX webhooks.delivery_leased;
ALTER TABLE webhooks.delivery SET (fillfactor = 80);
