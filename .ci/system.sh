# shellcheck shell=bash
# Starting, watching and ending the system for ./run. Sourced, not run.

readonly RUN_FOLDER="$REPO/.run"
readonly DATA_FOLDER="$RUN_FOLDER/data" ENV_FILE="$RUN_FOLDER/env" LOG="$RUN_FOLDER/log" PID_FILE="$RUN_FOLDER/pid"
readonly APPHOST="$REPO/AppHost/bin/Debug/net10.0/ArdorQr.AppHost.dll"
readonly START_TIMEOUT_SECONDS="${START_TIMEOUT_SECONDS:-600}" STOP_TIMEOUT_SECONDS=60 KILL_TIMEOUT_SECONDS=10
readonly LEAST_FREE_MB=500 LOG_LINES_OF_A_FAILURE=40 DASHBOARD_PORT=18888

# Every process of a start inherits this mark.
readonly MARK="ARDORQR_RUN_FOLDER=$RUN_FOLDER"

# The AppHost that we started, if it still runs.
recorded_apphost() {
  local pid started
  [[ -r $PID_FILE ]] && read -r pid started <"$PID_FILE" || return 0
  if [[ -n $pid && $(started_at "$pid" 2>/dev/null) == "$started" ]]; then printf '%s' "$pid"; fi
}

check_folder() {
  local free
  mkdir -p "$RUN_FOLDER" 2>/dev/null || true
  [[ -d $RUN_FOLDER && -w $RUN_FOLDER ]] || fail "$RUN_FOLDER can't be written to by $(id -un)."
  [[ ! -e $DATA_FOLDER || -O $DATA_FOLDER ]] ||
    fail "$DATA_FOLDER belongs to $(stat -c %U "$DATA_FOLDER"), and this is $(id -un)." \
      "Run as the same account, or begin anew as that one: ./run --reset"
  free=$(df -Pm "$RUN_FOLDER" | awk 'NR == 2 { print $4 }')
  ((free >= LEAST_FREE_MB)) ||
    fail "the disk of $RUN_FOLDER is nearly full: $free MB are free, $LEAST_FREE_MB are needed."
}

check_port() {
  local name=$1 port=$2
  if [[ $port =~ ^[0-9]{1,5}$ ]]; then port=$((10#$port)); else port=-1; fi
  ((port >= 0 && port <= 65535)) || fail "$name=$2: it must be a port, 0 to 65535."
  if ((port > 0)); then
    port_is_free "$port" ||
      fail "port $port is in use." "Choose another with $name=... ./run, or $name=0 for any free one."
  fi
}

launch() {
  local dashboard=$DASHBOARD_PORT
  port_is_free "$dashboard" || dashboard=$(free_port)
  rm -f "$ENV_FILE"
  : >"$LOG"
  chmod 600 "$LOG"
  # A session of its own: the terminal's Ctrl-C reaches this script alone, which ends the rest in order. A background
  # job inherits "ignore" for SIGINT, and would hand it down to servers that are told to stop by it.
  env --default-signal=INT,QUIT \
    "$MARK" DataFolder="$DATA_FOLDER" EnvFile="$ENV_FILE" \
    ASPNETCORE_ENVIRONMENT=Development DOTNET_ENVIRONMENT=Development \
    ASPNETCORE_URLS="http://localhost:$dashboard" ASPIRE_ALLOW_UNSECURED_TRANSPORT=true \
    ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL="http://localhost:$(free_port)" \
    ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL="http://localhost:$(free_port)" \
    setsid dotnet "$APPHOST" </dev/null >>"$LOG" 2>&1 8>&- &
  apphost=$!
  printf '%s %s\n' "$apphost" "$(started_at "$apphost")" >"$PID_FILE"
}

# Shows what the start waits for, until all is healthy.
wait_until_ready() {
  local status shown='' began=$SECONDS
  while kill -0 "$apphost" 2>/dev/null; do
    status=$(sed -n 's/^status: //p' "$LOG" | tail -n 1)
    if [[ $status != "$shown" ]]; then
      shown=$status
      printf '    %3d s  %s\n' $((SECONDS - began)) "$status"
    fi
    case $status in
      ready) return ;;
      failed*) show_log && fail "the start failed: ${status#failed: }" "The whole log: $LOG" ;;
    esac
    ((SECONDS - began < START_TIMEOUT_SECONDS)) || {
      show_log
      fail "not ready after $START_TIMEOUT_SECONDS s: $status" "The whole log: $LOG" \
        'A slow machine may be given longer: START_TIMEOUT_SECONDS=1800 ./run'
    }
    sleep 0.3
  done
  fail_for_early_end
}

# What whoever started it can mend is said in one sentence; anything else with the end of the log.
fail_for_early_end() {
  local reason
  reason=$(sed -n 's/^Unhandled exception\. ArdorQr\.AppHost\.SetupException: //p' "$LOG" | tail -n 1)
  [[ -z $reason ]] || fail "$reason"
  show_log
  fail 'the AppHost ended before the system was ready.' "The whole log: $LOG"
}

show_log() {
  printf '%s\n' "--- the end of $LOG" >&2
  grep -vE '^ *at |^status: ' "$LOG" | tail -n $LOG_LINES_OF_A_FAILURE >&2 || true
  printf '%s\n' '---' >&2
}

show_addresses() {
  (
    # shellcheck disable=SC1090 # Written by the AppHost.
    . "$ENV_FILE"
    printf '\n  %-12s%s\n' Gateway "$GATEWAY_URL" 'API docs' "$GATEWAY_URL/docs" Dashboard "$DASHBOARD_URL" \
      Operators "$OPERATOR_URL  (token: OPERATOR_TOKEN in .run/env)" 'Test key' "$DEMO_TEST_KEY" | sed '/^$/d'
    printf '\n'
  )
}

# The AppHost ends everything in order; whatever is left after that is told to, and then made to.
stop_system() {
  local pid
  pid=$(recorded_apphost)
  if [[ -n $pid ]]; then kill -TERM "$pid" 2>/dev/null || true; fi
  wait_for_end $STOP_TIMEOUT_SECONDS "$MARK" || {
    signal_marked TERM "$MARK"
    wait_for_end $KILL_TIMEOUT_SECONDS "$MARK" || {
      signal_marked KILL "$MARK"
      wait_for_end $KILL_TIMEOUT_SECONDS "$MARK" || fail "these processes do not end: $(marked "$MARK" | paste -sd' ')"
    }
  }
  rm -f "$PID_FILE" "$ENV_FILE"
}

# Databases, messages, secrets, demo merchant: all of it.
wipe_data() {
  local volumes
  if [[ -r $DATA_FOLDER/secrets.json ]]; then
    volumes=$(sed -n 's/.*"container-volumes": "\([a-z0-9-]*\)".*/\1/p' "$DATA_FOLDER/secrets.json")
    if [[ -n $volumes ]]; then
      docker volume rm -f "$volumes-postgres" "$volumes-rabbitmq" >/dev/null 2>&1 ||
        podman volume rm -f "$volumes-postgres" "$volumes-rabbitmq" >/dev/null 2>&1 || true
    fi
  fi
  rm -rf "$DATA_FOLDER" || fail "$DATA_FOLDER can't be removed by $(id -un)."
}
