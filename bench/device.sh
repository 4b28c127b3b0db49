#!/usr/bin/env bash
# Checks and measures this project on a machine with a GPU: operations against the host's float64 and against PyTorch, training, ceilings, benchmarks.
# Needs the one file heteroakd-device and python3 (with PyTorch for the comparisons); neither .NET nor a network. Writes result.json, result.md and log.txt.
set -euo pipefail

usage() {
    cat <<'TEXT'
usage: device.sh [--file FILE] [--out DIR] [--device cuda|cpu|opencl] [--small] [--budget SECONDS] [--data DIR] [--publish | --publish-only]
  --file FILE       the published program; default: heteroakd-device beside this script. A .dll is started with dotnet
  --out DIR         where result.json, result.md and log.txt go; default: device-result
  --device NAME     default: cuda
  --small           small sizes and few steps: to see that everything runs
  --budget SECONDS  for everything; default: 460
  --data DIR        CamVid at 128x96, to train on it too
  --publish         build the program first (needs the .NET SDK); --publish-only ends after that
exit code: 0 all done, 1 to 99 so many steps failed, 2 wrong usage, 3 there is no such device
TEXT
}

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
file="$here/heteroakd-device" out="device-result" device="cuda" budget=460 data="" publish="" small=()
largest_bytes=$((60 * 1000 * 1000)) # of the published file

while [ $# -gt 0 ]; do
    case "$1" in
        --file | --out | --device | --budget | --data)
            [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; }
            printf -v "${1#--}" '%s' "$2"
            shift 2 ;;
        --small) small=(--small); shift ;;
        --publish | --publish-only) publish="$1"; shift ;;
        -h | --help) usage; exit 0 ;;
        *) echo "device.sh takes no '$1'" >&2; usage >&2; exit 2 ;;
    esac
done
case "$device" in cuda | cpu | opencl) ;; *) echo "--device takes cuda, cpu or opencl, not '$device'" >&2; exit 2 ;; esac
[[ "$budget" =~ ^[0-9]+$ ]] || { echo "--budget takes whole seconds, not '$budget'" >&2; exit 2; }
command -v python3 >/dev/null || { echo "device.sh needs python3, which writes the report" >&2; exit 2; }

publish_program() {
    local folder
    folder="$(mktemp -d)"
    dotnet publish "$here/HeteroAKD.DeviceBench" -c Release -r linux-x64 --nologo -v q -o "$folder"
    local bytes
    bytes="$(stat -c %s "$folder/heteroakd-device")"
    if [ "$bytes" -gt "$largest_bytes" ]; then
        echo "heteroakd-device has $bytes bytes, at most $largest_bytes are allowed" >&2
        rm -rf "$folder"
        exit 1
    fi
    mkdir -p "$(dirname "$file")"
    mv "$folder/heteroakd-device" "$file"
    rm -rf "$folder"
    echo "$file: $bytes bytes"
}

if [ -n "$publish" ]; then
    publish_program
    [ "$publish" = --publish-only ] && exit 0
fi
[ -f "$file" ] || { echo "$file is missing: give --file, or build it with --publish (needs the .NET SDK)" >&2; exit 2; }

file="$(realpath "$file")"
case "$file" in *.dll) program=(dotnet "$file") ;; *) chmod +x "$file" 2>/dev/null || true; program=("$file") ;; esac
printf -v program_text '%q ' "${program[@]}"
mkdir -p "$out"
out="$(realpath "$out")"
work="$(mktemp -d)"
log="$out/log.txt"
: >"$log"
: >"$work/steps.tsv"

# PyTorch's wheels bring cuBLAS where no loader looks.
cublas="$(python3 -c 'import glob, os, nvidia; print(":".join(sorted({os.path.dirname(f) for root in nvidia.__path__ for f in glob.glob(os.path.join(root, "*", "lib", "libcublas.so.*"))}, reverse=True)))' 2>/dev/null || true)"
[ -z "$cublas" ] || export LD_LIBRARY_PATH="$cublas${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

# Where the program unpacks its native libraries and PyTorch keeps compiled kernels: nothing is left behind.
export DOTNET_BUNDLE_EXTRACT_BASE_DIR="$work/bundle" TORCHINDUCTOR_CACHE_DIR="$work/inductor" TRITON_CACHE_DIR="$work/triton" PYTHONDONTWRITEBYTECODE=1
export DOTNET_NOLOGO=1 PYTHONUNBUFFERED=1
mkdir -p "$DOTNET_BUNDLE_EXTRACT_BASE_DIR"

