-- A kind of transfer more: what the rail says against an operator's settlement, moved between two accounts of the house.
-- Its amount has a sign, and it closes no debit. The rows that are there fulfil the narrower checks of before.
ALTER TABLE ledger.transfer
    DROP CONSTRAINT transfer_kind_check,
    DROP CONSTRAINT transfer_check1,
    DROP CONSTRAINT transfer_check3,
    DROP CONSTRAINT transfer_check4,
    ADD CONSTRAINT transfer_check_kind CHECK (
        kind IN ('deposit', 'debit', 'settlement', 'refund', 'adjustment', 'discrepancy')) NOT VALID,
    ADD CONSTRAINT transfer_check_sums CHECK (CASE WHEN status = 'voided'
        THEN amount_kopecks IS NULL AND fee_kopecks IS NULL AND total_kopecks IS NULL
        ELSE amount_kopecks IS NOT NULL AND fee_kopecks IS NOT NULL AND total_kopecks IS NOT NULL
            AND (amount_kopecks > 0 OR kind IN ('adjustment', 'discrepancy') AND amount_kopecks <> 0)
            AND fee_kopecks >= 0 AND total_kopecks = amount_kopecks + fee_kopecks END) NOT VALID,
    ADD CONSTRAINT transfer_check_operation CHECK (
        (operation_id IS NOT NULL) = (status = 'posted' AND kind NOT IN ('settlement', 'discrepancy'))) NOT VALID,
    ADD CONSTRAINT transfer_check_answer CHECK (
        (answer_event_id IS NOT NULL) = (kind IN ('deposit', 'settlement', 'refund', 'discrepancy'))) NOT VALID,
    ADD CONSTRAINT transfer_check_discrepancy CHECK (kind <> 'discrepancy' OR transfer_id = source_id) NOT VALID;

-- They are in no wallet's chain either: that one is gone shows here.
CREATE TABLE ledger.audited_discrepancy (
    transfer_id uuid PRIMARY KEY
);
GRANT SELECT, INSERT ON ledger.audited_discrepancy TO $app$;
