#!/bin/sh
# Sends the requests of a node's container runtime: checks whether the cache can be reached and serves images, and whether each registry answers without it. It
# prints a line with the time for each step, and advice for each failure. It needs curl and sha256sum, and writes and changes nothing.
#
# Usage: see usage() below.
#   -c  the cache
#   -a  the private authority of its certificate, as PEM. Files that containerd's configuration names for the cache take precedence
#   -d  how long the runtime waits for a connection, including the look-up of the name
#   -r  a registry that the cache serves, and its own URL
set -u
export LC_ALL=C
newline='
'

usage() {
  echo "Usage: registry-cache-check -c CACHE_URL [-a CA_CERTIFICATE] [-d MILLISECONDS] [-r REGISTRY=URL]... [REGISTRY/REPOSITORY[:TAG][@DIGEST]]..." >&2
  echo "Exit code: 0 all is well; 1 the cache doesn't serve this node; 2 a registry doesn't answer without the cache; 3 both; 4 the check can't run." >&2
  exit 4
}

cache='' certificate='' patience='' registries=''
while getopts c:a:d:r: option; do
  case $option in
  c) cache=${OPTARG%/} ;;
  a) certificate=$OPTARG ;;
  d) patience=$OPTARG ;;
  r) registries=$registries$OPTARG$newline ;;
  *) usage ;;
  esac
done
shift $((OPTIND - 1))
[ -n "$cache" ] || usage
wrong=
for image; do
  case $image in
  */*) ;;
  *) wrong=yes && echo "registry-cache-check: $image: name the registry, too: REGISTRY/REPOSITORY:TAG" >&2 ;;
  esac
done
[ -z "$wrong" ] || usage
for program in curl sha256sum; do
  command -v "$program" >/dev/null && continue
  echo "registry-cache-check: $program is missing: install it, or run the check on another node of the same network" >&2
  exit 4
done

failed=0 otherwise=' It pulls from the registries by itself.'

# STATUS STEP MILLISECONDS TEXT: prints a line of the report.
line() { printf '%-6s  %-8s  %6s ms  %s\n' "$@"; }

# BIT STEP MILLISECONDS TEXT: reports a failure, and sets a bit of the exit code.
fail() {
  failed=$((failed | $1))
  line FAILED "$2" "$3" "$4"
}

# SECONDS: converts a decimal fraction of curl's to milliseconds. Prints nothing for zero, which means that curl didn't reach this step.
milliseconds() {
  case $1 in *[1-9]*) ;; *) return ;; esac
  fraction=${1#*.}000
  echo $((${1%.*} * 1000 + 1${fraction%"${fraction#???}"} - 1000))
}

# URL OPTION...: sets $answer, $result (curl's exit code), $error (its message), $status and $address, and, in milliseconds since the start, $found, $connected, $secured and $ended.
ask() {
  url=$1
  shift
  answer=$(
    curl -q -sS --proto =https,http --globoff --connect-timeout 5 --max-time 30 --write-out \
      '\n@registry-cache-check %{http_code} %{time_namelookup} %{time_connect} %{time_appconnect} %{time_total} %{remote_ip}\n' \
      --url "$url" "$@" 2>&1 <<END
$certificate
END
  )
  result=$?
  error=$(printf '%s\n' "$answer" | sed -n 's/^curl: ([0-9]*) //p' | tail -n 1)
  written=$(printf '%s\n' "$answer" | sed -n 's/^@registry-cache-check //p' | tail -n 1)
  answer=${answer%%"$newline@registry-cache-check "*}
  read -r status found connected secured ended address <<END
$written
END
  found=$(milliseconds "$found") connected=$(milliseconds "$connected") secured=$(milliseconds "$secured")
  ended=$(milliseconds "$ended")
  ended=${ended:-0}
}

# PATH OPTION...: asks the cache, without a proxy because the cache is in the runtime's NO_PROXY.
ask_cache() {
  path=$1
  shift
  ask "$cache$path" --noproxy '*' ${authority:+--cacert "$authority"} "$@"
}

# NAME: prints the value of a header in $answer.
header() { printf '%s\n' "$answer" | tr -d '\r' | sed -n "s/^$1: *//p" | head -n 1; }

