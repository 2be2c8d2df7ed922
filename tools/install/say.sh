# shellcheck shell=sh
# Words on stderr: what is going on, what went wrong, how far a download is.

say() {
  printf 'penstock setup: %s\n' "$*" >&2
}

fail() {
  say "$*"
  exit 1
}

# watched LABEL MEGABYTES FOLDER COMMAND…
# Runs COMMAND inside FOLDER and says every few seconds how much has arrived there (MEGABYTES is what is expected, or 0
# where nobody knows). What COMMAND says is shown when it fails. Its exit status is the function's.
watched() {
  label=$1 expected=$2 folder=$3
  shift 3
  if [ "$expected" -gt 0 ]; then say "$label ($expected MB)"; else say "$label"; fi
  mkdir -p "$folder" || return 1
  # Downloads pass through TMPDIR, so that they can be measured and are gone with the folder. The lock is not inherited.
  (cd "$folder" && TMPDIR=$folder exec "$@" >.log 2>&1 </dev/null 9>&-) &
  child=$!
  trap 'kill "$child" 2>/dev/null; exit 130' INT TERM
  elapsed=0
  while kill -0 "$child" 2>/dev/null; do
    sleep 1 9>&-
    elapsed=$((elapsed + 1))
    if [ $((elapsed % 5)) -eq 0 ] && kill -0 "$child" 2>/dev/null; then
      say "$label: $(arrived "$folder" "$expected"), $elapsed s"
    fi
  done
  status=0
  wait "$child" || status=$?
  trap - INT TERM
  [ "$status" -eq 0 ] || tail -n 15 "$folder/.log" >&2
  return "$status"
}

# arrived FOLDER MEGABYTES → "14 of 36 MB"
arrived() {
  megabytes=$(($(du -sk "$1" 2>/dev/null | cut -f1) / 1000))
  if [ "$2" -eq 0 ]; then
    printf '%s MB' "$megabytes"
  else
    # Some clients copy what they have fetched, which then counts twice.
    [ "$megabytes" -le "$2" ] || megabytes=$2
    printf '%s of %s MB' "$megabytes" "$2"
  fi
}
