-- After a restore from a backup, numbers that were given since are left out: a number is an address, and for ever one
-- merchant's. The service can't set the sequence otherwise.
CREATE FUNCTION gateway.jump_merchant_number(numbers integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
AS $$
    SELECT setval('gateway.merchant_number', nextval('gateway.merchant_number') + numbers)
    WHERE numbers BETWEEN 1 AND 1000000
$$;
REVOKE ALL ON FUNCTION gateway.jump_merchant_number(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gateway.jump_merchant_number(integer) TO $app$;

-- Once per recovery, whoever asks.
CREATE TABLE gateway.number_jump (
    since   timestamptz PRIMARY KEY,
    last    bigint      NOT NULL, -- The number after which the next merchant's comes.
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT ON gateway.number_jump TO $app$;
