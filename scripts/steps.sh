# Sourced by the scripts that a person watches: prints each step with its time,
# keeps its output in .cache/log and shows that output only when the step fails.

# Whole seconds where bash is too old for EPOCHREALTIME (macOS). Its decimal mark
# follows the locale.
now_us() {
  local now=${EPOCHREALTIME:-$SECONDS.000000}
  echo "${now//[.,]/}"
}

elapsed() { # elapsed SINCE: prints the time since SINCE, from now_us
  local tenths=$((($(now_us) - $1) / 100000))
  printf '%3d.%d s\n' $((tenths / 10)) $((tenths % 10))
}

step() { # step NAME COMMAND...
  local name=$1 started log code=0
  shift
  started=$(now_us)
  log=.cache/log/${name//[^a-zA-Z]/-}.log
  mkdir -p .cache/log
  printf '  %-16s ' "$name"
  "$@" >"$log" 2>&1 || code=$?
  if ((code != 0)); then
    printf 'failed\n\n'
    cat "$log"
    return "$code"
  fi
  elapsed "$started"
}
