# shellcheck shell=bash
# What must be true of an image, and of a container of it. Sourced by deploy/try-images.

readonly UID_IN_IMAGE=1654 LEAST_SECRET_CHARACTERS=16 LEAST_SECRETS=20 HEALTH_TIMEOUT_SECONDS=180
# Of Debian's own programs an image may have what its base has; none that builds, fetches or looks into others.
readonly TOOLS='csc.dll MSBuild.dll dotnet.dll vbc.dll gcc cc g++ clang ld as make git nuget curl wget gdb strace'

# check WHAT COMMAND...: prints a line, and goes on.
check() {
  local what=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$what"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$what"
  fi
}

image_config() { engine image inspect --format "{{$2}}" "$1"; }

tags_are_pinned() {
  # A version to its last number, in every FROM by its argument and in every image of compose.yaml.
  ! sed -n 's/^FROM \([^ ]*\).*/\1/p' "$source/deploy/Dockerfile" | grep -qvE ':\$\{[A-Z_]+\}$' &&
    ! sed -n 's/^ARG [A-Z_]*TAG=//p' "$source/deploy/Dockerfile" | grep -qvE '^[0-9]+\.[0-9]+\.[0-9]+$' &&
    ! sed -n 's/^ *image: \([^ ]*\).*/\1/p' "$source/deploy/compose.yaml" |
      grep -qvE ':(\$\{ARDORQR_TAG:-)?[0-9]+(\.[0-9]+){1,2}\}?$'
}

has_no_tools() {
  local folder name found=()
  folder=$(engine image mount "$1")
  [[ -x $folder/app/service ]] || return 1
  for name in $TOOLS; do found+=(-o -name "$name"); done
  ! find "$folder" -not -type d \( "${found[@]:1}" \) -print | grep . >&2 &&
    [[ ! -e $folder/usr/share/dotnet/sdk ]]
}

