# shellcheck shell=sh
# What the image has. Nothing is changed here.

probe() (
  probe_began=$(now_ms)
  probe_root=false
  [ "$(id -u)" -ne 0 ] || probe_root=true
  probe_python=null
  for probe_name in python3 python; do
    if command -v "$probe_name" >/dev/null; then
      probe_version=$("$probe_name" -V 2>&1 | sed -n 's/^Python \([0-9.]*\).*/\1/p')
      probe_python="\"$(json_text "$probe_version")\""
      break
    fi
  done
  probe_glibc=null
  if probe_version=$(getconf GNU_LIBC_VERSION 2>/dev/null); then
    probe_glibc="\"$(json_text "${probe_version#glibc }")\""
  fi
  probe_gpus=0
  if command -v nvidia-smi >/dev/null; then
    probe_gpus=$(nvidia-smi -L 2>/dev/null | grep -c '^GPU')
  fi
  record probe ok '' "$(ms_since "$probe_began")" \
    "{\"root\":$probe_root,\"package_manager\":\"$(package_manager)\",\"arch\":\"$(json_text "$(uname -m)")\",\"system\":\"$(json_text "$(system_name)")\",\"glibc\":$probe_glibc,\"python\":$probe_python,\"gpus\":$(json_number "$probe_gpus")}"
)

package_manager() {
  for manager in apt-get dnf microdnf yum apk; do
    if command -v "$manager" >/dev/null; then
      echo "$manager"
      return
    fi
  done
  echo none
}

system_name() (
  PRETTY_NAME=
  [ -r /etc/os-release ] && . /etc/os-release
  echo "${PRETTY_NAME:-$(uname -s)}"
)
