# shellcheck shell=bash
# What ./run, ./test and ./bench need before they can start: the SDK, PostgreSQL and RabbitMQ, and a build. Sourced, not run.

readonly REPO="${REPO:?set by the script that sources this file}"
readonly RABBITMQ_SERVER=/usr/lib/rabbitmq/bin/rabbitmq-server
readonly POLICY=/usr/sbin/policy-rc.d
readonly POLICY_MARK='# ArdorQR: no service starts during its install'
readonly APT_LOCK_TIMEOUT_SECONDS=180
readonly OLDEST_POSTGRES=15

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  if (($# > 0)); then printf '       %s\n' "$@" >&2; fi
  exit 1
}

require_sdk() {
  local version
  command -v dotnet >/dev/null ||
    fail 'the .NET 10 SDK is missing.' 'How to get it: https://dotnet.microsoft.com/download/dotnet/10.0'
  # Inside the repository global.json decides, and dotnet's own message lists what is installed.
  version=$(cd "$REPO" && dotnet --version 2>/dev/null) ||
    fail "the .NET 10 SDK is missing; installed: $(cd / && dotnet --list-sdks | cut -d' ' -f1 | paste -sd' ')." \
      'How to get it: https://dotnet.microsoft.com/download/dotnet/10.0'
  [[ $version == 10.* ]] ||
    fail "the .NET 10 SDK is needed, dotnet is $version." \
      'How to get it: https://dotnet.microsoft.com/download/dotnet/10.0'
}

# A client may be installed with no engine behind it: ask the engine.
container_engine_answers() {
  timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1 ||
    timeout 10 podman version --format '{{.Server.Version}}' >/dev/null 2>&1
}

infrastructure() {
  local chosen="${Infrastructure:-}"
  case "$chosen" in
    containers | local) printf '%s' "$chosen" ;;
    '') if container_engine_answers; then printf containers; else printf local; fi ;;
    *) fail "Infrastructure=$chosen: it must be 'containers' or 'local'." ;;
  esac
}

# The newest installed PostgreSQL that is new enough, or nothing.
postgres_bin() {
  local bin version newest=0
  for bin in /usr/lib/postgresql/*/bin; do
    version=$(basename "$(dirname "$bin")")
    [[ $version =~ ^[0-9]+$ && -x $bin/postgres && -x $bin/initdb ]] || continue
    if ((version >= OLDEST_POSTGRES && version > newest)); then newest=$version; fi
  done
  if ((newest > 0)); then printf '/usr/lib/postgresql/%s/bin' "$newest"; fi
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo -- "$@"; fi
}

# install_servers [postgresql]: both, or that alone.
install_servers() {
  local packages=()
  [[ -n $(postgres_bin) ]] || packages+=(postgresql)
  [[ ${1:-} == postgresql || -x $RABBITMQ_SERVER ]] || packages+=(rabbitmq-server)
  ((${#packages[@]} > 0)) || return 0

  command -v apt-get >/dev/null ||
    fail "missing: ${packages[*]}, and there is no apt-get to install them with." \
      "Install PostgreSQL $OLDEST_POSTGRES or newer and RabbitMQ, or start a container engine."
  ((EUID == 0)) || command -v sudo >/dev/null ||
    fail "missing: ${packages[*]}. Run as root, or install sudo."

  say "Installing ${packages[*]} (apt)"
  apt_install "${packages[@]}" || fail "apt could not install ${packages[*]}; its own message is above."
  [[ -n $(postgres_bin) ]] ||
    fail "PostgreSQL $OLDEST_POSTGRES or newer is not to be had from this machine's apt sources."
}

# The browser that looks at the published pages; the tests that need it say so when it can't be had.
install_browser() {
  [[ ! -x /usr/bin/chromium && ! -x /usr/bin/google-chrome ]] || return 0
  command -v apt-get >/dev/null || return 0
  say 'Installing chromium (apt)'
  apt_install chromium || true
}

# What merchants verify webhooks in; the tests of a language whose runtime can't be had say so.
install_runtimes() {
  local packages=()
  command -v node >/dev/null || packages+=(nodejs)
  command -v python3 >/dev/null || packages+=(python3)
  command -v php >/dev/null || packages+=(php-cli)
  command -v go >/dev/null || packages+=(golang-go)
  ((${#packages[@]} > 0)) || return 0
  command -v apt-get >/dev/null || return 0
  say "Installing ${packages[*]} (apt)"
  apt_install "${packages[@]}" || true
}

# Prometheus and its promtool: the alerts are checked and tried by them.
install_prometheus() {
  ! command -v promtool >/dev/null || return 0
  command -v apt-get >/dev/null || return 0
  say 'Installing prometheus (apt)'
  apt_install prometheus || true
}

# It reads deploy/compose.yaml by its own schema; the test that asks it says so when it can't be had.
install_compose() {
  ! command -v docker-compose >/dev/null || return 0
  command -v apt-get >/dev/null || return 0
  say 'Installing docker-compose (apt)'
  apt_install docker-compose || true
}

# Debian starts a service at its install; ours are started by the AppHost, with folders and ports of their own.
# In a subshell, so that the policy that was there comes back however this ends.
apt_install() (
  local saved="$POLICY.before-ardorqr"
  trap 'restore_policy "$saved"' EXIT
  trap 'exit 130' INT TERM
  if [[ -e $POLICY ]] && ! grep -qF "$POLICY_MARK" "$POLICY"; then as_root mv "$POLICY" "$saved"; fi
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
  as_root chmod 755 "$POLICY"

  # Without a network the lists that are there may still do.
  as_root apt-get -qq -o DPkg::Lock::Timeout=$APT_LOCK_TIMEOUT_SECONDS update || true
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=$APT_LOCK_TIMEOUT_SECONDS \
    -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
)

restore_policy() {
  as_root rm -f "$POLICY"
  if [[ -e $1 ]]; then as_root mv "$1" "$POLICY"; fi
}

# Quiet when it works, the compiler's own words when it doesn't. No build server stays behind.
build() {
  local output
  say "Building (takes a while the first time)"
  output=$(dotnet build "$@" --nologo --verbosity quiet --disable-build-servers 2>&1) || {
    printf '%s\n' "$output" >&2
    fail "it does not build; the compiler's messages are above."
  }
}
