# shellcheck shell=sh
# The SSH server: the image's own, else the package manager's, else one in Python that came with the
# agent. It trusts certificates of our CA only.

# Make all that sshd needs in $SSHQ_HOME and note its path there; on failure say why by a code on
# stdout. Runs in a subshell, beside the agent's preparation.
prepare_sshd() (
  umask 077
  how=image
  if ! sshd_program=$(find_sshd); then
    how=installed
    [ "$(id -u)" -ne 0 ] || install_openssh >"$SSHQ_HOME/log/install.log" 2>&1
    if ! sshd_program=$(find_sshd); then
      how=asyncssh
      unpack_ssh_server || exit 1
      sshd_program=$SSHQ_HOME/ssh_server/sshd
    fi
  fi
  login_user=$(id -un 2>/dev/null) || { echo no_login_user; exit 1; }
  # Only root may become someone else.
  [ "$(id -u)" -ne 0 ] || login_user=$SSHQ_LOGIN_USER
  id "$login_user" >/dev/null 2>&1 || { echo no_login_user; exit 1; }
  rm -f "$SSHQ_HOME/ssh_host_ed25519_key" "$SSHQ_HOME/ssh_host_ed25519_key.pub"
  if command -v ssh-keygen >/dev/null; then
    ssh-keygen -q -t ed25519 -N '' -C "$SSHQ_JOB" -f "$SSHQ_HOME/ssh_host_ed25519_key"
  elif [ "$how" = asyncssh ]; then
    "$sshd_program" -K "$SSHQ_HOME/ssh_host_ed25519_key" -C "$SSHQ_JOB"
  else
    echo no_ssh_keygen
    exit 1
  fi >"$SSHQ_HOME/log/host-key.log" 2>&1 || { echo no_host_key; exit 1; }
  printf '%s\n' "$SSHQ_CA_KEYS" >"$SSHQ_HOME/ssh_ca.pub"
  printf '%s\n' "$SSHQ_PRINCIPALS" >"$SSHQ_HOME/principals"
  if [ "$(id -u)" -eq 0 ]; then
    make_privilege_separation_folder "$sshd_program"
    unlock_login "$login_user"
  fi
  # Before 9.2 there is no -V, but the complaint about it names the version too.
  version=$("$sshd_program" -V 2>&1 | sed -n 's/.*\([A-Z][A-Za-z]*SSH_[0-9][0-9.]*\).*/\1/p' | head -n 1)
  write_session_environment "$SSHQ_HOME/setenv" "$(quotes_escape "$version")"
  keep_path_at_login
  sshd_config "$login_user" >"$SSHQ_HOME/sshd_config"
  if ! "$sshd_program" -t -f "$SSHQ_HOME/sshd_config" >"$SSHQ_HOME/log/sshd.log" 2>&1; then
    # An sshd before 7.8 knows no SetEnv: a session without the job's environment beats none.
    rm -f "$SSHQ_HOME/setenv"
    sshd_config "$login_user" >"$SSHQ_HOME/sshd_config"
    "$sshd_program" -t -f "$SSHQ_HOME/sshd_config" >>"$SSHQ_HOME/log/sshd.log" 2>&1 ||
      { echo config_refused; exit 1; }
  fi
  printf '%s\n' "$sshd_program" >"$SSHQ_HOME/sshd.path"
  printf '%s\n' "$login_user" >"$SSHQ_HOME/login_user"
  printf '%s\n' "${version:-unknown}" >"$SSHQ_HOME/sshd.version"
  echo "$how"
)

# The facts of a prepared sshd, without braces: for its record and for the `probe` verb.
sshd_facts() {
  printf '"login_user":"%s","port":%s,"host_keys":["%s"],"server":"%s"' \
    "$(json_text "$(cat "$SSHQ_HOME/login_user")")" "$SSHQ_PORT" \
    "$(cut -d ' ' -f 1,2 "$SSHQ_HOME/ssh_host_ed25519_key.pub")" \
    "$(json_text "$(cat "$SSHQ_HOME/sshd.version")")"
}

