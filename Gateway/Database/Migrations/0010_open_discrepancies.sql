-- Where a run begins: no later than asked for, and no later than the oldest object of what the last runs found. So a
-- discrepancy doesn't leave the window, and with it the alert, before it is repaired. Objects tell their time by their ids.
CREATE FUNCTION gateway.reconciled_from(asked timestamptz) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT least(asked, min(to_timestamp(
        ('x' || left(replace(object.id, '-', ''), 12))::bit(48)::bigint / 1000.0) - interval '1 second'))
    FROM gateway.discrepancy
        JOIN gateway.reconciliation_run AS run ON run.id = run_id
        CROSS JOIN jsonb_each_text(discrepancy.details -> 'ids') AS object(name, id)
    WHERE run.finished_at >= (
            SELECT max(finished_at) FROM gateway.reconciliation_run WHERE state = 'done')
        AND object.id ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
$$;
GRANT EXECUTE ON FUNCTION gateway.reconciled_from(timestamptz) TO $app$;
