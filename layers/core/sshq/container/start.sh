#!/bin/sh
# The container's entrypoint: makes the node reachable, then runs the user's command (or waits, when
# there is none), and tells the bot about it by records on stdout. Any POSIX sh will do.
#
# What the main process itself runs under a trap says `…`, not $(…): bash 5.2, some images' sh, loses
# a signal that comes while it parses the latter, and a stop with it. A subshell may say either.
# shellcheck disable=SC2006
set -u

case $0 in
  */*) HERE=$(cd "${0%/*}" && pwd) ;;
  *) HERE=$(pwd) ;;
esac
ML=$(cd "$HERE/../../.." && pwd)
JOB_CHANNEL=$ML/input/data/sshq
AGENT_CHANNEL=$ML/input/data/sshq-agent
RESOURCES=$ML/input/config/resourceconfig.json
SSHQ_HOME=$ML/sshq
export SSHQ_HOME
PLATFORM_PATH=$PATH
PLATFORM_UMASK=$(umask)
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
umask 077

# A user's command has this long between SIGTERM and the end. SageMaker itself waits 120 s.
GRACE_SECONDS=110

. "$HERE/record.sh"
. "$HERE/probe.sh"
. "$HERE/environment.sh"
. "$HERE/sshd.sh"
. "$HERE/agent.sh"
. "$HERE/processes.sh"
. "$HERE/activity.sh"
. "$HERE/supervisor.sh"

main() {
  trap 'exit 143' TERM # a first process without a trap would not even hear it
  BEGAN=`now_ms`
  ENDING=      # why it ends: stopped, deadline or idle
  INTERRUPTED= # `await` looks at it
  COMMAND_PID=
  TERMINATED= # what the signal was passed on to
  load_job
  prepare_home
  trap 'on_end stopped' TERM
  trap 'on_end deadline' USR1
  trap 'on_end idle' USR2
  RANK=`node_rank "$RESOURCES"`
  probe
  watch "$$" &
  WATCH_PID=$!
  if may_start_at_once; then
    (become_reachable; wait) & # those whom it keeps alive are its children
  elif ! become_reachable && [ -z "$ENDING" ] && [ "$SSHQ_FAIL_MODE" = fail ]; then
    mkdir -p "$ML/output"
    echo "sshq could not make this node reachable ($FAILED), and the job was asked to fail then." \
      >"$ML/output/failure"
    finish start_up_failed 1
  fi
  observe "$$" &
  if [ -n "$SSHQ_COMMAND" ]; then
    wait_for_start
    run_command
  else
    # A workbench: there until it is stopped.
    [ -n "$ENDING" ] || await "$WATCH_PID"
    finish "${ENDING:-deadline}" 0
  fi
}

# The user's command doesn't wait for SSH, unless the job depends on it, or a package has to be
# installed: the command may want the package manager for itself.
may_start_at_once() {
  [ -n "$SSHQ_COMMAND" ] && [ "$SSHQ_WAIT_SECONDS" -eq 0 ] && [ "$SSHQ_FAIL_MODE" = run ] &&
    { find_sshd >/dev/null || [ "`package_manager`" = none ]; }
}

become_reachable() {
  if start_up; then return; fi
  record_apart ready failed "${FAILED:-$ENDING}" "`ms_since "$BEGAN"`" \
    "{\"fail_mode\":\"$SSHQ_FAIL_MODE\"}"
  return 1
}

prepare_home() {
  mkdir -p "$SSHQ_HOME/log" "$SSHQ_HOME/bin"
  chmod 700 "$SSHQ_HOME"
  keep_job_file
  rm -f "$SSHQ_HOME/ending" "$SSHQ_HOME/start" "$SSHQ_HOME/keep" "$SSHQ_HOME/sshd.pid" "$SSHQ_HOME/node_id" "$SSHQ_HOME/probe.json"
  : >"$SSHQ_HOME/began"
  echo "${SSHQ_DEADLINE:-0}" >"$SSHQ_HOME/deadline"
  # The agent calls verb.sh here: the input channel needn't stay.
  cp "$HERE/verb.sh" "$SSHQ_HOME/verb.sh"
  cp "$HERE/sshq-wait.sh" "$SSHQ_HOME/bin/sshq-wait"
  # sagemaker-ssh-helper's name for the same, unless the image has the real one.
  cp "$HERE/sshq-wait.sh" "$SSHQ_HOME/bin/sm-wait"
  chmod 755 "$SSHQ_HOME/bin" "$SSHQ_HOME/bin/sshq-wait" "$SSHQ_HOME/bin/sm-wait"
}

# sshd and the agent side by side, then the registration. FAILED is the first code that went wrong.
start_up() {
  FAILED=
  prepare_stage sshd prepare_sshd &
  sshd_preparation=$!
  prepare_stage agent prepare_agent &
  agent_preparation=$!
  await "$sshd_preparation"
  await "$agent_preparation"
  FAILED=`cat "$SSHQ_HOME/sshd.failed" "$SSHQ_HOME/agent.failed" 2>/dev/null | head -n 1`
  if [ -n "$FAILED$ENDING" ]; then
    record_apart register skipped "${FAILED:-$ENDING}" 0
    return 1
  fi
  read -r sshd_program <"$SSHQ_HOME/sshd.path"
  keep sshd "$sshd_program" -D -e -f "$SSHQ_HOME/sshd_config" &
  prepare_stage register register_node &
  await "$!"
  FAILED=`cat "$SSHQ_HOME/register.failed" 2>/dev/null`
  unset SSHQ_ACTIVATION_CODE
  [ -z "$FAILED$ENDING" ] || return 1
  keep_agent &
  if ! wait_for_listener; then
    FAILED=not_listening
    return 1
  fi
  read -r node <"$SSHQ_HOME/node_id"
  printf '{"job":"%s","rank":%s,%s}\n' "`json_text "$SSHQ_JOB"`" "$RANK" "`sshd_facts`" \
    >"$SSHQ_HOME/probe.json.new"
  mv -f "$SSHQ_HOME/probe.json.new" "$SSHQ_HOME/probe.json"
  record_apart ready ok '' "`ms_since "$BEGAN"`" "{\"node_id\":\"$node\"}"
}

# prepare_stage STAGE FUNCTION: run it, tell its record; a failure's code goes to STAGE.failed.
prepare_stage() {
  stage_began=`now_ms`
  rm -f "$SSHQ_HOME/$1.failed"
  if stage_code=`"$2"`; then
    stage_facts='{}'
    case $1 in
      sshd) stage_facts="{`sshd_facts`}" ;;
      register) read -r node <"$SSHQ_HOME/node_id" && stage_facts="{\"node_id\":\"$node\"}" ;;
    esac
    record_apart "$1" ok "$stage_code" "`ms_since "$stage_began"`" "$stage_facts"
  else
    stage_code=${stage_code:-interrupted}
    echo "$stage_code" >"$SSHQ_HOME/$1.failed"
    record_apart "$1" failed "$stage_code" "`ms_since "$stage_began"`"
  fi
}

# sshd writes its pid once it listens: at once, but for the server in Python on a machine that is busy
# or reads from a cold disk.
wait_for_listener() {
  listener_began=`now_ms`
  while [ ! -s "$SSHQ_HOME/sshd.pid" ]; do
    [ "`ms_since "$listener_began"`" -lt 60000 ] && [ -z "$ENDING" ] || return 1
    sleep_briefly
  done
}

# The user's command waits for the bot's `start`, `sshq-wait stop`, the old helper's file, or its time.
wait_for_start() {
  case ${SSHQ_WAIT_SECONDS:-0} in 0) return ;; esac
  record command ok waiting 0 "{\"seconds\":$SSHQ_WAIT_SECONDS}"
  waiting_began=`now_ms`
  while [ -z "$ENDING" ] && [ "`ms_since "$waiting_began"`" -lt $((SSHQ_WAIT_SECONDS * 1000)) ] &&
    ! start_asked; do
    rest 1
  done
}

# The helper's file counts only if it came after us: /tmp may be older than this container.
start_asked() {
  [ -e "$SSHQ_HOME/start" ] || {
    [ -e /tmp/sm-wait-stopped ] &&
      [ -n "`find /tmp/sm-wait-stopped -newer "$SSHQ_HOME/began" 2>/dev/null`" ]
  }
}

run_command() {
  [ -z "$ENDING" ] || finish "$ENDING" 143
  command_began=`now_ms`
  record command ok started 0
  (
    trap - TERM USR1 USR2
    umask "$PLATFORM_UMASK"
    # A shell without job control lets its background processes ignore Ctrl-C, for ever. Where the
    # image's `env` can, this is undone: multiprocessing and torchrun use that signal.
    set --
    if env --default-signal=INT,QUIT true 2>/dev/null; then
      set -- "`command -v env`" --default-signal=INT,QUIT
    fi
    command_text=$SSHQ_COMMAND
    enter_user_environment
    exec "$@" /bin/sh -c "$command_text"
  ) &
  COMMAND_PID=$!
  [ -z "$ENDING" ] || on_end "$ENDING" # which came while the command began
  await "$COMMAND_PID"
  command_status=$?
  command_result=ok
  [ "$command_status" -eq 0 ] || command_result=failed
  if [ -n "$ENDING" ]; then wait_for_rest; fi
  record_apart command "$command_result" exited "`ms_since "$command_began"`" \
    "{\"exit_code\":$command_status}"
  finish "${ENDING:-exited}" "$command_status"
}

# A signal's work, at once: the command and all that it started get SIGTERM, and their time.
# Before there is a command, whatever was going on is given up.
on_end() {
  INTERRUPTED=1
  ENDING=${ENDING:-$1}
  if [ -z "$COMMAND_PID" ]; then
    : >"$SSHQ_HOME/ending"
    signal_below TERM "$$"
  elif [ -z "$TERMINATED" ]; then
    TERMINATED="$COMMAND_PID `descendants "$COMMAND_PID"`"
    # shellcheck disable=SC2086
    signal_all TERM $TERMINATED
    # shellcheck disable=SC2086
    (rest "$GRACE_SECONDS"; [ -e "$SSHQ_HOME/ending" ] || signal_all KILL $TERMINATED) &
  fi
}

# The command's own shell may end before what it started: those have the same grace.
wait_for_rest() {
  rest_began=`now_ms`
  while [ -n "`still_there "$TERMINATED"`" ] &&
    [ "`ms_since "$rest_began"`" -lt $((GRACE_SECONDS * 1000)) ]; do
    sleep_briefly
  done
}

# finish CODE STATUS: nothing of ours stays behind.
finish() {
  trap '' TERM USR1 USR2
  : >"$SSHQ_HOME/ending" # what dies from now on is not started anew
  end_below "$$" 5
  end_result=ok
  [ "$2" -eq 0 ] || end_result=failed
  record_apart end "$end_result" "$1" "`ms_since "$BEGAN"`" "{\"exit_code\":$2}"
  exit "$2"
}

main
