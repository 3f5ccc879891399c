#!/bin/sh
# The on-call program: it has the same commands on every host. program.ts puts the settings and a host's functions before this file.
# Settings: REGION; ENDPOINT, its URL; PORT, the first of the internal ports; PROBE, the parameters of the endpoint's probe; RUNBOOK_URL, with {alert}; IMAGE, what `pull` pulls by default
set -u
usage() {
  cat <<END
Usage: registry-cache COMMAND. The cache is $REGION, $ENDPOINT.

  status                verdict, alerts, containers, disk, certificate and configuration
  firing                the alerts that fire
  startup               what happened before the containers started
  q QUERY               asks the cache's Prometheus, for example: registry-cache q up
  parts                 the containers: which run, how often they restarted, how the last one ended
  logs PART             the log of a container: --tail N, --since 1h, --follow. In the edge's, a line that begins with { is a request
  origins               the names of the origins
  certificate           the stored certificate, PEM
  space                 how full the disk is, and what takes the space
  probe URL             asks a registry from the cache's network, as the probe of the upstreams does
  pull [IMAGE]          pulls an image through the cache and throws it away: manifest and blobs, HIT or MISS, bytes and seconds
  delete DIGEST         deletes a blob or manifest from the edge's disk, for example a damaged one
  restart [PART]        restarts a container after its pulls under way, or the whole cache
$MORE_COMMANDS
  help                  this list

Exit code: 0 all is well; 1 it isn't, or can't be found out; 2 a wrong command or argument.
END
}

fail() {
  echo "registry-cache: $1" >&2
  exit 1
}

wrong() {
  echo "registry-cache: $1. \`registry-cache help\` lists the commands." >&2
  exit 2
}

# Usage: takes COMMAND MAX ARGUMENT_COUNT
takes() { [ "$3" -le "$2" ] || wrong "$1 takes at most $2 arguments"; }

number() {
  case $1 in
  '' | *[!0-9]* | ??????????*) wrong "not a number: $1" ;;
  esac
}

# Usage: part_argument COMMAND PART. Refuses an argument that isn't the name of a container.
part_argument() {
  [ $# -eq 2 ] || wrong "$1 takes one argument, the name of a container"
  case $2 in
  '' | -* | *[!a-z0-9-]*) wrong "not the name of a container: $2" ;;
  esac
  names=$(part_names) || exit 1
  [ -n "$names" ] || fail 'there are no containers: `registry-cache startup` says what came before them'
  echo "$names" | grep -qx -e "$2" || wrong "there is no container $2, but $(echo "$names" | paste -sd ' ' -)"
}

# Applies a time limit, so that `status` prints something even if a command hangs.
limited() {
  if [ -z "${LIMIT-}" ] || ! command -v timeout >/dev/null; then
    "$@"
    return
  fi
  timeout -k 2 "$LIMIT" "$@"
  limited_code=$?
  ! hangs "$limited_code" || echo "no answer of $1 within $LIMIT s" >&2
  return "$limited_code"
}

# Usage: runs PART CODE, where CODE is the exit code of an earlier request. A part that hangs is running.
runs() {
  hangs "$2" && return
  in_part "$1" true >/dev/null 2>&1 || hangs $?
}

hangs() { [ "$1" -eq 124 ] || [ "$1" -eq 137 ]; }

short() { printf %.12s "$1"; }

ask_prometheus() { in_part prometheus promtool query instant "http://127.0.0.1:$((PORT + 4))" -- "$1"; }

# The alerts of the last two evaluations, which are 15 s apart. After a restart, Prometheus still returns alerts from before the restart for five minutes.
ask_firing() { ask_prometheus 'ALERTS{alertstate="firing"} unless time() - timestamp(ALERTS{alertstate="firing"}) > 40'; }

# Usage: ask_blackbox MODULE PARAMETERS
ask_blackbox() { in_part "$asker" wget -q -T 8 -O - "http://127.0.0.1:$((PORT + 6))/probe?module=$1&$2"; }

# Probes the endpoint as a client does, without DNS and firewalls, through blackbox_exporter. If the edge doesn't run, asks the exporter from Prometheus's container.
health() {
  asker=edge
  ask_blackbox endpoint "$PROBE"
  asked_code=$?
  [ "$asked_code" -ne 0 ] || return 0
  hangs "$asked_code" && return "$asked_code"
  asker=prometheus
  ask_blackbox endpoint "$PROBE"
}

value_of() { printf '%s\n' "$1" | sed -n "s/^$2 //p" | awk '{ printf "%.0f", $1 }'; }