host=${cache#*://}
host=${host%:*}

# The files of the cache's authority in containerd's configuration. In a Pod of `kubectl debug node`, the node's files are in /host.
authorities() {
  for root in '' /host; do
    sed -n "\,^\[host\.\"$cache\"],,/^\[/ s,^ *ca *= *\"\(.*\)\",$root\1,p" "$root"/etc/containerd/certs.d/*/hosts.toml 2>/dev/null
  done | sort -u
}

# ask() writes the certificate of -a to standard input.
authority=${certificate:+/dev/stdin}

# Whether the cache answers.
reach_cache() {
  while read -r file; do
    [ -z "$file" ] || authority=$file
    ask_cache /v2/
    [ -n "$file" ] || continue
    [ "$result" != 77 ] && [ -n "$(sed -n '/BEGIN CERTIFICATE/p' "$file" 2>/dev/null)" ] && continue
    otherwise=
    fail 1 tls 0 "$file can't be read, or isn't a certificate. containerd's configuration names it, and containerd pulls nothing without it, not even from the registry: write the authority there (output caches.<region>.ca.certificate), or remove the configuration."
    return 1
  done <<END
$(authorities)
END
  # If the first look-up was slow, tries again, because the name server now has the name.
  [ "$result" != 0 ] || [ "${connected:-0}" -le "${patience:-$connected}" ] || ask_cache /v2/
  [ -z "$found" ] || line ok name "$found" "$host"
  if [ "$result" = 0 ] && [ "$connected" -gt "${patience:-$connected}" ]; then
    fail 1 connect "$connected" "The runtime waits for $patience ms, including the DNS lookup, and then falls back to the registry: raise dialTimeoutMilliseconds of the region, or use a name server or a cache that is nearer."
    return 1
  fi
  [ -z "$connected" ] || line ok connect "$((connected - found))" "$address"
  [ -z "$secured" ] || line ok tls "$((secured - connected))" "the certificate is for $host, and trusted"
  case $result:$status in
  0:200) return 0 ;;
  0:*) fail 1 answer "$ended" "HTTP $status to /v2/: that isn't the cache, but a proxy or a load balancer. Check that it has a cache behind it, and that the name resolves to the right address." ;;
  6:*) fail 1 name "$ended" "$error. Check that the record exists, and that this node's name server sees it. Nodes fall back to the registry immediately." ;;
  7:*) fail 1 connect "$ended" "$error. The cache isn't running, or something in front of it refuses: runbook RegistryCacheDown. Nodes fall back to the registry immediately." ;;
  28:*) no_answer ;;
  *) if [ -z "$secured" ]; then bad_certificate; else fail 1 answer "$ended" "$error. The cache or something in front of it ends the connection: runbook RegistryCacheDown."; fi ;;
  esac
  return 1
}

# Explains a timeout. If the TLS handshake times out, curl before 8.0 doesn't report that it connected.
no_answer() {
  case ${found:+found}:${connected:+connected}:${secured:+secured}:$error in
  :*) fail 1 name "$ended" "No answer from the name server: check /etc/resolv.conf, and whether something filters port 53. Each request of a pull waits for it." ;;
  *:secured:*) fail 1 answer "$ended" "$error. The cache hangs: runbook RegistryCacheDown." ;;
  *:connected:* | *SSL*) fail 1 tls "$ended" "Something accepts the connection, but doesn't answer: a load balancer without a cache behind it, or a machine that hangs. Each request of a pull waits 10 s: until this is fixed, remove the DNS record or the configuration." ;;
  *) fail 1 connect "$ended" "No answer: packets are dropped. Admit this node's address (access.clients of the region), and look for a firewall on the way. Each request of a pull waits: until this is fixed, remove the DNS record or the configuration." ;;
  esac
}

bad_certificate() {
  case $error in
  *expired* | *'not yet valid'*) advice="Check this node's clock. If it is right: runbook RegistryCacheCertificateExpiring." ;;
  *issuer* | *self*signed*) advice="Give the node the cache's authority (output caches.<region>.ca), get this check from the outputs again, or look for a proxy on the way that intercepts TLS." ;;
  *match*) advice="Use the host name of the endpoint, and check that its record leads to the cache." ;;
  *) advice="Check whether something else answers there." ;;
  esac
  fail 1 tls "$ended" "$error. $advice Nodes fall back to the registry immediately."
}

media='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

# REGISTRY/REPOSITORY[:TAG][@DIGEST]: requests its manifest as containerd does, first HEAD, then GET.
pull() {
  registry=${1%%/*} rest=${1#*/}
  case $rest in
  *@*) reference=${rest#*@} rest=${rest%%@*} ;;
  *:*) reference=${rest##*:} ;;
  *) reference=latest ;;
  esac
  repository=${rest%:*}
  case $registry/$repository in
  docker.io/*/*) ;;
  docker.io/*) repository=library/$repository ;;
  esac
  path="/v2/$repository/manifests/$reference?ns=$registry"
  ask_cache "$path" --head -H "Accept: $media"
  answer=$(printf '%s\n' "$answer" | tr '[:upper:]' '[:lower:]')
  digest=$(header docker-content-digest) kept=$(header x-cache) head=$ended
  if [ "$result" = 0 ] && [ "$status" = 200 ]; then
    ask_cache "$path" -H "Accept: $media"
    ended=$((head + ended))
  fi
  if [ "$result" != 0 ]; then
    fail 1 pull "$ended" "$1: $error. The cache or something in front of it ends the transfer: runbook RegistryCacheDown."
    return
  fi
  case $status in
  200)
    got=sha256:$(printf %s "$answer" | sha256sum | cut -d ' ' -f 1)
    if [ -z "$digest" ] || [ "$got" = "$digest" ]; then
      line ok pull "$ended" "$1, $kept"
    else
      fail 1 pull "$ended" "$1: the content doesn't match its digest $digest: look for a proxy on the way that changes answers."
    fi
    ;;
  404) fail 1 pull "$ended" "$1: not served. Check that the repository is in upstreams[].repositories, and the tag at the registry. Nodes fall back to the registry immediately." ;;
  429) fail 1 pull "$ended" "$1: HTTP 429, which the cache never sends: something in front of it limits requests, and containerd tries again instead of falling back." ;;
  5*) fail 1 pull "$ended" "$1: HTTP $status: the cache can't get it from the registry: runbook RegistryCacheErrors. Nodes fall back to the registry immediately." ;;
  *) fail 1 pull "$ended" "$1: HTTP $status, which the cache never sends: look for a proxy on the way." ;;
  esac
}

# REGISTRY URL: checks whether the registry answers, and whether its token server does.
fall_back() {
  ask "$2/v2/" --include
  headers=$(printf '%s\n' "$answer" | sed 's/^[Ww][Ww][Ww]-[Aa]uthenticate: */www-authenticate: /')
  case $result:$status in
  0:200 | 0:401) line ok fallback "$ended" "$1 answers at $2" ;;
  0:*) fail 2 fallback "$ended" "$1: HTTP $status from $2: without the cache, this node can't pull from it." ;;
  *) fail 2 fallback "$ended" "$1: $error. Without the cache, this node can't pull from it: let it reach $2, or name its proxy in HTTPS_PROXY." ;;
  esac
  realm=$(printf '%s\n' "$headers" | sed -n 's/^www-authenticate: .*[Bb]earer .*[Rr]ealm="\([^"]*\)".*/\1/p' | head -n 1)
  case $realm in
  "$2"/*) return ;;
  http://* | https://*) ;;
  *) return ;;
  esac
  ask "$realm"
  [ "$result" = 0 ] || fail 2 fallback "$ended" "$1: $error. Its tokens come from $realm: let this node reach this address, too."
}

echo "registry-cache-check: $cache from $(uname -n), $(date -u +%Y-%m-%dT%H:%M:%SZ)"
if reach_cache; then
  [ $# -gt 0 ] || line - pull - "not tried: name an image, REGISTRY/REPOSITORY:TAG"
  for image; do pull "$image"; done
fi
while IFS='=' read -r registry url; do
  [ -z "$registry" ] || fall_back "$registry" "${url%/}"
done <<END
$registries
END
case $failed in
0) echo "All is well." ;;
1) echo "The cache doesn't serve this node.$otherwise" ;;
2) echo "The cache serves this node. Without it, a registry doesn't answer." ;;
3) echo "The cache doesn't serve this node, and a registry doesn't answer without it: its images can't be pulled here." ;;
esac
exit "$failed"
