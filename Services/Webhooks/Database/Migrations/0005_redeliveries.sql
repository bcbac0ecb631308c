-- Retention deletes deliveries, and for each it is asked whether another one repeats it.
CREATE INDEX delivery_redelivery_of ON webhooks.delivery (redelivery_of) WHERE redelivery_of IS NOT NULL;
