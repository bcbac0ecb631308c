-- A second restore, to a time before the first one's jump, begins with the same sequence as the first did, and its jump
-- would land on the numbers that were given after it. So the jump is told by what no restore takes back: the clock gives
-- a number each second, more than merchants are ever registered, and the setting a least first one if they were.
CREATE FUNCTION gateway.jump_merchant_number(restored_to timestamptz, numbers integer, least_first bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    -- One replica at a time: a second jump would take the sequence back to where the first has given numbers since.
    LOCK TABLE gateway.number_jump IN SHARE ROW EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM gateway.number_jump WHERE since = restored_to) THEN
        RETURN false;
    END IF;
    INSERT INTO gateway.number_jump (since, last) VALUES (restored_to, setval('gateway.merchant_number', greatest(
        nextval('gateway.merchant_number') + numbers,
        floor(extract(epoch FROM clock_timestamp() - timestamptz '2026-01-01 00:00:00+00'))::bigint,
        least_first - 1)));
    RETURN true;
END
$$;
REVOKE ALL ON FUNCTION gateway.jump_merchant_number(timestamptz, integer, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gateway.jump_merchant_number(timestamptz, integer, bigint) TO $app$;
