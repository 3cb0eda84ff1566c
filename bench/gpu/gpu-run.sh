#!/usr/bin/env bash
# Tries and measures Interlace on this machine's GPU with the libraries of its Python's PyTorch, within ten minutes, and writes gpu-report.md
# beside this script. Ends non-zero when something failed; the report then says what.
#   ./gpu-run.sh [--engine FOLDER]   FOLDER holds libtorch.so, where python3 cannot tell
#   ./gpu-run.sh --dry-run           the same on the processor with the small model of the demo
set -uo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
device=cuda
engine=""
while [ $# -gt 0 ]; do
    case "$1" in
        --dry-run) device=cpu ;;
        --engine) engine="$2"; shift ;;
        *) echo "unknown: $1"; exit 2 ;;
    esac
    shift
done
if [ -z "$engine" ]; then
    engine="$(python3 -c 'import importlib.util, os; print(os.path.join(os.path.dirname(importlib.util.find_spec("torch").origin), "lib"))')" \
        || { echo "python3 has no PyTorch: name the folder of libtorch.so with --engine."; exit 2; }
fi
[ -e "$engine/libtorch.so" ] || { echo "$engine holds no libtorch.so."; exit 2; }
export LD_LIBRARY_PATH="$engine"
# The CUDA libraries of a pip installation lie beside PyTorch.
for folder in "$engine"/../../nvidia/*/lib; do [ -d "$folder" ] && LD_LIBRARY_PATH="$LD_LIBRARY_PATH:$folder"; done
export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 INTERLACE_DEVICE="$device" INTERLACE_SHARED="$root/shared"
app="$root/app"
chmod +x "$app/interlace" "$app/Interlace.Tests" "$app/Interlace.Bench"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
report="$root/gpu-report.md"
failures=0

say() { printf '%s\n' "$*" | tee -a "$report"; }

# A part: its title, the most seconds it may take, its command. What it prints goes into the report where that is wanted.
part() {
    local title="$1" seconds="$2" begun status
    shift 2
    begun=$SECONDS
    timeout "$seconds" "$@" >"$work/out.txt" 2>&1
    status=$?
    if [ $status -eq 0 ]; then
        say "- $title: passed in $((SECONDS - begun)) s"
    else
        failures=$((failures + 1))
        say "- $title: FAILED with $status after $((SECONDS - begun)) s"
        say '```'
        tail -n 40 "$work/out.txt" | cut -c1-400 | tee -a "$report"
        say '```'
    fi
    cp "$work/out.txt" "$root/gpu-$(echo "$title" | tr ' ' '-').log"
    return $status
}

: >"$report"
say "# Interlace on $(hostname), $(date -u +%Y-%m-%d)"
say ""
[ "$device" = cuda ] && say "$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>/dev/null || echo 'nvidia-smi is absent')" && say ""
part "doctor" 60 "$app/interlace" doctor --device "$device"
part "golden tests" 200 "$app/Interlace.Tests" -trait "Category=Golden" -namespace "Interlace.Tests.Families*" \
    -namespace "Interlace.Tests.Training*" -namespace "Interlace.Tests.Calibration*" -noLogo -noColor
grep -E "Total:" "$root/gpu-golden-tests.log" | tail -n 1 | tee -a "$report"
if [ "$device" = cuda ]; then
    part "demo" 120 "$app/interlace" demo --device cuda --out "$work/demo"
    part "fabricating 4B" 90 "$app/Interlace.Bench" fabricate "$work/4b" --like 4b --tokenizer "$app/demo/model"
    part "measuring" 240 "$app/Interlace.Bench" device "$work/4b" --device cuda --type bf16 --out "$work/table.md"
else
    part "fabricating 4B" 60 "$app/Interlace.Bench" fabricate "$work/4b" --like 4b --layers 1 --tokenizer "$app/demo/model"
    part "measuring" 200 "$app/Interlace.Bench" device "$app/demo/model" --device cpu --type fp32 --threads 1 --brief \
        --out "$work/table.md"
fi
say ""
[ -s "$work/table.md" ] && cat "$work/table.md" | tee -a "$report"
say "$failures parts failed, $SECONDS s in all."
[ $failures -eq 0 ]
