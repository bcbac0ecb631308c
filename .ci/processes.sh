# shellcheck shell=bash
# Finding and ending processes by a mark, an environment variable that all of one start inherit, so that they are found
# whatever became of their parents. Sourced, not run.

# marked NAME=VALUE: the ids of all that carry it.
marked() (
  # Whoever looks may carry the mark too, and would find the looking itself.
  unset -v "${1%%=*}"
  grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 || true
)

signal_marked() {
  local pid
  for pid in $(marked "$2"); do kill "-$1" "$pid" 2>/dev/null || true; done
}

# wait_for_end SECONDS NAME=VALUE
wait_for_end() {
  local until=$((SECONDS + $1))
  while [[ -n $(marked "$2") ]]; do
    ((SECONDS < until)) || return 1
    sleep 0.2
  done
}

# A process's start time, in ticks since the machine's: together with its id it is never used twice.
started_at() {
  local stat
  stat=$(<"/proc/$1/stat") 2>/dev/null || return 1
  # The name, in brackets, may hold blanks; the start time is the 20th field after it.
  read -ra stat <<<"${stat##*) }"
  printf '%s' "${stat[19]}"
}
