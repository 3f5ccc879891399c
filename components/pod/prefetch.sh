#!/bin/sh
# Pulls the wanted images from the Pod's own edge before clients do, so they are verified, allowed and coalesced like any client's pull. It skips what the cache
# has, so the next round continues an interrupted one. It doesn't pull an image that would evict content in use, and logs that.
#
# Usage: prefetch.sh FILES WORK METRICS EDGE STATUS
#   FILES         a directory with the files `list` and `settings` of prefetch.ts, which may change at any time
#   WORK          a directory for the contents of manifests, which never change. It persists over restarts
#   METRICS       the file for the metrics
#   EDGE, STATUS  host:port of the edge's plain port, and of its status server
set -u
files=$1 work=$2 metrics=$3 edge=$4 status=$5

# The maximum number of minutes until the next round after a failed one; seconds until an answer other than a blob counts as a failure; days until the
# content of an unwanted manifest is deleted.
retry=5
silence=60
unwanted=7

# The children of an index or an image, as KIND DIGEST BYTES PLATFORM. It omits layers with URLs of their own, because clients get them from there.
template='{{if .IsList}}{{range .GetManifestList}}manifest {{.Digest}} {{.Size}} {{if .Platform}}{{.Platform}}{{else}}-{{end}}{{println}}{{end}}{{else}}'\
'{{with .GetConfig}}blob {{.Digest}} {{.Size}} -{{println}}{{end}}{{range .GetLayers}}{{if not .URLs}}blob {{.Digest}} {{.Size}} -{{println}}{{end}}{{end}}{{end}}'

# The pattern of valid digests. Nothing else from the upstream may become a line, a path or an expression.
digests='sha(256:[a-f0-9]{64}|512:[a-f0-9]{128})'

# Long commands run in the background, so that a signal interrupts the wait. The edge completes the requests that it has got.
trap 'exit 0' TERM INT

