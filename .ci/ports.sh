# shellcheck shell=bash
# Loopback ports that nobody listens on. Sourced, not run.

# Below the range that Linux gives to outgoing connections: one of those could take the port before its server does.
readonly LOWEST_PORT=10000 PORT_COUNT=22000 MAX_PORT_TRIES=200

port_is_free() {
  ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && ! (exec 3<>"/dev/tcp/::1/$1") 2>/dev/null
}

free_port() {
  local port
  for ((tries = 0; tries < MAX_PORT_TRIES; tries++)); do
    port=$((LOWEST_PORT + (RANDOM * 32768 + RANDOM) % PORT_COUNT))
    if port_is_free "$port"; then
      printf '%s' "$port"
      return
    fi
  done
  fail "no free port was found in $MAX_PORT_TRIES tries."
}
