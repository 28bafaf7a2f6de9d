# shellcheck shell=sh
# The SSM agent: the image's, else AWS's own package from the job's channel, as setup pinned it.

# Note the agent's path and set it up; on failure say why by a code on stdout.
prepare_agent() (
  agent_how=image
  if ! agent_program=$(command -v amazon-ssm-agent); then
    agent_how=mirrored
    [ -n "$SSHQ_AGENT_SUMS" ] && [ -d "$AGENT_CHANNEL" ] || { echo no_agent; exit 1; }
    [ "$(id -u)" -eq 0 ] || { echo agent_needs_root; exit 1; }
    unpack_agent "$(uname -m).tar.gz" || exit 1
    agent_program=$SSHQ_HOME/agent/amazon-ssm-agent
  fi
  keep_job_role "$agent_program" || { echo config_not_written; exit 1; }
  supply_ca_bundle
  printf '%s\n' "$agent_program" >"$SSHQ_HOME/agent.path"
  echo "$agent_how"
)

keep_agent() {
  set -- "$(cat "$SSHQ_HOME/agent.path")"
  [ ! -s "$SSHQ_HOME/ca.pem" ] || set -- env "SSL_CERT_FILE=$SSHQ_HOME/ca.pem" "$@"
  keep agent "$@"
}

# An image without the authorities' certificates, where Go looks for them, gets those of the channel.
supply_ca_bundle() {
  rm -f "$SSHQ_HOME/ca.pem"
  for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem \
    /etc/ssl/ca-bundle.pem /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem; do
    [ ! -s "$bundle" ] || return 0
  done
  [ -z "${SSL_CERT_FILE:-}" ] && [ -f "$AGENT_CHANNEL/ca.pem" ] && is_pinned ca.pem || return 0
  cp "$AGENT_CHANNEL/ca.pem" "$SSHQ_HOME/ca.pem"
}

# Unpack one file of the channel, if it is the pinned one; else a code on stdout.
unpack_agent() {
  [ -f "$AGENT_CHANNEL/$1" ] || { echo agent_not_for_this_processor; return 1; }
  is_pinned "$1" || { echo "$pin_code"; return 1; }
  umask 022 # the agent runs nothing that isn't open to all for reading and to root alone for writing
  rm -rf "$SSHQ_HOME/agent"
  mkdir -p "$SSHQ_HOME/agent"
  if command -v tar >/dev/null && command -v gzip >/dev/null; then
    gzip -dc "$AGENT_CHANNEL/$1" | tar -xf - -C "$SSHQ_HOME/agent"
  elif unpacker=$(command -v python3); then
    "$unpacker" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
      "$AGENT_CHANNEL/$1" "$SSHQ_HOME/agent"
  else
    echo no_tar
    return 1
  fi >"$SSHQ_HOME/log/agent-unpack.log" 2>&1 || { echo agent_not_unpacked; return 1; }
  chown -R 0:0 "$SSHQ_HOME/agent" && chmod -R go-w,a+rX,u+w "$SSHQ_HOME/agent" ||
    { echo agent_not_unpacked; return 1; }
}

# Whether a file of the channel has the digest that setup pinned; why not, in pin_code.
is_pinned() {
  pinned=$(printf '%s\n' "$SSHQ_AGENT_SUMS" | sed -n "s/  $1\$//p")
  found=$(file_digest "$AGENT_CHANNEL/$1") || { pin_code=no_sha256sum; return 1; }
  pin_code=checksum_differs
  [ -n "$pinned" ] && [ "$found" = "$pinned" ]
}

file_digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum <"$1" | cut -d ' ' -f 1
  elif command -v openssl >/dev/null; then
    openssl dgst -sha256 -r <"$1" | cut -d ' ' -f 1
  elif digester=$(command -v python3); then
    "$digester" -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"
  else
    return 1
  fi
}

# Unless told otherwise the agent writes the node role's credentials to ~/.aws/credentials, and the
# user's boto3 would then work as the node instead of the job role.
# A packaged agent lives below /usr and reads /etc/amazon/ssm; ours, a folder beside itself. Another
# one reads what it is told to.
keep_job_role() {
  case $1 in
    /usr/*) write_agent_config "${SSHQ_AGENT_CONFIG_DIR:-/etc/amazon/ssm}" ;;
    "$SSHQ_HOME"/agent/*) write_agent_config "$SSHQ_HOME/agent/configuration" ;;
    *) [ -z "${SSHQ_AGENT_CONFIG_DIR:-}" ] || write_agent_config "$SSHQ_AGENT_CONFIG_DIR" ;;
  esac
}

write_agent_config() {
  folder=$1
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
  [ ! -s "$SSHQ_HOME/ca.pem" ] || export SSL_CERT_FILE="$SSHQ_HOME/ca.pem"
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