background=""
finish() {
    [ -z "$background" ] || kill -- "-$background" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

began=$SECONDS
report_seconds=6 # kept for the report
rows_seconds=$((budget < 400 ? budget / 2 : 200)) # kept for the rows of the benchmark, until they begin
left() { echo $((budget - report_seconds - (SECONDS - began))); }

# note NAME STATUS SECONDS MESSAGE
note() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$work/steps.tsv"
    printf '%-24s %-8s %4s s  %s\n' "$1" "$2" "$3" "$4"
}

# step NAME LIMIT COMMAND...: runs a command with a time limit; a failure is noted and the next step goes on.
step() {
    local name="$1" limit="$2" start=$SECONDS code=0 lines most
    shift 2
    most=$(($(left) - rows_seconds))
    [ "$limit" -le "$most" ] || limit="$most"
    if [ "$limit" -lt 1 ]; then
        note "$name" skipped 0 "out of time"
        return
    fi
    printf '\n== %s\n' "$name" >>"$log"
    lines="$(wc -l <"$log")"
    timeout --kill-after=5 "$limit" "$@" >>"$log" 2>&1 || code=$?
    local said
    said="$(tail -n "+$((lines + 1))" "$log" | grep -v '^[[:space:]]*$' | tail -n 1 | tr '\t' ' ' | cut -c 1-200 || true)"
    case "$code" in
        0) note "$name" ok $((SECONDS - start)) "$said" ;;
        124 | 137) note "$name" failed $((SECONDS - start)) "ended after its $limit s" ;;
        *) note "$name" failed $((SECONDS - start)) "code $code: $said" ;;
    esac
}

report() {
    python3 "$here/reference/summary.py" --work "$work" --out "$out" --device "$device" --status "$1" ${small[@]+"${small[@]}"}
}

machine() {
    echo "date $(date -u +%Y-%m-%dT%H:%M:%SZ)"
    echo "system $(uname -srm)"
    echo "program $("${program[@]}" --version)"
    if command -v nvidia-smi >/dev/null; then
        nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory,power.limit --format=csv,noheader | head -n 1 | sed 's/^/gpu /'
        # The checks run several processes at once: in another mode than Default all but one fail.
        nvidia-smi --query-gpu=compute_mode --format=csv,noheader | head -n 1 | sed 's/^/compute mode /'
        nvidia-smi | grep -o 'CUDA Version: [0-9.]*' | head -n 1 | sed 's/CUDA Version:/cuda/' || true
    fi
    python3 "$here/reference/machine.py"
}

quickstart() {
    local folder="$1"
    shift
    "${program[@]}" quickstart --device "$device" --seed 1 --force --out "$folder" "$@"
}

