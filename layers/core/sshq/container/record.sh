# shellcheck shell=sh
# Records: what the bot is told, one line of JSON each on stdout.

# Milliseconds on a clock that only goes forward. /proc/uptime costs no process; where there is
# none (not Linux) seconds have to do.
now_ms() {
  if read -r uptime_now _ 2>/dev/null </proc/uptime; then
    uptime_fraction=${uptime_now#*.}
    echo "${uptime_now%.*}${uptime_fraction}0"
  else
    date +%s000
  fi
}

# How many of them have passed since then.
ms_since() {
  echo "$(($(now_ms) - $1))"
}

# A text between JSON's quotes. What isn't printable ASCII becomes "?": an image's own words may
# be in any encoding, and a record that can't be read is worth nothing.
json_text() {
  printf '%s' "$1" | LC_ALL=C tr -c '\040-\176' '?' | cut -c 1-512 | sed 's/[\\"]/\\&/g'
}

# A whole number as JSON, or null for "don't know".
json_number() {
  case $1 in
    '' | *[!0-9]*) echo null ;;
    *) echo "$((1$1 - 1$(echo "$1" | tr '0-9' '0')))" ;; # without leading zeros
  esac
}

# record STAGE RESULT CODE MS [FACTS]: printed in one write, so that no two records mix.
record() (
  printf '%s{"sshq":1,"stage":"%s","result":"%s","code":"%s","rank":%s,"at":"%s","ms":%s,"facts":%s}\n' \
    "${RECORD_LEAD-}" "$1" "$2" "$3" "$RANK" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$4" "${5:-"{}"}"
)

# The same in the midst of the user's output, whose last line may not have ended.
record_apart() {
  RECORD_LEAD='
'
  record "$@"
  RECORD_LEAD=
}

# This node's rank: algo-1 is 0. Other names count by their place among the hosts.
node_rank() {
  [ -r "$1" ] || { echo 0; return; }
  rank_host=$(current_host "$1")
  rank_number=${rank_host#algo-}
  case $rank_number in
    '' | 0* | "$rank_host" | *[!0-9]*) ;;
    *) echo "$((rank_number - 1))"; return ;;
  esac
  all_hosts "$1" | tr -d '[]' | tr ',' '\n' | awk -v host="\"$rank_host\"" '
    $0 == host { place = NR - 1 }
    END { print place + 0 }'
}

# Out of SageMaker's resourceconfig.json: this node's name …
current_host() {
  tr -d '\n\r' <"$1" | sed -n 's/.*"current_host"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p'
}

# … and all names, a JSON list.
all_hosts() {
  tr -d '\n\r\t ' <"$1" | sed -n 's/.*"hosts":\(\[[^]]*\]\).*/\1/p'
}
