# shellcheck shell=sh
# What lasts as long as the container: sshd and the agent kept alive, the deadline kept, activity told.

OBSERVE_MS=60000
OBSERVE_REST_SECONDS=10

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
    (
      umask "$PLATFORM_UMASK"
      # As sagemaker-ssh-helper's users ask for it.
      [ "${SSHQ_LOG_TO_STDOUT-}" = true ] || exec >>"$SSHQ_HOME/log/$keep_stage.log"
      exec "$@" 2>&1
    ) </dev/null &
    keep_pid=$!
    echo "$keep_pid" >"$SSHQ_HOME/$keep_stage.kept"
    await "$keep_pid"
    keep_status=$?
    [ ! -e "$SSHQ_HOME/ending" ] || break
    keep_life=$(ms_since "$keep_began")
    [ "$keep_life" -lt 60000 ] || keep_pause=1
    record_apart "$keep_stage" failed died "$keep_life" \
      "{\"exit_code\":$keep_status,\"again_in_seconds\":$keep_pause}"
    rest "$keep_pause"
    keep_pause=$((keep_pause * 2))
    [ "$keep_pause" -le 60 ] || keep_pause=60
  done
}

# Until the deadline, which the `deadline` verb may move; then tell the main process. $1 is its pid.
# Nothing here can hang: what asks the machine something stands in `observe`.
watch() {
  trap 'INTERRUPTED=1' TERM
  while :; do
    rest 1
    [ ! -e "$SSHQ_HOME/ending" ] || return 0
    read -r watch_deadline <"$SSHQ_HOME/deadline"
    if [ "$watch_deadline" -gt 0 ] && [ "$(date +%s)" -ge "$watch_deadline" ]; then
      record_apart watchdog ok deadline 0 "{\"deadline\":$watch_deadline}"
      kill -s USR1 "$1"
      return
    fi
  done
}

# Tell once a minute how busy the node is. A workbench that has been idle for too long, by minutes
# that were seen to be idle, is ended: the bot would have done so before, if it lived.
observe() {
  trap 'INTERRUPTED=1' TERM
  observe_idle=0
  observe_next=$(($(now_ms) + OBSERVE_MS))
  activity_begin
  while [ ! -e "$SSHQ_HOME/ending" ]; do
    rest "$OBSERVE_REST_SECONDS"
    if [ "$(now_ms)" -lt "$observe_next" ]; then
      activity_sample
      continue
    fi
    observe_next=$((observe_next + OBSERVE_MS))
    activity
    # shellcheck disable=SC2154  # activity sets it
    if [ -n "$activity_busy" ] || is_kept; then observe_idle=0; else observe_idle=$((observe_idle + OBSERVE_MS)); fi
    if may_be_ended_idle && [ "$observe_idle" -ge $((SSHQ_IDLE_SECONDS * 1000)) ]; then
      record_apart watchdog ok idle 0 "{\"idle_seconds\":$((observe_idle / 1000))}"
      kill -s USR2 "$1"
      return
    fi
  done
}

# A command is the user's work, whether it computes or waits; of several nodes each sees itself only.
may_be_ended_idle() {
  [ "$SSHQ_IDLE_SECONDS" -gt 0 ] && [ -z "$SSHQ_COMMAND" ] && [ "$SSHQ_NODES" -eq 1 ]
}

# The `keep` verb: not idle before that time.
is_kept() {
  read -r kept_until 2>/dev/null <"$SSHQ_HOME/keep" && [ "$(date +%s)" -lt "$kept_until" ]
}