few_steps=(--set teacher.steps=20 --set training.steps=20 --set training.evalEvery=0 --set data.valCount=16 --set data.testCount=16)
short=(--set teacher.steps=100 --set training.steps=100 --set training.evalEvery=0)
[ ${#small[@]} -eq 0 ] || { few_steps=(--set teacher.steps=3 --set training.steps=5 --set training.evalEvery=0 --set data.trainCount=64 --set data.valCount=4 --set data.testCount=4); short=("${few_steps[@]}"); }

# Two runs with the same seed must leave the same networks, bit for bit.
determinism() {
    quickstart "$work/first" "${few_steps[@]}" >/dev/null && quickstart "$work/second" "${few_steps[@]}" >/dev/null || return 1
    local network
    for network in teacher student distilled; do
        python3 "$here/reference/same_bits.py" "$work/first/$network.safetensors" "$work/second/$network.safetensors" || return 1
    done
    echo "two runs with seed 1 left the same bits in 3 networks"
}

camvid() {
    local config="$here/configs/camvid-128x96.yaml"
    [ -f "$config" ] || config="$here/../configs/camvid-128x96.yaml"
    "${program[@]}" distill "$config" --device "$device" --force --out "$work/camvid" --set "data.root=$data" "${short[@]}"
}

sanitize() {
    local tool="$1" filter="$2"
    compute-sanitizer --tool "$tool" --error-exitcode 9 "${program[@]}" cases --device cuda --once --filter "$filter"
}

# Functions are steps too: bash runs them in a shell of their own, so that a time limit ends them.
export -f machine quickstart determinism camvid sanitize
declare -p program few_steps short device work here data >"$work/state.sh"
in_shell() { step "$1" "$2" bash -c 'source "$1/state.sh"; shift; "$@"' bash "$work" "${@:3}"; }

in_shell machine 30 machine
step info 30 "${program[@]}" info
"${program[@]}" info >"$work/info.txt" 2>&1 || true
absent="$(awk -v name="$device" '$1 == name && $3 == "no" { sub(/^[^ ]+ +[^ ]+ +no +/, ""); print }' "$work/info.txt")"
if [ -n "$absent" ] || ! grep -q "^$device " "$work/info.txt"; then
    kind="$device device"
    [ "$device" = cuda ] && kind="GPU"
    message="no $kind: ${absent:-info does not name it, see log.txt}"
    cat "$work/info.txt" >>"$log"
    echo "$message"
    report "$message"
    exit 3
fi

# PyTorch compiles what is measured later beside the checks, which nobody times.
if [ "$device" = cuda ]; then
    set -m
    timeout 150 python3 "$here/reference/measure.py" --program "$program_text" --device cuda --warm-caches --budget 140 --out "$work/warm.json" >"$work/warm.log" 2>&1 &
    background=$!
    set +m
fi

step "op cases" 100 "${program[@]}" cases --device "$device" --json "$work/cases.json"
step "op self-test" 30 python3 "$here/reference/check_ops.py" --self-test --program "$program_text" --device "$device"
if python3 -c 'import torch' 2>/dev/null; then
    step "ops against PyTorch" 70 python3 "$here/reference/check_ops.py" --program "$program_text" --device "$device" --json "$work/check_ops.json"
else
    note "ops against PyTorch" skipped 0 "PyTorch is not installed for this python3"
fi
# Rows are timed: nothing else may run beside them. They come before the checks that take longest, so that a run that is cut short has its figures.
if [ -n "$background" ]; then
    waited=0
    while kill -0 "$background" 2>/dev/null && [ "$waited" -lt 45 ] && [ "$(left)" -gt "$rows_seconds" ]; do
        sleep 1
        waited=$((waited + 1))
    done
    kill -- "-$background" 2>/dev/null || true
    wait "$background" 2>/dev/null || true
    background=""
    cat "$work/warm.log" >>"$log"
fi
step ceilings 30 "${program[@]}" ceilings --device "$device" --json "$work/ceilings.json" ${small[@]+"${small[@]}"}
seconds=0.1
[ ${#small[@]} -eq 0 ] || seconds=0.01
rows_budget=$(($(left) - 70)) # what is kept is enough for two short trainings
[ "$rows_budget" -ge "$rows_seconds" ] || rows_budget=$rows_seconds
[ "$rows_budget" -le 280 ] || rows_budget=280
rows_seconds=0
step benchmarks $((rows_budget + 20)) python3 "$here/reference/measure.py" --program "$program_text" --device "$device" --seconds "$seconds" \
    --budget "$rows_budget" --out "$work/rows.json" ${small[@]+"${small[@]}"}

in_shell determinism 120 determinism
in_shell "quick start, short" 90 quickstart "$work/quickstart" "${short[@]}"
if [ -n "$data" ]; then
    in_shell "CamVid, short" 60 camvid
else
    note "CamVid, short" skipped 0 "no --data"
fi
for check in "memcheck softmax" "racecheck layer_norm" "racecheck matmul"; do
    if [ "$device" = cuda ] && command -v compute-sanitizer >/dev/null; then
        in_shell "$check" 30 sanitize ${check}
    else
        note "$check" skipped 0 "compute-sanitizer: not available"
    fi
done

if [ ${#small[@]} -gt 0 ]; then
    note "quick start, whole" skipped 0 "not with --small"
elif [ "$(left)" -lt 45 ]; then
    note "quick start, whole" skipped 0 "out of time"
else
    in_shell "quick start, whole" "$(left)" quickstart "$work/quickstart-whole"
fi

report done
failed="$(awk -F '\t' '$2 == "failed"' "$work/steps.tsv" | wc -l)"
echo "$out/result.json, $out/result.md: $failed steps failed, $((SECONDS - began)) s"
exit "$((failed > 99 ? 99 : failed))"
