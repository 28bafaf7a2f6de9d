# shellcheck shell=sh
# How busy the node is, as far as sh can see. null means "don't know", which counts as busy.

# What a connection's keep-alives (ours and the client's) come to in a minute, with room to spare, and
# an editor's that was left open: VS Code keeps each of its two connections with 13 bytes every 5 s,
# which sshd reads and writes. One of them was measured at 1.9 KB a minute, with the client's own.
KEEP_ALIVE_BYTES=4096

# activity_begin, `activity_sample` every few seconds, `activity` once a minute: bytes, typing and CPU
# are told as what came since; of the GPU's samples, the highest.
activity_begin() {
  activity_since=$(now_ms)
  activity_clock=$(date +%s)
  activity_cpu=$(cpu_ticks)
  activity_bytes=$(ssh_bytes)
  activity_gpu=
}

activity_sample() {
  activity_gpu=$(highest "$activity_gpu" "$(gpu_percent)")
}

activity() {
  activity_sample
  activity_took=$(now_ms)
  since_then=$activity_since
  clock_then=$activity_clock
  cpu_then=$activity_cpu
  bytes_then=$activity_bytes
  gpu_then=$activity_gpu
  activity_begin
  ms_since=$((activity_since - since_then))
  bytes_since=$(json_number "$(above_keep_alive "$(grown "$bytes_then" "$activity_bytes")" "$ms_since")")
  typing_since=$(json_number "$(terminals_used_since "$clock_then")")
  cpu_since=$(cpu_percent "$cpu_then" "$activity_cpu")
  load_now=$(load)
  activity_busy=
  ! is_busy "$bytes_since" "$typing_since" "$cpu_since" "$gpu_then" "$load_now" || activity_busy=1
  activity_facts=$(printf '"seconds":%s,"logins":%s,"bytes":%s,"typing":%s,"cpu":%s,"gpu":%s,"load":%s' \
    "$(((ms_since + 500) / 1000))" "$(json_number "$(ssh_connections | wc -w | tr -d ' ')")" \
    "$bytes_since" "$typing_since" "$cpu_since" "$gpu_then" "$load_now")
  record_apart activity ok '' "$(($(now_ms) - activity_took))" "{$activity_facts}"
}

# is_busy BYTES TYPING CPU GPU LOAD, as JSON has them. The bot goes by the same (domain/records.py).
is_busy() {
  echo "$*" | awk '{
    exit !($1 != "0" || $2 != "0" || $3 == "null" || $3 >= 10 || $4 == "null" || $4 >= 5 ||
      $5 == "null" || $5 >= 0.5)
  }'
}

# sshd has one child for each connection; the child's own, if any, is the unprivileged half of it.
ssh_connections() {
  read -r listener 2>/dev/null <"$SSHQ_HOME/sshd.pid" || return 0
  process_table | awk -v listener="$listener" '$2 == listener && $3 !~ /^Z/ { print $1 }'
}

ssh_processes() {
  read -r listener 2>/dev/null <"$SSHQ_HOME/sshd.pid" || return 0
  process_table | awk -v listener="$listener" '
    $3 !~ /^Z/ { parent[$1] = $2; is_sshd[$1] = $4 ~ /^sshd/ }
    END {
      print listener
      for (pid in parent)
        if (parent[pid] == listener || (parent[parent[pid]] == listener && is_sshd[pid])) print pid
    }'
}

# Bytes read and written so far by sshd's processes. Linux adds an ended child's to its parent's.
ssh_bytes() {
  for pid in $(ssh_processes); do
    cat "/proc/$pid/io" 2>/dev/null
  done | awk '/^[rw]char:/ { sum += $2; known = 1 } END { if (known) printf "%.0f\n", sum }'
}

# A sum that has shrunk lost a connection: what is left is then the best that can be said.
grown() {
  case $1$2 in '' | *[!0-9]*) return ;; esac
  [ -n "$1" ] && [ -n "$2" ] || return 0
  if [ "$2" -ge "$1" ]; then echo "$(($2 - $1))"; else echo "$2"; fi
}

# above_keep_alive BYTES MS: without what idle connections cost anyway.
above_keep_alive() {
  [ -n "$1" ] || return 0
  idle_bytes=$(($(ssh_connections | wc -w) * KEEP_ALIVE_BYTES * ($2 / 1000 + 1) / 60))
  if [ "$1" -gt "$idle_bytes" ]; then echo "$(($1 - idle_bytes))"; else echo 0; fi
}

# How many terminals of SSH sessions were typed at since then (epoch seconds): a terminal's time of
# access is that of its last input, kept by Linux to 8 seconds.
terminals_used_since() {
  [ -r /proc/self/stat ] && command -v stat >/dev/null || return 0
  used=0
  for terminal in $(session_terminals); do
    typed_at=$(stat -c %X "/dev/pts/$terminal" 2>/dev/null) || return 0
    if [ "$((typed_at + 8))" -ge "$1" ]; then used=$((used + 1)); fi
  done
  echo "$used"
}

# A process's terminal is a device number: major 136, and a minor in two parts.
session_terminals() {
  read -r listener 2>/dev/null <"$SSHQ_HOME/sshd.pid" || return 0
  for pid in $(descendants "$listener"); do
    sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null
  done | awk '
    int($5 / 256) % 4096 == 136 { seen[$5 % 256 + int($5 / 1048576) * 256] = 1 }
    END { for (terminal in seen) print terminal }'
}

# "busy all" in ticks since boot.
cpu_ticks() {
  [ -r /proc/stat ] || return 0
  awk '/^cpu / { for (i = 2; i <= 9; i++) all += $i; printf "%.0f %.0f\n", all - $5 - $6, all; exit }' /proc/stat
}

cpu_percent() {
  echo "$1 $2" | awk 'NF == 4 && $4 > $2 { printf "%.0f\n", 100 * ($3 - $1) / ($4 - $2); known = 1 }
    END { if (!known) print "null" }'
}

# The busiest GPU. A machine without one has nothing to be busy with: 0.
gpu_percent() {
  command -v nvidia-smi >/dev/null || { echo 0; return; }
  nvidia-smi --query-gpu=utilization.gpu --format=csv,noheader,nounits 2>/dev/null |
    awk '/^ *[0-9]+ *$/ { if ($1 > most) most = $1; known = 1 } END { print known ? most + 0 : "null" }'
}

# The higher of two samples; one that isn't known makes neither known.
highest() {
  case $1,$2 in
    *null*) echo null ;;
    ,*) echo "$2" ;;
    *) if [ "$1" -gt "$2" ]; then echo "$1"; else echo "$2"; fi ;;
  esac
}

load() {
  if read -r load_now _ 2>/dev/null </proc/loadavg; then echo "$load_now"; else echo null; fi
}
