#!/bin/sh
# Start a service of the person's own on this machine, unless it runs already, and say where it is.
#   sh -s -- NAME PORT PROGRAM FOLDER      (jupyter, tensorboard or vnc)
# It listens on loopback, outlives the connection that started it, and keeps its pid, port, token
# and log in ~/.sshq/NAME. Exit: 127 the program isn't here, 66 the folder isn't, 75 it ended at once.
set -eu
umask 077
name=$1 port=$2 program=$3 folder=$4
home=${HOME:-/tmp}/.sshq/$name
mkdir -p "$home"

runs() {
  [ -s "$home/pid" ] && kill -0 "$(cat "$home/pid")" 2>/dev/null
}

start() {
  nohup "$@" >"$home/log" 2>&1 </dev/null &
  printf '%s\n' "$!" >"$home/pid"
  printf '%s\n' "$port" >"$home/port"
}

# A desktop for the screen, if the machine has one.
start_session() {
  for session in startxfce4 startlxqt openbox-session icewm-session x-session-manager xterm; do
    if command -v "$session" >/dev/null 2>&1; then
      DISPLAY=:$((port - 5900)) nohup "$session" >"$home/session.log" 2>&1 </dev/null &
      return
    fi
  done
}

if ! runs; then
  command -v "$program" >/dev/null 2>&1 || exit 127
  cd "$folder" 2>/dev/null || exit 66
  od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$home/token"
  case $name in
    jupyter)
      # Of the three, the one that shows most.
      app=server
      for each in lab notebook; do
        if "$program" "$each" --version >/dev/null 2>&1; then app=$each; break; fi
      done
      # By the environment: arguments can be read in the list of processes.
      JUPYTER_TOKEN=$(cat "$home/token")
      export JUPYTER_TOKEN
      start "$program" "$app" --no-browser --allow-root --ip=127.0.0.1 --port="$port" --port-retries=0
      ;;
    tensorboard)
      start "$program" --host 127.0.0.1 --port "$port" --logdir .
      ;;
    vnc)
      start "$program" ":$((port - 5900))" -rfbport "$port" -localhost -SecurityTypes None \
        -geometry 1600x900
      sleep 1
      start_session
      ;;
  esac
fi

# Until it listens: /proc/net/tcp has the port in hexadecimal, and state 0A. Without /proc we don't wait.
listens() {
  grep -qi ":$(printf '%04x' "$(cat "$home/port")") 0*:0000 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
waited=0
while [ -r /proc/net/tcp ] && ! listens && [ "$waited" -lt 300 ]; do
  if ! runs; then
    tail -n 1 "$home/log" >&2
    exit 75
  fi
  sleep 0.2 2>/dev/null || sleep 1  # POSIX knows whole seconds only
  waited=$((waited + 1))
done
printf 'port=%s\ntoken=%s\nlog=%s\n' "$(cat "$home/port")" "$(cat "$home/token")" "$home/log"
