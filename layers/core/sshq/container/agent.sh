# shellcheck shell=sh
# The SSM agent: AWS's own program, from the image.

# Note the agent's path and set it up; on failure say why by a code on stdout.
prepare_agent() (
  agent_program=$(command -v amazon-ssm-agent) || { echo no_agent; exit 1; }
  keep_job_role "$agent_program" || { echo config_not_written; exit 1; }
  printf '%s\n' "$agent_program" >"$SSHQ_HOME/agent.path"
  echo image
)

# Unless told otherwise the agent writes the node role's credentials to ~/.aws/credentials, and the
# user's boto3 would then work as the node instead of the job role.
# A packaged agent lives below /usr and reads /etc/amazon/ssm; another one reads what it is told to.
keep_job_role() {
  case $1 in
    /usr/*) folder=${SSHQ_AGENT_CONFIG_DIR:-/etc/amazon/ssm} ;;
    *) folder=${SSHQ_AGENT_CONFIG_DIR:-} ;;
  esac
  [ -n "$folder" ] || return 0
  mkdir -p "$folder" || return 1
  config=$folder/amazon-ssm-agent.json
  from=$config
  [ -s "$from" ] || from=$config.template
  if [ ! -s "$from" ] || [ "$(tr -d ' \t\r\n' <"$from")" = '{}' ]; then
    echo '{"Profile":{"ShareCreds":false}}' >"$config.new"
  elif grep -q '"ShareCreds"' "$from"; then
    sed 's/"ShareCreds"[[:space:]]*:[[:space:]]*true/"ShareCreds": false/' "$from" >"$config.new"
  elif grep -q '"Profile"[[:space:]]*:[[:space:]]*{[[:space:]]*[^}[:space:]]' "$from"; then
    sed 's/"Profile"[[:space:]]*:[[:space:]]*{/&"ShareCreds": false, /' "$from" >"$config.new"
  else
    # Of a name that comes twice, the agent's reader merges both.
    sed '1s/{/{"Profile": {"ShareCreds": false}, /' "$from" >"$config.new"
  fi && mv -f "$config.new" "$config" && grep -q '"ShareCreds"[[:space:]]*:[[:space:]]*false' "$config"
}

# Register under the job's activation: the node's id into $SSHQ_HOME/node_id, or a code on stdout.
# The program takes the code by argument only, so `ps` shows it while it runs (about a second).
register_node() (
  umask 077
  agent_program=$(cat "$SSHQ_HOME/agent.path")
  log=$SSHQ_HOME/log/register.log
  for pause in 2 5 0; do
    "$agent_program" -register -y -code "$SSHQ_ACTIVATION_CODE" -id "$SSHQ_ACTIVATION_ID" \
      -region "$SSHQ_REGION" >"$log" 2>&1 </dev/null
    status=$?
    node=$(node_id_in "$log")
    [ -n "$node" ] || [ "$status" -ne 0 ] || node=$(node_id_in /var/lib/amazon/ssm/registration)
    if [ "$status" -eq 0 ] && [ -n "$node" ]; then
      echo "$node" >"$SSHQ_HOME/node_id"
      rm -f "$log"
      exit 0
    fi
    if grep -q -i -e InvalidActivation -e ActivationExpired -e 'activation.*expired' "$log"; then
      hide_activation_code "$log"
      echo activation_refused
      exit 1
    fi
    hide_activation_code "$log"
    sleep "$pause"
  done
  echo registration_failed
  exit 1
)

node_id_in() {
  sed -n 's/.*\(mi-[0-9a-f]\{17\}\).*/\1/p' "$1" 2>/dev/null | head -n 1
}

# An agent that repeats its arguments when it fails must not leave the code in a log.
hide_activation_code() {
  while IFS= read -r log_line || [ -n "$log_line" ]; do
    case $log_line in
      *"$SSHQ_ACTIVATION_CODE"*) echo '(a line with the activation code)' ;;
      *) printf '%s\n' "$log_line" ;;
    esac
  done <"$1" >"$1.new"
  mv -f "$1.new" "$1"
}