# Usage: find_verdict. Sets `verdict`, `answer` (the probe's answer) and `unknown` (empty if the verdict is certain). Fails unless the cache serves.
find_verdict() {
  asked=$(askers) || return
  answer='' serving='' refusing='' unknown='' absent=''
  for pod_now in $asked; do
    said=$(health 2>/dev/null)
    asked_code=$?
    case $said in
    *'probe_success 1'*) serving="$serving $pod_now" answer=$said ;;
    *'probe_success 0'*) refusing="$refusing $pod_now" answer=${answer:-$said} ;;
    *) if runs edge "$asked_code"; then unknown="$unknown $pod_now"; else absent="$absent $pod_now"; fi ;;
    esac
  done
  pod_now=
  if [ -n "$serving" ]; then
    others=$refusing$unknown$absent
    verdict="serving${others:+, but not by$others}"
    unknown=
    return
  elif [ -n "$unknown" ]; then
    verdict='NOT KNOWN: the probe does not run, or does not answer; `registry-cache pull` asks behind it, and `registry-cache parts` says more'
  elif [ -z "$refusing" ]; then
    verdict='NOT SERVING: nginx does not run; `registry-cache startup` and `registry-cache parts` say more'
  elif [ "$(value_of "$answer" probe_http_status_code)" = 0 ]; then
    verdict='NOT SERVING: the endpoint does not answer'
  else
    verdict="NOT SERVING: /v2/ answers $(value_of "$answer" probe_http_status_code) in place of 200"
  fi
  return 1
}

# Sets `alerts`, and `missing`: the reason why there may be more alerts.
find_alerts() {
  missing=
  firing=$(show_firing 2>/dev/null)
  asked_code=$?
  if [ "$asked_code" -ne 0 ]; then
    silent=$(printf '%s\n' "$firing" | sed -n 's/: no answer$//p' | paste -sd ' ' -)
    missing="Prometheus does not answer${silent:+ in $silent}"
    [ -n "$silent" ] || runs prometheus "$asked_code" || missing='Prometheus does not run'
  elif ! printf '%s\n' "$firing" | grep -q 'alertname="Watchdog"'; then
    missing='Prometheus has just started, or cannot write: `registry-cache logs prometheus --tail 5`, `registry-cache space`'
  fi
  alerts=$(printf '%s\n' "$firing" | sed -n 's/.*alertname="\([A-Za-z]*\)".*/\1/p' | grep -vx Watchdog | sort -u)
}

status() {
  LIMIT=20
  answer='' alerts=''
  containers=$(states 2>&1)
  listed=$?
  if [ "$listed" -eq 0 ]; then
    find_verdict
    result=$?
    find_alerts
    [ "$result" -ne 0 ] || verdict="$verdict${alerts:+, with alerts}${missing:+, alerts not known}"
  else
    verdict='NOT KNOWN: the containers cannot be listed'
    unknown=all
    missing='the containers cannot be listed'
    result=1
  fi
  if [ -n "$unknown" ] && is_stopped; then
    verdict='NOT SERVING: registry-cache.service is stopped; `registry-cache restart` starts it'
    unknown=
  fi
  echo "cache          $REGION, $ENDPOINT"
  echo "verdict        $verdict"
  for alert in $alerts; do
    echo "alert          $alert: $(echo "$RUNBOOK_URL" | sed "s/{alert}/$alert/g")"
  done
  if [ -n "$missing" ]; then
    echo "alerts         not known: $missing"
  elif [ -z "$alerts" ]; then
    echo 'alerts         none'
  fi
  [ -z "$containers" ] || printf '%s\n' "$containers" | sed 's/^/container      /'
  # All further requests would wait for the same API server.
  if [ "$listed" -ne 0 ] && [ -n "${CONTEXT-}" ]; then return "$result"; fi
  disk_use 2>&1 | awk -v locked=" $(mounts 2>/dev/null | awk '$4 ~ /(^|,)(emergency_)?ro(,|$)/ { print $2 }' | paste -sd ' ' -) " '
    NR > 1 { printf "disk           %s: %s of %s used, %s free%s\n", $NF, $(NF - 1), $(NF - 4), $(NF - 2), index(locked, " " $NF " ") ? ", read-only" : "" }'
  disk_use i 2>/dev/null | awk 'NR > 1 && $(NF - 1) + 0 >= 90 { printf "disk           %s: %s of the inodes used\n", $NF, $(NF - 1) }'
  ends=$(value_of "$answer" probe_ssl_earliest_cert_expiry)
  if [ -n "$ends" ]; then
    days=$(((ends - $(date +%s)) / 86400))
    echo "certificate    ends in $days days, the one that is served"
  else
    served='none is served'
    [ -z "$unknown" ] || served='not known which is served'
    echo "certificate    $served$(show_certificate 2>/dev/null | openssl x509 -noout -enddate 2>/dev/null | sed 's/notAfter=/; the stored one ends on /')"
  fi
  configuration 2>&1 | sed 's/^/configuration  /'
  return "$result"
}