# The values of the secrets that lay beside the sources during the build.
secret_values() {
  sed -nE 's/^[^=]*(Token|Secret|SigningKey|EncryptionKey|PASSWORD|PASS)=//p; s/.*Password=([^;]+).*/\1/p; s|.*amqps?://[^:]*:([^@]*)@.*|\1|p' \
    "$source"/deploy/secrets/*.env | awk -v least=$LEAST_SECRET_CHARACTERS 'length >= least' | sort -u
}

# Of whatever is in any layer; that the layers can be read is seen by what must be there.
holds_no_secret() {
  local found=0 archive=$work/image.tar
  engine save --quiet --format docker-archive --output "$archive" "$1" && grep -qaF ArdorQr.Contracts "$archive" &&
    (($(wc -l <"$work/secret-values") > LEAST_SECRETS)) || return 1
  grep -qaFf "$work/secret-values" "$archive" || found=$?
  rm -f "$archive"
  ((found == 1))
}

# Settings that the image itself gives, and the commands that made it.
names_no_secret() {
  ! image_config "$1" json\ .Config.Env | grep -iE 'password|token|secret|signingkey|encryptionkey|connectionstring' >&2 &&
    ! engine history --no-trunc --format '{{.CreatedBy}}' "$1" | grep -iE '(password|token|secret|key)=' >&2
}

check_image() {
  local image=docker.io/ardorqr/$1:$TAG
  check "$1: the image runs as $UID_IN_IMAGE" test "$(image_config "$image" .Config.User)" = $UID_IN_IMAGE
  check "$1: the image has a health check" grep -q '/app/service health' <<<"$(image_config "$image" .HealthCheck.Test)"
  check "$1: no SDK, compiler or build tool is inside" has_no_tools "$image"
  check "$1: no secret in settings and history" names_no_secret "$image"
  check "$1: no secret in any layer" holds_no_secret "$image"
}

container_of() { engine ps --all --quiet --filter "label=com.docker.compose.service=$1" --filter "label=com.docker.compose.project=$PROJECT"; }
state_of() { engine inspect --format "{{$2}}" "$1"; }
status_of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$(state_of "$1" .State.Pid)/status"; }
is_healthy() { [[ $(state_of "$1" .State.Health.Status 2>/dev/null) == healthy ]]; }

# until_true SECONDS COMMAND...
until_true() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < until)) || return 1
    sleep 0.5
  done
}

root_is_read_only() { awk '$5 == "/" { print $6 }' "/proc/$(state_of "$1" .State.Pid)/mountinfo" | grep -qE '(^|,)ro(,|$)'; }
memory_is_limited() {
  local folder
  folder=/proc/$(state_of "$1" .State.Pid)/root/sys/fs/cgroup
  (($(cat "$folder/memory/memory.limit_in_bytes" 2>/dev/null || cat "$folder/memory.max") == $(state_of "$1" .HostConfig.Memory)))
}

# What the kernel says of the running service.
check_container() {
  local container
  container=$(container_of "$1")
  check "$1: healthy" until_true $HEALTH_TIMEOUT_SECONDS is_healthy "$container"
  check "$1: never restarted" test "$(state_of "$container" .RestartCount)" = 0
  check "$1: runs as $UID_IN_IMAGE" test "$(status_of "$container" Uid | cut -f1)" = $UID_IN_IMAGE
  check "$1: has no capability" test "$(status_of "$container" CapEff)$(status_of "$container" CapBnd)" = "$(printf '0%.0s' {1..32})"
  check "$1: gets no new privileges" test "$(status_of "$container" NoNewPrivs)" = 1
  check "$1: its root file system is read-only" root_is_read_only "$container"
  check "$1: its memory is limited" memory_is_limited "$container"
}

# A check that can't fail would be none: without its database a service isn't ready.
check_health_tells() {
  local container postgres
  container=$(container_of "$1") postgres=$(container_of postgres)
  engine pause "$postgres" >/dev/null
  check "$1: not healthy while its database doesn't answer" health_fails "$container"
  engine unpause "$postgres" >/dev/null
  check "$1: healthy again after it" until_true $HEALTH_TIMEOUT_SECONDS health_works "$container"
}
health_works() { podman healthcheck run "$1" >/dev/null 2>&1; }
health_fails() { ! health_works "$1"; }

check_migrated() { check "$1: migrated" test "$(state_of "$(container_of "$1-migrate")" .State.ExitCode)" = 0; }

# Of another container of the inner network: as Prometheus would ask.
check_metrics() {
  # shellcheck disable=SC2016 # The shell in the container expands it.
  check "$1: its metrics are fetched by its name" grep -q '^dotnet_' \
    <<<"$(engine exec "$(container_of postgres)" bash -c \
      'exec 3<>"/dev/tcp/$0/9464" && printf "GET /metrics HTTP/1.0\r\nHost: $0:9464\r\n\r\n" >&3 && cat <&3' "$1")"
}

seconds_between() { awk -v from="$(date -d "$1" +%s.%N)" -v to="$(date -d "$2" +%s.%N)" 'BEGIN { printf "%.1f", to - from }'; }

megabytes_of() { printf '%s' $(($(image_config "$1" .Size) / 1000000)); }

# How large it is, with and without its base, and how long it took from the container's start to the service's own word that
# it listens.
measure() {
  local container started listening image=docker.io/ardorqr/$1:$TAG
  container=$(container_of "$1")
  started=$(state_of "$container" '.State.StartedAt.Format "2006-01-02T15:04:05.999999999Z07:00"')
  listening=$(engine logs --timestamps "$container" 2>&1 | awk '/Application started/ { print $1; exit }')
  printf '      %-9s %s MB, %s MB of it its own; listens %s s after its start\n' "$1" "$(megabytes_of "$image")" \
    $(($(megabytes_of "$image") - $(megabytes_of "mcr.microsoft.com/dotnet/aspnet:$(tag_of RUNTIME_TAG)"))) \
    "$(seconds_between "$started" "$listening")"
}
