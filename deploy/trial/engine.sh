# shellcheck shell=bash
# Podman with a store, networks and a socket of its own, so that nothing of the machine's engine is touched, and the images
# that it starts from. Sourced by deploy/try-images.

readonly SUITE=bookworm DEBIAN=localhost/ardorqr-trial/debian:12 SOCKET_TIMEOUT_SECONDS=30 HEALTH_INTERVAL_SECONDS=2

install_engine() {
  local missing=() program
  local -A packages=([podman]=podman [runc]=runc [debootstrap]=debootstrap [docker-compose]=docker-compose [curl]=curl
    [openssl]=openssl [python3]=python3 [iptables]=iptables) # The last one for netavark's networks.
  for program in "${!packages[@]}"; do command -v "$program" >/dev/null || missing+=("${packages[$program]}"); done
  # Without them containers of one network don't find each other by name.
  for program in netavark aardvark-dns; do [[ -x /usr/lib/podman/$program ]] || missing+=("$program"); done
  ((${#missing[@]} == 0)) || { say "Installing ${missing[*]} (apt)" && apt_install "${missing[@]}"; }
}

configure_engine() {
  mkdir -p "$STORE"
  exec 8>"$STORE/lock"
  flock --nonblock 8 || fail "another run uses $STORE."
  # Podman remembers these two in its store. What an interrupted run left there is gone as after a restart of the machine.
  rm -rf -- "$STORE/run" "$STORE/networks"
  mkdir -p "$STORE/networks"
  printf '%s\n' '[storage]' 'driver = "overlay"' "graphroot = \"$STORE/images\"" "runroot = \"$STORE/run/storage\"" \
    >"$work/storage.conf"
  # runc and cgroupfs work without systemd; the limits are below what a container of its own could be refused.
  printf '%s\n' '[engine]' 'cgroup_manager = "cgroupfs"' 'events_logger = "file"' 'runtime = "runc"' \
    "tmp_dir = \"$STORE/run/libpod\"" '[network]' 'network_backend = "netavark"' "network_config_dir = \"$STORE/networks\"" \
    '[containers]' 'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]' >"$work/containers.conf"
  export CONTAINERS_CONF=$work/containers.conf CONTAINERS_STORAGE_CONF=$work/storage.conf
}

# Podman has systemd ask for a container's health; keep_asking does it where there is none, and this says nothing of it.
engine() { podman "$@" 2> >(grep -v 'systemd connection' >&2); }
build_image() { engine build --quiet --pull=never --network=host --format=docker "$@" >/dev/null; }
exists() { podman image exists "$1"; }

serve_engine() {
  local tries=$((SOCKET_TIMEOUT_SECONDS * 5))
  podman system service --time=0 "unix://$work/podman.sock" >"$work/service.log" 2>&1 &
  service=$!
  until [[ -S $work/podman.sock ]]; do
    if ((tries-- == 0)) || ! kill -0 "$service" 2>/dev/null; then
      fail 'podman does not serve its API:' "$(tail -n 3 "$work/service.log")"
    fi
    sleep 0.2
  done
  export DOCKER_HOST="unix://$work/podman.sock"
  keep_asking &
  keeper=$! # deploy/try-images ends both.
}

keep_asking() {
  local container
  while kill -0 "$service" 2>/dev/null; do
    for container in $(podman ps --quiet 2>/dev/null); do
      podman healthcheck run "$container" >/dev/null 2>&1 || true
    done
    sleep $HEALTH_INTERVAL_SECONDS
  done
}

tag_of() { sed -n "s/^ARG $1=//p" "$source/deploy/Dockerfile"; }
named_in_compose() { sed -n "s|^ *image: \($1:[^ ]*\).*|\1|p" "$source/deploy/compose.yaml"; }

make_debian() {
  say 'Making a minimal Debian (debootstrap)'
  debootstrap --variant=minbase --include=ca-certificates,libicu72,libssl3,libstdc++6,tzdata \
    $SUITE "$work/debian" >"$work/debootstrap.log" 2>&1 || fail 'debootstrap failed:' "$(tail -3 "$work/debootstrap.log")"
  rm -rf "$work"/debian/var/cache/apt/archives/*.deb "$work"/debian/var/lib/apt/lists/*
  tar -c -C "$work/debian" . | engine import --quiet - "$DEBIAN" >/dev/null
  rm -rf "$work/debian"
}

# provide NAME [podman build's arguments]: unless the store has it.
provide() {
  local name=$1
  shift
  if exists "$name"; then return; fi
  exists "$DEBIAN" || make_debian
  say "Making a stand-in for $name"
  build_image --build-arg BASE="${BASE:-$DEBIAN}" --tag "$name" "$@"
}

make_bases() {
  local dotnet packages version aspnet
  dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
  aspnet=mcr.microsoft.com/dotnet/aspnet:$(tag_of RUNTIME_TAG)
  provide "$aspnet" --target aspnet -f "$here/trial/bases.Dockerfile" "$dotnet"
  provide "mcr.microsoft.com/dotnet/sdk:$(tag_of SDK_TAG)" --target sdk -f "$here/trial/bases.Dockerfile" "$dotnet"
  provide "docker.io/library/$(named_in_compose postgres)" -f "$here/trial/postgres.Dockerfile" "$here/trial"
  provide "docker.io/library/$(named_in_compose rabbitmq)" -f "$here/trial/rabbitmq.Dockerfile" "$here/trial"
  # The program of the package that a build of the AppHost has fetched; without it the trial goes without a dashboard.
  version=$(sed -n 's/.*"Aspire.Hosting.AppHost" Version="\([^"]*\)".*/\1/p' "$REPO/Directory.Packages.props")
  packages=${NUGET_PACKAGES:-$HOME/.nuget/packages}/aspire.dashboard.sdk.linux-x64/$version/tools
  [[ ! -d $packages ]] || BASE=$aspnet provide "$(named_in_compose 'mcr.*aspire-dashboard')" -f "$here/trial/dashboard.Dockerfile" "$packages"
}

# The machine's own certificate authorities, and only while building: some machines reach their packages through a proxy.
build_service() {
  build_image --volume /etc/ssl/certs:/etc/ssl/certs:ro -f "$source/deploy/Dockerfile" --build-arg "SERVICE=$1" \
    --tag "docker.io/ardorqr/${1,,}:$TAG" "$source"
}