log() { printf '{"time":"%s","message":"%s","image":"%s","detail":"%s"}\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$2" "${3-}"; }

setting() { sed -n "s/^$1 //p" "$work/settings"; }

read_files() { cat "$files/list" "$files/settings" 2>/dev/null; }
changed() { [ "$(read_files)" != "$taken" ]; }

# ARGUMENT...: runs regctl, whose output is then in $work/said
client() {
  timeout "$silence" regctl --host "reg=$edge,tls=disabled" "$@" >"$work/said" 2>"$work/error" </dev/null &
  wait $!
}

reason() { grep . "$work/error" | tail -n 1 | tr -d '\042\134' | cut -c 1-300; }

# IMAGE [REASON]: counts and logs a failure
fail() {
  failures=$((failures + 1)) failed=$((failed + 1))
  log "failed" "$1" "${2-$(reason)}"
}

publish() {
  {
    echo "registry_cache_prefetch_images_wanted $wanted"
    echo "registry_cache_prefetch_images_present $present"
    echo "registry_cache_prefetch_images_without_room $roomless"
    echo "registry_cache_prefetch_bytes_wanted $wanted_bytes"
    echo "registry_cache_prefetch_bytes_present $present_bytes"
    echo "registry_cache_prefetch_bytes_total $bytes"
    echo "registry_cache_prefetch_failures_total $failures"
    [ -z "$succeeded" ] || echo "registry_cache_prefetch_success_time_seconds $succeeded"
    echo "registry_cache_prefetch_run_time_seconds $(date +%s)"
  } | awk '{ print "# TYPE", $1, ($1 ~ /_total$/ ? "counter" : "gauge"); print }' >"$metrics.new" && mv "$metrics.new" "$metrics"
}

# PLATFORM: whether it's wanted; linux/arm64 includes its variants
chosen() {
  case $1 in -) return 0 ;; esac
  for platform in $platforms; do
    case $1 in "$platform" | "$platform"/*) return 0 ;; esac
    [ "$platform" != all ] || return 0
  done
  return 1
}

# NUMBER UPSTREAM PATH REPOSITORY STORE DIGEST BYTES: adds a manifest and all its children to $work/wanted, as NUMBER KIND UPSTREAM PATH REPOSITORY STORE DIGEST BYTES
collect() {
  parts=$work/manifests/${6#*:}
  if [ ! -s "$parts" ]; then
    client manifest get --format "$template" "$edge/$3@$6" || return 1
    ! grep -Evq "^((manifest|blob) $digests [0-9]+ [^ ]+)?\$" "$work/said" || { echo "the manifest is malformed" >"$work/error" && return 1; }
    mv "$work/said" "$parts"
  fi
  touch "$parts"
  echo "$1 manifest $2 $3 $4 $5 $6 $7" >>"$work/wanted"
  below=
  while read -r kind digest size of; do
    case $kind in
      manifest) ! chosen "$of" || { collect "$1" "$2" "$3" "$4" "$5" "$digest" "$size" && below=yes; } || return 1 ;;
      blob) below=yes && echo "$1 blob $2 $3 $4 $5 $digest $size" >>"$work/wanted" ;;
    esac
  done <"$parts"
  [ -n "$below" ] || { echo "none of the platforms $platforms" >"$work/error" && return 1; }
}

# UPSTREAM PATH REPOSITORY STORE REFERENCE: collects one image or chart
want() {
  images=$((images + 1))
  case $5 in
    sha256:*) name=$2@$5 digest=$5 ;;
    *)
      name=$2:$5
      # This request also makes the edge cache the tag.
      client manifest head "$edge/$name" || { fail "$name" && return; }
      digest=$(grep -Ex "$digests" "$work/said") || { fail "$name" "no digest" && return; }
      ;;
  esac
  echo "$images $name" >>"$work/names"
  collect "$images" "$1" "$2" "$3" "$4" "$digest" 0 || { fail "$name" && echo "$images" >>"$work/broken"; }
}

# Resolves all references of the list. Fails if the list has changed meanwhile.
resolve() {
  while read -r upstream path repository reference store; do
    changed && return 1
    case $reference in
      *\**)
        client tag ls "$edge/$path" || { images=$((images + 1)) && fail "$path:$reference" && continue; }
        grep -Ex '[A-Za-z0-9_][A-Za-z0-9._-]*' "$work/said" >"$work/tags"
        before=$images
        while read -r tag; do
          # shellcheck disable=SC2254 # a pattern is intended
          case $tag in $reference) ;; *) continue ;; esac
          changed && return 1
          want "$upstream" "$path" "$repository" "$store" "$tag"
          publish
        done <"$work/tags"
        [ "$images" -gt "$before" ] || { images=$((images + 1)) && fail "$path:$reference" "no tag matches"; }
        ;;
      *) want "$upstream" "$path" "$repository" "$store" "$reference" ;;
    esac
    publish
  done <"$work/list"
}

# ADDRESS: sends the requests in $work/questions there, and prints the lines of $work/asked whose answer isn't 200 or 307. A registry aborts when the client closes
# its side of the connection, so that side stays open until the last answer.
unanswered() {
  {
    cat "$work/questions" && printf 'HEAD / HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n'
    while [ "$1" != "$status" ] && sleep 0.1; do echo 2>/dev/null || break; done
  } |
    timeout 600 nc "${1%:*}" "${1#*:}" | awk 'BEGIN { print "status" } /^HTTP/ { print $2 }' >"$work/answers"
  awk 'NR == FNR { status[FNR - 1] = $1; next } status[FNR] !~ /^(200|307)$/' "$work/answers" "$work/asked"
}

# WANTED MISSING: writes the lines of WANTED that the cache lacks to MISSING. The request also marks an object as recently used.
missing() {
  cp "$1" "$work/asked"
  awk '{ printf "HEAD /known/%ss HTTP/1.1\r\nHost: edge\r\nX-Key: %s %s %s\r\n\r\n", $2, $2, $3, $7 }' "$work/asked" >"$work/questions"
  unanswered "$status" >"$work/absent"
  cut -d ' ' -f 6 "$work/absent" | sort -u | while read -r store; do
    if [ "$store" = - ]; then
      grep -F ' - sha' "$work/absent"
    else
      grep -F " manifest " "$work/absent" | grep -F " $store "
      grep -F " blob " "$work/absent" | grep -F " $store " >"$work/asked"
      awk '{ printf "HEAD /%s/%s/blobs/%s HTTP/1.1\r\nHost: edge\r\n\r\n", substr($6, index($6, "/") + 1), $5, $7 }' "$work/asked" >"$work/questions"
      unanswered "${store%%/*}"
    fi
  done >"$2"
}

# FILE: the total bytes of its blobs, each counted once.
blob_bytes() { awk '$2 == "blob" && !seen[$7]++ { sum += $8 } END { printf "%.0f\n", sum }' "$1"; }

# Counts the wanted images and bytes that are present.
count() {
  missing "$work/wanted" "$work/missing"
  cut -d ' ' -f 1 "$work/missing" "$work/broken" | sort -u >"$work/incomplete"
  wanted=$images
  present=$((images - failed_before - $(wc -l <"$work/incomplete")))
  wanted_bytes=$(blob_bytes "$work/wanted")
  present_bytes=$((wanted_bytes - $(blob_bytes "$work/missing")))
  publish
}

# Prints the bytes that were stored before this round, and the bytes that blobs may still take: the free part of their budget, and content that is neither in use nor wanted. The
# janitor counts rarely, so this adds what was pulled in this round, and what earlier rounds pulled since the janitor's last count.
room() {
  wget -q -T 5 -O - "http://$status/metrics/janitor" 2>/dev/null | awk -v pulled="$pulled" -v used="$used" -v last="$last" -v kept=$((working_set * 1048576 + present_bytes)) '
    $1 == "registry_cache_store_bytes{zone=\"blobs\"}" { stored = $2; known++ }
    $1 == "registry_cache_store_max_bytes{zone=\"blobs\"}" { most = $2; known++ }
    $1 == "registry_cache_store_count_time_seconds" { counted = $2 }
    END {
      if (known < 2) exit 1
      if (!pulled && counted > last) used = stored
      now = used + pulled > stored ? used + pulled : stored
      spare = used > kept ? used - kept : 0
      printf "%.0f %.0f\n", used, most - now + spare
    }'
}

# NAME BYTES: whether there is space for an image
fits() {
  [ -n "$working_set" ] && [ "$2" -gt 0 ] || return 0
  # shellcheck disable=SC2046 # word splitting is intended
  set -- "$1" "$2" $(room)
  [ $# -eq 4 ] || { fail "$1" "how much room there is isn't known: the janitor says nothing" && return 1; }
  used=$3
  [ "$2" -gt "$4" ] || return 0
  roomless=$((roomless + 1))
  log "no room" "$1" "$2 bytes are missing, and $4 may be taken without evicting what is in use"
  return 1
}

# BYTES: after a pull of this size, waits until the average rate is within the limit. $owed is in bits.
pace() {
  now=$(date +%s)
  [ "$now" -ge "$paced" ] || paced=$now
  owed=$((owed + $1 * 8 - (now - paced) * rate))
  [ "$owed" -ge 0 ] || owed=0
  paced=$now
  [ "$owed" -lt "$rate" ] || rest $((owed / rate))
}

# NUMBER NAME: pulls what is still missing of an image. Parts may have come meanwhile with another image, for a client, or to another replica
pull() {
  awk -v number="$1" '$1 == number && !seen[$7]++' "$work/wanted" >"$work/own"
  missing "$work/own" "$work/now"
  fits "$2" "$(blob_bytes "$work/now")" || return 0
  while read -r _ kind _ path _ _ digest size; do
    changed && return 1
    case "$kind $size" in
      manifest*) client manifest head "$edge/$path@$digest" ;;
      # An empty blob, which `regctl blob get` returns without a request.
      "blob 0") client blob head "$edge/$path" "$digest" ;;
      blob*)
        regctl --host "reg=$edge,tls=disabled" blob get "$edge/$path" "$digest" >/dev/null 2>"$work/error" </dev/null &
        wait $!
        ;;
    esac || { fail "$2" && return 0; }
    [ "$kind" = blob ] || continue
    pulled=$((pulled + size)) bytes=$((bytes + size)) last=$(date +%s)
    echo "$((used + pulled)) $last" >"$work/used"
    publish
    pace "$size"
  done <"$work/now"
}

# One round. Succeeds if everything is present at its end.
round() {
  cp "$files/list" "$files/settings" "$work/" || return 1
  platforms=$(setting platforms) working_set=$(setting workingSetMiB) rate=$(($(setting mbps) * 1000000))
  images=0 failed=0 roomless=0 owed=0 used=$((used + pulled)) pulled=0 paced=$(date +%s)
  : >"$work/wanted" && : >"$work/names" && : >"$work/broken"
  resolve || return 1
  failed_before=$((failed - $(wc -l <"$work/broken")))
  count
  # Replicas that share a bucket use different orders.
  if [ -n "$working_set" ]; then cat "$work/names"; else shuf "$work/names"; fi >"$work/order"
  while read -r number name; do
    ! grep -q "^$number " "$work/missing" || pull "$number" "$name" || return 1
  done <"$work/order"
  # A blob appears in a bucket a moment after the end of its pull.
  [ -n "$working_set" ] || [ "$pulled" -eq 0 ] || { sleep 5 & wait $!; }
  count
  find "$work/manifests" -type f -mtime "+$unwanted" -exec rm -f {} +
  log "round ended" "" "$present of $images are there; $failed failed, $roomless without room, $pulled bytes pulled"
  [ "$present" -eq "$images" ] || return 1
  succeeded=$(date +%s)
}

# SECONDS: waits this long, or until the list changes. It also ends if the clock is set back.
rest() {
  end=$(($(date +%s) + $1))
  while left=$((end - $(date +%s))) && [ "$left" -gt 0 ] && [ "$left" -le "$1" ] && ! changed; do
    publish
    sleep "$((left < 2 ? left : 2))" &
    wait $!
  done
}

mkdir -p "$work/manifests"
# The values of the previous start remain published until a round has counted.
former() { sed -n "s/^registry_cache_prefetch_$1 //p" "$metrics" 2>/dev/null | grep . || echo "${2-0}"; }
succeeded=$(former success_time_seconds '')
wanted=$(former images_wanted) present=$(former images_present) roomless=$(former images_without_room)
wanted_bytes=$(former bytes_wanted) present_bytes=$(former bytes_present) bytes=0 failures=0
# The bytes stored after the last pulled blob, and its time.
used=0 pulled=0 last=0
read -r used last 2>/dev/null <"$work/used"
publish
until wget -q -O /dev/null "http://$status/metrics/janitor" 2>/dev/null; do
  sleep 2 &
  wait $!
done
while :; do
  taken=$(read_files)
  minutes=$(sed -n 's/^everyMinutes //p' "$files/settings")
  if round || [ "$minutes" -le "$retry" ]; then rest $((minutes * 60)); else rest $((retry * 60)); fi
done
