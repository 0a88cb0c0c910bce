#!/usr/bin/env bash
# A first alert in a few seconds: starts seerflow on free ports with its data in a temporary
# folder, sends 300 quiet lines and one that was never seen, shows the alert, stops.
# usage: examples/first-alert.sh [PATH/TO/seerflow]
set -euo pipefail
seerflow=$(realpath "${1:-$(dirname "$0")/../target/release/seerflow}")
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"

cat >seerflow.yaml <<YAML
storage: {data_dir: $dir/data}
receivers: {syslog_udp_port: 0, syslog_tcp_port: 0}
dashboard_port: 0
detection:
  dspot:
    calibration_window: 200 # learns from fewer events than it should in earnest
    risk_level: 0.01        # and is content with weaker evidence
YAML
"$seerflow" start >alerts 2>log &
pid=$!

wait_for() { # wait_for PATTERN FILE
    for _ in $(seq 1 600); do
        grep -q "$1" "$2" && return
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done
    echo "not found in time: $1" >&2
    cat log >&2
    exit 1
}
wait_for 'Ctrl-C stops it' log
port=$(sed -n 's/.*syslog UDP.*:\([0-9]*\)$/\1/p' log)
now() { date -u +%FT%TZ; }

for i in $(seq 1 300); do
    echo "<134>1 $(now) web nginx $i - - GET /api/v$((i % 5)) 200 ${i}ms" >"/dev/udp/127.0.0.1/$port"
done
# What comes within the same second is judged by what was known before it.
sleep 2
echo "<11>1 $(now) db postgres 999 - - FATAL connection limit exceeded 847/100" >"/dev/udp/127.0.0.1/$port"

wait_for 'FATAL connection limit' alerts
cat alerts
kill -TERM "$pid"
wait "$pid"
pid=
