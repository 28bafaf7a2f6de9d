# shellcheck shell=sh
# What lasts as long as the container: sshd and the agent kept alive, the deadline kept, activity told.

# keep STAGE COMMAND…: run it for ever, anew when it dies, after 1, 2, 4 … 60 s; a minute of life
# forgives all. One subshell for each service, so that `wait` says at once when it ends.
keep() {
  keep_stage=$1
  shift
  keep_pause=1
  INTERRUPTED=
  trap 'INTERRUPTED=1' TERM
  while [ ! -e "$SSHQ_HOME/ending" ]; do
    keep_began=$(now_ms)
    (umask "$PLATFORM_UMASK"; exec "$@") >>"$SSHQ_HOME/log/$keep_stage.log" 2>&1 </dev/null &
    keep_pid=$!
    echo "$keep_pid" >"$SSHQ_HOME/$keep_stage.kept"
    await "$keep_pid"
    keep_status=$?
    [ ! -e "$SSHQ_HOME/ending" ] || break
    keep_life=$(($(now_ms) - keep_began))
    [ "$keep_life" -lt 60000 ] || keep_pause=1
    record_apart "$keep_stage" failed died "$keep_life" \
      "{\"exit_code\":$keep_status,\"again_in_seconds\":$keep_pause}"
    rest "$keep_pause"
    keep_pause=$((keep_pause * 2))
    [ "$keep_pause" -le 60 ] || keep_pause=60
  done
}

# Until the deadline (which the `deadline` verb may move), say once a minute how busy the node is;
# at the deadline tell the main process. $1 is its pid.
watch() {
  trap 'INTERRUPTED=1' TERM
  watch_next=$(($(now_ms) + 60000))
  watch_sample=0
  activity_begin
  while :; do
    rest 1
    [ ! -e "$SSHQ_HOME/ending" ] || return 0
    read -r watch_deadline <"$SSHQ_HOME/deadline"
    if [ "$watch_deadline" -gt 0 ] && [ "$(date +%s)" -ge "$watch_deadline" ]; then
      record_apart watchdog ok deadline 0 "{\"deadline\":$watch_deadline}"
      kill -s USR1 "$1"
      return
    fi
    watch_now=$(now_ms)
    if [ "$watch_now" -ge "$watch_next" ]; then
      watch_next=$((watch_next + 60000))
      activity
    elif [ "$watch_now" -ge "$watch_sample" ]; then
      watch_sample=$((watch_now + 10000))
      activity_sample
    fi
  done
}