# sshd refuses to start by anything but an absolute path.
find_sshd() (
  found=$(command -v sshd) || exit 1
  case $found in
    /*) echo "$found" ;;
    *) exit 1 ;;
  esac
)

# The server in Python, at $SSHQ_HOME/ssh_server/sshd; on failure a code on stdout.
unpack_ssh_server() {
  if ! command -v python3 >/dev/null || ! has_ssh_server; then
    if [ "$(id -u)" -eq 0 ]; then echo no_sshd; else echo no_sshd_and_not_root; fi
    return 1
  fi
  rm -rf "$SSHQ_HOME/ssh_server"
  mkdir -p "$SSHQ_HOME/ssh_server/lib/ssh_server"
  printf '%s\n' "$SSHQ_AGENT_SUMS" |
    python3 -I "$HERE/ssh_server/unpack.py" "$AGENT_CHANNEL" "$SSHQ_HOME/ssh_server/lib" \
      2>"$SSHQ_HOME/log/ssh-server.log" || return 1
  cp "$HERE"/ssh_server/*.py "$SSHQ_HOME/ssh_server/lib/ssh_server/"
  cat >"$SSHQ_HOME/ssh_server/sshd" <<'END'
#!/bin/sh
exec python3 -I -c 'import sys
sys.path.insert(0, sys.argv.pop(1))
from ssh_server.server import main
sys.exit(main(sys.argv[1:]))' "${0%/*}/lib" "$@"
END
  chmod 755 "$SSHQ_HOME/ssh_server/sshd"
  "$SSHQ_HOME/ssh_server/sshd" -V >>"$SSHQ_HOME/log/ssh-server.log" 2>&1 ||
    { echo ssh_server_not_loadable; return 1; }
}

has_ssh_server() {
  case $SSHQ_AGENT_SUMS in *asyncssh-*) [ -d "$AGENT_CHANNEL" ] ;; *) return 1 ;; esac
}

install_openssh() {
  limit=
  if command -v timeout >/dev/null; then
    # Where packages are out of reach, asking for them takes its time; with another server at hand
    # that is not worth much of it.
    limit='timeout 240'
    ! has_ssh_server || ! command -v python3 >/dev/null || limit='timeout 60'
  fi
  case $(package_manager) in
    apt-get)
      export DEBIAN_FRONTEND=noninteractive
      options='-q -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=60'
      # shellcheck disable=SC2086  # words on purpose
      $limit apt-get $options update
      # shellcheck disable=SC2086
      $limit apt-get $options install -y --no-install-recommends openssh-server
      ;;
    dnf | microdnf | yum)
      $limit "$(package_manager)" install -y openssh-server
      ;;
    apk)
      $limit apk add --no-cache openssh-server openssh-keygen
      ;;
  esac
}

# Debian's lives on a tmpfs that its init script fills, which no container runs.
make_privilege_separation_folder() {
  case $1 in
    /usr/sbin/sshd) [ -d /run/sshd ] || mkdir -m 755 -p /run/sshd ;;
    *) if [ -d /run ] && [ ! -d /run/sshd ]; then mkdir -m 755 /run/sshd 2>/dev/null; fi ;;
  esac
  return 0
}

# Without PAM sshd turns away an account whose password is locked by "!", as some images have root.
# "*" allows no password either, but lets a certificate in. Only as a container's first process:
# anywhere else the accounts aren't ours to change.
unlock_login() {
  if [ "$$" -eq 1 ] && grep -q "^$1:!" /etc/shadow 2>/dev/null; then
    sed -i "s/^$1:![^:]*:/$1:*:/" /etc/shadow
  fi
}

# A login shell's /etc/profile sets PATH anew, and the image's conda would be gone. Again only where
# the file system is the container's own.
keep_path_at_login() {
  if [ "$$" -eq 1 ] && [ -w /etc/profile.d ]; then
    (umask 022; sed -n '/^export PATH=/{p;q;}' "$SSHQ_HOME/env.sh" >/etc/profile.d/zz-sshq.sh)
  fi
}

# OpenSSH 8.7 brought backslashes inside quotes to sshd_config.
quotes_escape() {
  number=${1#OpenSSH_}
  if [ "$number" = "$1" ]; then
    echo yes
    return
  fi
  major=${number%%.*}
  minor=${number#*.}
  minor=${minor%%.*}
  if [ "$major" -gt 8 ] || { [ "$major" -eq 8 ] && [ "$minor" -ge 7 ]; }; then echo yes; else echo no; fi
}

sshd_config() {
  # In sshd's own paths "%" begins a token.
  escaped=$(printf '%s' "$SSHQ_HOME" | sed 's/%/%%/g')
  cat <<END
Port $SSHQ_PORT
# Reached through the SSM agent, which dials loopback; never from the network.
AddressFamily inet
ListenAddress 127.0.0.1
HostKey "$SSHQ_HOME/ssh_host_ed25519_key"
PidFile "$SSHQ_HOME/sshd.pid"
LogLevel VERBOSE
TrustedUserCAKeys "$SSHQ_HOME/ssh_ca.pub"
AuthorizedPrincipalsFile "$escaped/principals"
AuthorizedKeysFile none
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AllowUsers $1
# The only files that strict modes would look at are ours: the principals, in a folder of mode 0700
# below /opt/ml, whose own owner and mode are SageMaker's choice.
StrictModes no
UsePAM no
UseDNS no
X11Forwarding no
PrintMotd no
PrintLastLog no
# A laptop may sleep for 55 minutes; SSM ends the session after 60.
ClientAliveInterval 60
ClientAliveCountMax 70
MaxStartups 100:30:200
MaxSessions 100
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
END
  [ ! -f "$SSHQ_HOME/setenv" ] || cat "$SSHQ_HOME/setenv"
}
