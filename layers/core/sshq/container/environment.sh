# shellcheck shell=sh
# The user's environment, kept apart from ours: a PYTHONPATH or LD_LIBRARY_PATH that the job needs
# must not reach sshd and the agent.

# Read our own facts out of job.env, without the user's exports that stand there too. Of those, two of
# sagemaker-ssh-helper's mean something to us.
load_job() {
  # shellcheck disable=SC2006  # see start.sh
  eval "`job_facts`"
}

# As lines for a shell. In a subshell: the user's exports come with it.
job_facts() (
  kept_path=$PATH
  # shellcheck source=/dev/null
  . "$JOB_CHANNEL/job.env"
  PATH=$kept_path
  for name in JOB OWNER NODES ACTIVATION_ID ACTIVATION_CODE REGION CA_KEYS PRINCIPALS LOGIN_USER \
    PORT COMMAND WAIT_SECONDS DEADLINE IDLE_SECONDS FAIL_MODE AGENT_SUMS SSM_ROLE; do
    eval "value=\${SSHQ_$name-}"
    # shellcheck disable=SC2154  # set by the eval
    printf "SSHQ_%s='%s'\n" "$name" "$(printf '%s' "$value" | sed "s/'/'\\\\''/g")"
  done
  [ "${SSH_LOG_TO_STDOUT-}" != true ] || echo SSHQ_LOG_TO_STDOUT=true
  if [ "${SSHQ_WAIT_SECONDS:-0}" -eq 0 ]; then
    echo "SSHQ_WAIT_SECONDS=$(json_number "${SSH_WAIT_TIME_SECONDS-}" | sed 's/null/0/')"
  fi
)

# The activation code is read by now: what follows, the user's code among it, works with a file
# without it. The channel's own go, where it can be written.
keep_job_file() {
  awk '!gone && /^SSHQ_ACTIVATION_CODE=/ { gone = 1; next } { print }' "$JOB_CHANNEL/job.env" \
    >"$SSHQ_HOME/job.env"
  rm -f "$JOB_CHANNEL/job.env" "$JOB_CHANNEL/job.json" 2>/dev/null
  return 0
}

# For a subshell: become the environment that the user's code is to see.
enter_user_environment() {
  unset SSHQ_ACTIVATION_ID SSHQ_ACTIVATION_CODE
  PATH=$PLATFORM_PATH
  # The names of sagemaker-ssh-helper, which its users' code may look at. START_SSH is "false" on
  # purpose: code that calls its setup_and_start_ssh() would otherwise install a second sshd and
  # register a second agent over ours.
  export START_SSH=false SSH_OWNER_TAG="$SSHQ_OWNER" SSH_LOG_TO_STDOUT=false
  export SSH_WAIT_TIME_SECONDS="$SSHQ_WAIT_SECONDS" SSH_SSM_ROLE="$SSHQ_SSM_ROLE"
  export SSH_INSTANCE_COUNT="$((SSHQ_NODES < 2 ? SSHQ_NODES : 2))"
  # What a launcher of distributed training asks for; SM_… as SageMaker's own training toolkit has it.
  export SSHQ_RANK="$RANK" SSHQ_NODES
  if [ -r "$RESOURCES" ]; then
    export SM_CURRENT_HOST="${SM_CURRENT_HOST-$(current_host "$RESOURCES")}"
    export SM_HOSTS="${SM_HOSTS-$(all_hosts "$RESOURCES")}"
  fi
  kept_home=$SSHQ_HOME
  # shellcheck source=/dev/null
  . "$SSHQ_HOME/job.env"
  unset SSHQ_ACTIVATION_ID SSHQ_ACTIVATION_CODE
  SSHQ_HOME=$kept_home
  PATH=$PATH:$SSHQ_HOME/bin
  export PATH SSHQ_HOME
}

# Write the user's environment for SSH sessions: a `SetEnv` line for sshd (argument 1) and, since
# that can't hold every value, `env.sh` with all of them for whoever wants to read it in.
# Argument 2 says whether this sshd understands backslashes inside quotes (yes|no).
write_session_environment() (
  awk_program=$(command -v awk)
  enter_user_environment
  exec "$awk_program" -v line="$1" -v script="$SSHQ_HOME/env.sh" -v escapes="$2" '
    BEGIN {
      # What belongs to one process or to the session itself.
      split("PWD OLDPWD SHLVL _ USER LOGNAME MAIL SHELL TERM COLUMNS LINES SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_AUTH_SOCK SSH_ORIGINAL_COMMAND", own, " ")
      for (i in own) skip[own[i]] = 1
      for (name in ENVIRON) {
        if (name in skip || name !~ /^[A-Za-z_][A-Za-z0-9_]*$/) continue
        value = ENVIRON[name]
        quoted = value
        gsub(/\047/, "\047\\\047\047", quoted)
        printf "export %s=\047%s\047\n", name, quoted > script
        if (value ~ /[\n\r]/ || (escapes == "no" && value ~ /"/)) continue
        if (escapes == "yes") {
          gsub(/\\/, "&&", value)
          gsub(/"/, "\\\\&", value)
        }
        pairs = pairs " \"" name "=" value "\""
      }
      if (pairs != "") print "SetEnv" pairs > line
    }'
)
