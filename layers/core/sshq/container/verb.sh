#!/bin/sh
# What the bot may ask of a running container, by its command document: verb.sh VERB [ARGUMENT].
#   probe           one line of JSON: who and where the SSH server is; fails while it isn't up
#   start           the waiting command may begin
#   keep SECONDS    not idle before that time has passed
#   deadline EPOCH  end then, and not before (seconds; 0 = never)
set -u
home=${SSHQ_HOME:-/opt/ml/sshq}

refuse() {
  echo "$1" >&2
  exit 2
}

# Whole or not at all: the watchdog reads these while we write.
put() {
  umask 077
  printf '%s\n' "$2" >"$home/$1.new" && mv -f "$home/$1.new" "$home/$1"
}

number() {
  case ${1:-} in
    '' | *[!0-9]* | ???????????*) refuse "a number is needed, not '${1:-}'" ;;
  esac
}

case ${1:-} in
  probe)
    read -r pid 2>/dev/null <"$home/sshd.pid" && kill -0 "$pid" 2>/dev/null && [ -s "$home/probe.json" ] ||
      { echo 'the SSH server is not up' >&2; exit 1; }
    cat "$home/probe.json"
    ;;
  start)
    put start "$(date +%s)"
    ;;
  keep)
    number "${2:-}"
    put keep "$(($(date +%s) + $2))"
    ;;
  deadline)
    number "${2:-}"
    put deadline "$2"
    ;;
  *) refuse "no such verb: '${1:-}'; there are probe, start, keep and deadline" ;;
esac
