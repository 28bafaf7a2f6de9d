# shellcheck shell=sh
# Processes: who descends from whom, and how to end them.

# The pids below one process, itself left out, without those that have ended already.
descendants() {
  process_table | awk -v root="$1" '
    $3 !~ /^Z/ { parent[$1] = $2 }
    END {
      for (pid in parent) {
        step = parent[pid]
        for (depth = 0; depth < 64 && step in parent && step != root; depth++) step = parent[step]
        if (step == root) print pid
      }
    }' | sort -n
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
  held=
  while :; do
    # Those that look the list up are in it, and gone once it is read: so in two steps.
    held_now=$(descendants "$2")
    held_now=$(still_there "$held_now")
    [ "$held_now" != "$held" ] || break
    held=$held_now
    # shellcheck disable=SC2086  # a list of pids
    signal_all STOP $held
  done
  # shellcheck disable=SC2086
  signal_all "$1" $held
  # shellcheck disable=SC2086
  signal_all CONT $held
  [ -n "$held" ]
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
