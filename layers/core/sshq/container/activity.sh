# shellcheck shell=sh
# How busy the node is, as far as sh can see. null means "don't know", which counts as busy.

# activity_begin, then `activity` once a minute: CPU and bytes are told as what came since.
activity_begin() {
  activity_cpu=$(cpu_ticks)
  activity_bytes=$(ssh_bytes)
}

activity() {
  activity_began=$(now_ms)
  cpu_then=$activity_cpu
  bytes_then=$activity_bytes
  activity_begin
  record_apart activity ok '' "$(($(now_ms) - activity_began))" \
    "{\"logins\":$(json_number "$(ssh_connections | wc -w | tr -d ' ')"),\"bytes\":$(json_number "$(grown "$bytes_then" "$activity_bytes")"),\"cpu\":$(cpu_percent "$cpu_then" "$activity_cpu"),\"gpu\":$(gpu_percent),\"load\":$(load)}"
}

# sshd has one child for each connection.
ssh_connections() {
  read -r listener 2>/dev/null <"$SSHQ_HOME/sshd.pid" || return 0
  process_table | awk -v listener="$listener" '$2 == listener && $3 !~ /^Z/ { print $1 }'
}

# Bytes read and written so far by sshd's processes (keep-alives are in it: some hundred a minute).
ssh_bytes() {
  read -r listener 2>/dev/null <"$SSHQ_HOME/sshd.pid" || return 0
  for pid in "$listener" $(ssh_connections); do
    cat "/proc/$pid/io" 2>/dev/null
  done | awk '/^[rw]char:/ { sum += $2; known = 1 } END { if (known) printf "%.0f\n", sum }'
}

# A sum that has shrunk lost a connection: what is left is then the best that can be said.
grown() {
  case $1$2 in '' | *[!0-9]*) return ;; esac
  [ -n "$1" ] && [ -n "$2" ] || return 0
  if [ "$2" -ge "$1" ]; then echo "$(($2 - $1))"; else echo "$2"; fi
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

load() {
  if read -r load_now _ 2>/dev/null </proc/loadavg; then echo "$load_now"; else echo null; fi
}
