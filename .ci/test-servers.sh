# shellcheck shell=bash
# One PostgreSQL and one RabbitMQ for a whole run of the tests, in a temporary folder. Sourced, not run.

readonly SERVERS="$REPO/AppHost/Infrastructure" SERVER_TIMEOUT_SECONDS=120

start_test_servers() {
  local folder=$1 password
  password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  postgres_port=$(free_port)
  rabbitmq_port=$(free_port)

  # What a test left behind matters to nobody: nothing waits for the disk.
  POSTGRES_PASSWORD=$password "$SERVERS/postgres-server" "$(postgres_bin)" "$folder/postgres" "$postgres_port" \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off >"$folder/postgres.log" 2>&1 &
  postgres_server=$!
  RABBITMQ_USER=guest RABBITMQ_PASSWORD=guest "$SERVERS/rabbitmq-server" \
    "$folder/rabbitmq" "$rabbitmq_port" "$(free_port)" "$(free_port)" >"$folder/rabbitmq.log" 2>&1 &
  rabbitmq_server=$!

  wait_for_server PostgreSQL $postgres_server "$folder/postgres.log" \
    "$(postgres_bin)/pg_isready" --quiet --host=127.0.0.1 --port="$postgres_port"
  wait_for_server RabbitMQ $rabbitmq_server "$folder/rabbitmq.log" listens "$rabbitmq_port"
  export ARDORQR_TEST_POSTGRES="Host=127.0.0.1;Port=$postgres_port;Username=postgres;Password=$password"
  export ARDORQR_TEST_RABBITMQ="amqp://guest:guest@127.0.0.1:$rabbitmq_port/"
}

listens() { ! port_is_free "$1"; }

wait_for_server() {
  local name=$1 pid=$2 log=$3 until=$((SECONDS + SERVER_TIMEOUT_SECONDS))
  shift 3
  until "$@"; do
    if ! kill -0 "$pid" 2>/dev/null || ((SECONDS >= until)); then
      tail -n 20 "$log" >&2
      fail "$name did not start for the tests; the end of its log is above."
    fi
    sleep 0.2
  done
}

stop_test_servers() {
  local pid
  for pid in ${postgres_server:-} ${rabbitmq_server:-}; do
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
}
