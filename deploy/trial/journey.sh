# shellcheck shell=bash
# A merchant's way by the public API, from the registration to a paid code and its signed webhook. Sourced by
# deploy/try-images.

readonly STEP_TIMEOUT_SECONDS=120 PAID_KOPECKS=30000
# The outer network gets addresses that are nobody's here, but public by their number: in Production webhooks go to such
# only, and the trial changes no setting. The first of them is this machine.
readonly OUTSIDE=11.77.0.0/24 RECEIVER=11.77.0.1

field() { python3 -c 'import json, sys
value = json.load(sys.stdin)
for name in sys.argv[1].split("."): value = value[int(name) if name.isdigit() else name]
print(value)' "$1" 2>/dev/null; }

ask() { curl --silent --show-error --max-time 40 --header 'Content-Type: application/json' "$@"; }
as_operator() { ask --header "Authorization: Bearer $operator_token" "$@"; }
as_merchant() { ask --header "Authorization: Bearer $key" "$@"; }

start_receiver() {
  local port
  port=$(free_port)
  : >"$work/receiver.secret"
  python3 "$here/trial/receiver.py" $RECEIVER "$port" "$work/receiver.secret" >"$work/webhooks.log" 2>&1 &
  receiver=$!
  receiver_url=http://$RECEIVER:$port/
}

register() {
  local answer
  operator_token=$(sed -n 's/^Operator__Token=//p' "$source/deploy/secrets/gateway.env")
  answer=$(as_operator "http://$OPERATOR_PORT/operator/merchants" --data '{"name":"ООО Проба"}')
  key=$(field keys.test.secret <<<"$answer")
  # Its address and its webhooks come by events.
  [[ -n $key ]] && until_true $STEP_TIMEOUT_SECONDS has_address
}
has_address() { as_merchant "$api/deposit-address" | field address >/dev/null; }

set_webhooks() { as_merchant --request PUT "$api/webhooks" --data "{\"url\":\"$receiver_url\"}" | field secret >"$work/receiver.secret"; }

deposit() {
  as_merchant "$api/test/deposits" --data '{"amount":25}' | field txHash >/dev/null &&
    until_true $STEP_TIMEOUT_SECONDS has_balance
}
has_balance() { (($(as_merchant "$api/balance" | field balanceMinor || echo 0) >= PAID_KOPECKS)); }

prepare() {
  local code
  code=$(as_merchant "$api/test/qr-codes" --data "{\"kind\":\"dynamic\",\"amountMinor\":$PAID_KOPECKS}") &&
    payment=$(as_merchant "$api/payments" --data "$code" | field id)
}
confirm() { as_merchant --request POST "$api/payments/$payment/confirm" | field status >/dev/null; }
is_completed() { [[ $(as_merchant "$api/payments/$payment" | field status) == completed ]]; }
is_told() { grep -qx "$1 $payment signed" "$work/webhooks.log"; }
nothing_forged() { ! grep -q 'FORGED\|Error' "$work/webhooks.log"; }

check_balance() {
  local credited
  credited=$(as_merchant "$api/deposits" | field deposits.0.creditedMinor) || return 1
  (($(as_merchant "$api/balance" | field balanceMinor) == credited - PAID_KOPECKS))
}

walk() {
  api=http://$GATEWAY_PORT/v1
  check 'journey: a merchant is registered by the operators'"'"' API' register
  start_receiver
  check 'journey: its webhooks are set up' set_webhooks
  check 'journey: a test deposit is credited' deposit
  check 'journey: a code is prepared' prepare
  check 'journey: its payment is confirmed' confirm
  check 'journey: it is completed' until_true $STEP_TIMEOUT_SECONDS is_completed
  check 'journey: payment.completed came by a signed webhook' until_true $STEP_TIMEOUT_SECONDS is_told payment.completed
  check 'journey: no webhook has a wrong signature' nothing_forged
  check 'journey: the balance is the credit less the payment' check_balance
}
