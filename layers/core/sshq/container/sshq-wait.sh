#!/bin/sh
# For the user inside the container: `sshq-wait stop` lets the waiting command begin.
case ${1:-} in
  stop) exec /bin/sh "${SSHQ_HOME:-/opt/ml/sshq}/verb.sh" start ;;
  *)
    echo 'usage: sshq-wait stop' >&2
    exit 2
    ;;
esac
