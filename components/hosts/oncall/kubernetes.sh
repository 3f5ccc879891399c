#!/bin/sh
# How the program queries a cluster. Settings in addition to those of registry-cache.sh: CONTEXT, NAMESPACE
# shellcheck disable=SC2034
MORE_COMMANDS='  replica [N]           lists the replicas, or names one. Each has a Prometheus of its own: `firing` asks all of them, all else looks at the first
  --replica N COMMAND   looks at another one; the first is 0
  k ARGUMENT…           kubectl, in the context and namespace of the cache'

become_ready() {
  command -v kubectl >/dev/null || fail 'kubectl is missing: https://kubernetes.io/docs/tasks/tools/'
}

k() { limited kubectl --context "$CONTEXT" --namespace "$NAMESPACE" "$@"; }

# Sets kubectl's own limit, because the API server may not answer and not every computer has `timeout`.
look() { k "$@" --request-timeout=20s; }

# Excludes evicted Pods, which are listed until somebody deletes them and can't run commands.
replicas() {
  look get pods --selector app.kubernetes.io/name=registry-cache --field-selector 'status.phase!=Failed,status.phase!=Succeeded' \
    --output 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}'
}

# Which replicas to ask for a verdict: all, unless one is named.
askers() { if [ -n "${REPLICA-}" ]; then replica; else replicas; fi; }

replica() {
  replicas | sed -n "$((${REPLICA:-0} + 1))p" | grep . || fail "there is no replica ${REPLICA:-0}"
}

in_part() {
  pod=${pod_now:-$(replica)} || return
  part=$1
  shift
  k exec "$pod" --container "$part" -- "$@"
}

part_names() {
  pod=$(replica) || return
  look get pod "$pod" --output 'jsonpath={range .spec.containers[*]}{.name}{"\n"}{end}'
}

# States of all replicas. A Pod without container states is Pending.
states() {
  lines=$(look get pods --selector app.kubernetes.io/name=registry-cache --output \
    'jsonpath={range .items[*]}{.metadata.name} {.status.phase}{range .status.containerStatuses[*]}, {.name}{" "}{.ready}{end}{"\n"}{end}') || return
  printf '%s\n' "$lines" |
    awk 'NF > 0 { bad = ""; for (i = 3; i < NF; i += 2) if ($(i + 1) !~ /^true/) bad = bad " " $i; sub(/,$/, "", $2)
      print $1, tolower($2) (NF < 3 ? "" : bad == "" ? ", all containers ready" : ", not ready:" bad) }'
}

# The API server is the only source, and was already asked.
is_stopped() { false; }

part_details() {
  pod=$(replica)
  look get pods,persistentvolumeclaims --output wide
  [ -n "$pod" ] && look get pod "$pod" --output 'jsonpath={range .status.containerStatuses[*]}{.name}{": ready "}{.ready}{", "}{.restartCount}{" restarts, last end: "}{.lastState.terminated.reason}{" "}{.lastState.terminated.exitCode}{"\n"}{end}'
}

show_logs() {
  pod=$(replica) || return
  part=$1
  shift
  k logs "$pod" --container "$part" "$@"
}

show_firing() {
  pods=$(replicas) && [ -n "$pods" ] || fail 'there is no replica'
  code=0
  for pod_now in $pods; do
    if lines=$(ask_firing); then
      printf '%s:\n%s\n' "$pod_now" "$lines"
    else
      echo "$pod_now: no answer"
      code=1
    fi
  done
  pod_now=
  return "$code"
}

show_startup() {
  look describe pods --selector app.kubernetes.io/name=registry-cache
  look events
}

show_certificate() {
  pod=$(replica) || return
  secret=$(look get pod "$pod" --output 'jsonpath={.spec.volumes[?(@.name=="tls")].secret.secretName}')
  [ -n "$secret" ] || fail 'the cache has no certificate: the proxies before it end TLS'
  look get secret "$secret" --output 'jsonpath={.data.tls\.crt}' | base64 -d
}

disk_use() { in_part edge df "-P${1-h}" /var/cache/registry-cache; }

mounts() { in_part edge cat /proc/mounts; }

show_space() {
  disk_use
  disk_use i
  in_part edge sh -c 'du -xsh /var/cache/registry-cache/*'
  in_part prometheus du -sh /prometheus
  for origin in $(part_names | grep '^origin-'); do
    echo "$origin:"
    # With a bucket, an origin has no store of its own.
    in_part "$origin" sh -c '[ ! -d /var/lib/registry ] || du -sh /var/lib/registry'
  done
}

workload() { look get statefulsets,deployments --selector app.kubernetes.io/name=registry-cache --output name | grep . || fail 'there is no workload'; }

configuration() {
  workload=$(workload) || return
  counts=$(look get "$workload" --output 'jsonpath=wanted {.spec.replicas} replicas; {.status.updatedReplicas} have the wanted configuration, {.status.readyReplicas} are ready') || return
  # Kubernetes leaves out numbers that are 0.
  printf '%s\n' "$counts" | sed 's/  / 0 /g'
}

restart_all() {
  workload=$(workload) || return
  k rollout restart "$workload"
}

restart_part() {
  pod=$(replica) || return
  echo "replaces the replica $pod, of which $1 is a part"
  k delete pod "$pod"
}

more() {
  case $1 in
  replica)
    if [ $# -eq 1 ]; then
      replicas
    else
      number "${2-}"
      REPLICA=$2
      replica
    fi
    ;;
  k)
    shift
    # Becomes kubectl, so that whoever ends this program also ends a port-forward.
    exec kubectl --context "$CONTEXT" --namespace "$NAMESPACE" "$@"
    ;;
  *) return 64 ;;
  esac
}