logs() {
  [ $# -ge 1 ] || wrong 'logs takes the name of a container'
  part=$1
  part_argument logs "$part"
  shift
  options=
  while [ $# -gt 0 ]; do
    case $1 in
    --tail | --since)
      [ $# -ge 2 ] || wrong "$1 takes a value"
      case $1 in
      --tail) number "$2" ;;
      --since) printf '%s' "$2" | grep -Eqx '[0-9]{1,6}[smh]' || wrong "not a time: $2. Examples: 30s, 10m, 1h" ;;
      esac
      options="$options $1=$2"
      shift 2
      ;;
    --follow | -f)
      options="$options --follow"
      shift
      ;;
    *) wrong "logs doesn't take $1" ;;
    esac
  done
  # shellcheck disable=SC2086
  show_logs "$part" $options
}

probe() {
  [ $# -eq 1 ] || wrong 'probe takes one argument, a URL'
  printf '%s' "$1" | grep -Eqx 'https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?' && is_line "$1" || wrong "not a URL to probe: $1"
  asker=prometheus
  said=$(ask_blackbox upstream "debug=true&target=$1") || return
  printf '%s\n' "$said" | grep -v '^#'
  printf '%s\n' "$said" | grep -qx 'probe_success 1'
}

is_line() { [ "$(printf '%s' "$1" | wc -l)" -eq 0 ]; }

# Sets `image_path` (without the reference), `reference`, and `ns` (empty for the default upstream).
# https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
parse_image() {
  digest='sha256:[0-9a-f]{64}'
  word='[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*'
  is_line "$1" && [ ${#1} -le 400 ] &&
    printf '%s' "$1" | grep -Eqx "([A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:[0-9]{1,5})?/)?$word(/$word)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@$digest)?" ||
    wrong "not the name of an image: $1. Example: registry.example.com/team/app:1.2"
  name=$1 reference=latest ns=
  case $name in
  *@*) reference=${name#*@} name=${name%@*} ;;
  esac
  case ${name##*/} in
  *:*)
    case $reference in sha256:*) ;; *) reference=${name##*:} ;; esac
    name=${name%:*}
    ;;
  esac
  case ${name%%/*} in
  *.* | *:* | localhost)
    case $name in */*) ns=${name%%/*} name=${name#*/} ;; esac
    ;;
  esac
  image_path=/v2/$name
}

# The image that clients requested last, with its tag.
last_image() {
  show_logs edge --tail=5000 2>/dev/null | grep '"kind":"tag"' | grep '"status":"200"' | tail -n 1 |
    sed -n 's/.*"uri":"\/v2\/\([^"?]*\)\/manifests\/\([^"?]*\)?\{0,1\}\([^"]*\)".*/\1:\2 \3/p' |
    sed 's/^\([^ ]*\) .*ns=\([^&]*\).*/\2\/\1/; s/ .*//; s/%3A/:/g'
}

# Usage: ask URL_PATH COMMAND. Runs in the edge. Prints the headers, the command's output for the content, and the times before and after in seconds. Uses a loopback port of
# the same server, where requests don't count as a client's. Everything goes through one pipe, so that the headers come first.
ask() {
  in_part edge sh -c 'read -r began _ </proc/uptime; { wget -q -S -T 60 -O - "$1" 2>&3 | $2; } 3>&1; read -r ended _ </proc/uptime; printf "\ntook: %s %s\n" "$began" "$ended"' \
    sh "http://127.0.0.1:$((PORT + 7))$1${ns:+?ns=$ns}" "$2" 2>&1
}

# Usage: tell WHAT ANSWER [DIGEST]. Prints a line about an answer. Fails if the answer isn't what was requested.
tell() {
  content=${3-}
  printf '%s\n' "$2" | awk -v what="$1" -v digest="${content#sha256:}" '
    { sub(/\r$/, "") }
    tolower($1) ~ /^http\// { status = $2; cache = "" }
    tolower($1) == "x-cache:" { cache = $2 }
    tolower($1) == "content-length:" { bytes = $2 }
    $2 == "-" && length($1) == 64 { found = $1 }
    $1 == "took:" { seconds = $3 - $2 }
    /^wget: / { error = $0 }
    END {
      good = status == 200 && (digest == "" || found == digest)
      if (status != 200) why = status == "" ? "no answer" : error != "" ? error : "status " status
      else if (!good) why = "the content has another digest, or is cut off"
      printf "%-8s %14s bytes %8.2f s  %s%s\n", cache == "" ? "-" : cache, bytes + 0, seconds, what, good ? "" : ": FAILED, " why
      exit !good
    }'
}

digests() { printf '%s\n' "$1" | grep -Eo '"digest" *: *"sha256:[0-9a-f]{64}"' | grep -Eo 'sha256:[0-9a-f]+' | awk '!seen[$0]++'; }

pull() {
  takes pull 1 $#
  [ $# -eq 0 ] || [ -n "$1" ] || wrong 'an empty argument is not the name of an image'
  image=${1-${IMAGE-}}
  [ -n "$image" ] || image=$(last_image)
  [ -n "$image" ] || wrong 'clients have asked for no image yet: name one'
  parse_image "$image"
  health 2>/dev/null | grep -q '^probe_success 1' ||
    echo 'The endpoint itself does not answer as it should: `registry-cache status` says more. What follows is asked behind it.' >&2
  lines=$(
    manifest=$(ask "$image_path/manifests/$reference" cat)
    tell "manifest of $image" "$manifest" || exit 1
    case $manifest in
    *'"manifests"'*)
      reference=$(digests "$manifest" | head -n 1)
      manifest=$(ask "$image_path/manifests/$reference" cat)
      tell "manifest $reference, the first of the index" "$manifest" || exit 1
      ;;
    esac
    failed=0
    for blob in $(digests "$manifest" | grep -vx "$reference"); do
      tell "blob $blob" "$(ask "$image_path/blobs/$blob" sha256sum)" "$blob" || failed=1
    done
    exit "$failed"
  )
  result=$?
  printf '%s\n' "$lines"
  printf '%s\n' "$lines" | awk '{ n++; bytes += $2; seconds += $4; if ($1 == "HIT") hits++ }
    END { printf "%d answers, %d of them hits, %.1f MB in %.1f s\n", n, hits, bytes / 1e6, seconds }'
  return "$result"
}

# nginx treats a missing file as a miss. A file's name is the MD5 sum of its key: edge/blobs.ts, edge/nginx.ts, edge/zot.ts.
delete() {
  { [ $# -eq 1 ] && is_line "$1" && printf '%s' "$1" | grep -Eqx 'sha256:[0-9a-f]{64}'; } || wrong 'delete takes one argument, a digest'
  names=$(part_names) || exit 1
  upstreams=$(echo "$names" | sed -n 's/^origin-//p')
  [ -n "$upstreams" ] || fail 'there are no origins: `registry-cache startup` says what came before them'
  # shellcheck disable=SC2086 # one word for each upstream
  deleted=$(in_part edge sh -c 'digest=$1; shift
    names=$(for upstream; do for kind in blob "blob GET" manifest pinned; do
      printf "%s %s %s" "$kind" "$upstream" "$digest" | md5sum | cut -c 1-32
    done; done)
    find /var/cache/registry-cache/blobs /var/cache/registry-cache/manifests -type f | grep -F "$names" | {
      failed=0
      while read -r file; do if rm -f "$file"; then echo "$file"; else failed=1; fi; done
      exit "$failed"
    }' sh "$1" $upstreams)
  result=$?
  [ -z "$deleted" ] || printf '%s\n' "$deleted" | sed 's/^/deleted /'
  [ "$result" -eq 0 ] || return "$result"
  [ -n "$deleted" ] || fail "the edge doesn't have $1"
}

restart() {
  takes restart 1 $#
  if [ $# -eq 0 ]; then
    restart_all
  else
    part_argument restart "$1"
    restart_part "$1"
  fi
}

main() {
  while [ "${1-}" = --replica ]; do
    [ -n "${CONTEXT-}" ] || wrong 'a machine has no replicas'
    number "${2-}"
    # shellcheck disable=SC2034
    REPLICA=$2
    shift 2
  done
  command=${1-help}
  [ $# -eq 0 ] || shift
  case $command in
  help | --help | -h)
    usage
    return
    ;;
  status | firing | startup | parts | origins | certificate | space) takes "$command" 0 $# ;;
  q) { [ $# -eq 1 ] && [ -n "$1" ]; } || wrong 'q takes one argument, a query in quotes' ;;
  esac
  become_ready "$command" "$@"
  case $command in
  status) status ;;
  firing)
    find_alerts
    [ -z "$firing" ] || printf '%s\n' "$firing"
    [ -n "$missing" ] || return 0
    echo "alerts not known: $missing" >&2
    [ "$asked_code" -ne 0 ] || return 1
    return "$asked_code"
    ;;
  startup) show_startup ;;
  q) ask_prometheus "$1" ;;
  parts) part_details ;;
  logs) logs "$@" ;;
  origins) part_names | grep '^origin-' ;;
  certificate) show_certificate ;;
  space) show_space ;;
  probe) probe "$@" ;;
  pull) pull "$@" ;;
  delete) delete "$@" ;;
  restart) restart "$@" ;;
  *)
    more "$command" "$@"
    code=$?
    [ "$code" -ne 64 ] || wrong "there is no command $command"
    return "$code"
    ;;
  esac
}

main "$@"
