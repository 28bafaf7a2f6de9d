# shellcheck shell=sh
# Processes: who descends from whom, and how to end them.

# descendants PID [STATE]: the pids below one process, itself left out, without those that have ended
# already, and without those in that state.
descendants() {
  process_table | awk -v root="$1" -v left_out="^[Z${2-}]" '
    { parent[$1] = $2; state[$1] = $3 }
    END {
      for (pid in parent) {
        step = parent[pid]
        for (depth = 0; depth < 64 && step in parent && step != root; depth++) step = parent[step]
        if (step == root && state[pid] !~ left_out) print pid
      }
    }'
}

# Lines of "pid parent state name". Slim images have no ps; macOS has no /proc.
process_table() {
  if [ -r /proc/self/status ]; then
    cat /proc/[0-9]*/status 2>/dev/null |
      awk '/^Name:/ { name = $2 } /^State:/ { state = $2 } /^Pid:/ { pid = $2 }
        /^PPid:/ { print pid, $2, state, name }'
  else
    ps -A -o pid= -o ppid= -o state= -o comm=
  fi
}

# signal_all SIGNAL PID…: those that are gone already don't matter.
signal_all() {
  signal_name=$1
  shift
  for pid; do
    kill -s "$signal_name" "$pid" 2>/dev/null
  done
  return 0
}

# end_below PID SECONDS: end all of a process's descendants, by force after SECONDS.
end_below() {
  end_began=$(now_ms)
  end_signal=TERM
  while signal_below "$end_signal" "$1"; do
    if [ "$(ms_since "$end_began")" -ge $(($2 * 1000)) ]; then end_signal=KILL; fi
    sleep_briefly
  done
}

# signal_below SIGNAL PID: to all of a process's descendants; false if there is none. They are stopped
# before they are told: what a dying parent began in its last moment would be nobody's child, and stay.
signal_below() {
  hold_rounds=0
  # A signal that was sent has not arrived yet, and who waits for a disk may not hear it for long.
  while living_below "$2" T && [ "$hold_rounds" -lt 100 ]; do
    # shellcheck disable=SC2086  # a list of pids
    signal_all STOP $living
    hold_rounds=$((hold_rounds + 1))
  done
  living_below "$2" || return 1
  # shellcheck disable=SC2086
  signal_all "$1" $living
  # shellcheck disable=SC2086
  signal_all CONT $living
}

# As `descendants`, into `living`; false if there is none. Those that look the list up are in it, and
# gone once it is read: so in two steps, and in no subshell.
living_below() {
  living=$(descendants "$@")
  living=$(still_there "$living")
  [ -n "$living" ]
}

still_there() {
  for pid in $1; do
    if kill -0 "$pid" 2>/dev/null; then echo "$pid"; fi
  done
}

# Not every sleep takes fractions.
sleep_briefly() {
  sleep 0.1 2>/dev/null || sleep 1
}

# A sleep that a trapped signal ends.
rest() {
  sleep "$1" &
  wait "$!" || kill "$!" 2>/dev/null
}

# await PID: its exit status, however often a trapped signal interrupts the waiting.
# Every trap sets INTERRUPTED; a shell that has told a status once may say 127 the second time.
await() {
  awaited=
  while :; do
    INTERRUPTED=
    wait "$1"
    awaited_now=$?
    if [ "$awaited_now" -ne 127 ] || [ -z "$awaited" ]; then awaited=$awaited_now; fi
    [ -n "$INTERRUPTED" ] || return "$awaited"
  done
}
