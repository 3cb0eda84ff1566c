# What kill.sh, race.sh and limits.sh share: the program, small commands of every stage on the demo's model, and the comparison of what they leave.
# INTERLACE names another program, FAULTS_SEED another seed, FAULTS_KEEP keeps the working folder.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
repository="$(cd "$here/../.." && pwd)"
interlace="${INTERLACE:-$repository/src/Interlace.Cli/bin/Release/net10.0/interlace}"
demo="$repository/assets/demo"
RANDOM="${FAULTS_SEED:-1}"
work="$(mktemp -d)"
export DOTNET_gcServer=0 LC_ALL=C
[ -x "$interlace" ] || { echo "There is no program $interlace: build it first (dotnet build -c Release)."; exit 2; }
[ -n "${FAULTS_KEEP:-}" ] || trap 'rm -rf "$work"' EXIT

# The command line of a stage that writes to a folder; each takes a second or two on the demo's model.
stage() {
    local out="$2" compute=(--device cpu --dtype fp32 --threads 1)
    case "$1" in
        calibrate) command=(calibrate "$demo/model" --data "$demo/finevision" --rate 0.01 --set calibrate.fraction=1 --set calibrate.batch_tokens=256 --out "$out" "${compute[@]}") ;;
        plan) command=(plan "$good/calibrate" --ratio 0.25 --out "$out/plan.json") ;;
        prune) command=(prune "$demo/model" --plan "$good/plan/plan.json" --out "$out") ;;
        finetune) command=(finetune "$good/prune" --data "$demo/finevision" --rate 0.01 --max-steps 6 --set finetune.samples_per_step=2 --set finetune.save_every=2 --out "$out" "${compute[@]}") ;;
        evaluate) command=(evaluate "$good/prune" --benchmarks "$demo/benchmarks" --limit 3 --set evaluate.max_new_tokens=3 --out "$out" "${compute[@]}") ;;
        score) command=(score "$out") ;;
        run) command=(run "$work/experiment.json" --out "$out" "${compute[@]}") ;;
        sparsify) command=(sparsify "$demo/model" --data "$demo/finevision" --rate 0.01 --set calibrate.fraction=0.2 --out "$out" "${compute[@]}") ;;
        *) echo "There is no stage $1." >&2; exit 2 ;;
    esac
}
# A folder as the stage finds it: empty, or with answers that have no scores yet.
prepare() {
    mkdir -p "$2"
    [ "$1" != score ] || { cp -r "$good/evaluate/." "$2" && rm -f "$2/scores.json" "$2/outcomes.jsonl"; }
}
stages=(calibrate plan prune finetune evaluate score run sparsify)

# One uninterrupted run of every stage, which the others must equal.
good="$work/good"
make_good() {
    mkdir -p "$good"
    cat >"$work/experiment.json" <<JSON
{ "model": "$demo/model", "dtype": "fp32", "data": { "path": "$demo/finevision", "rate": 0.01 }, "calibrate": { "fraction": 1, "batch_tokens": 512 },
  "plan": { "ratio": 0.25 }, "finetune": { "samples_per_step": 2, "max_steps": 4, "save_every": 1 }, "evaluate": { "benchmarks": "$demo/benchmarks", "only": ["TinyPOPE", "TinyOCR"], "limit": 3, "max_new_tokens": 2 } }
JSON
    for stage in "${stages[@]}"; do
        stage "$stage" "$good/$stage"
        local start=${EPOCHREALTIME/./}
        prepare "$stage" "$good/$stage"
        "$interlace" "${command[@]}" --quiet >"$work/said" 2>&1 || { echo "The good run of $stage failed: $(cat "$work/said")"; exit 1; }
        microseconds[$stage]=$((${EPOCHREALTIME/./} - start))
        content "$good/$stage" >"$work/$stage.content"
    done
}
declare -A microseconds

# What a folder holds, a line a file: hashes of bytes; of files that hold times, what is left without them; of answers, their lines in any order.
content() {
    (cd "$1" && find . -type f | sort | while read -r file; do
        case "$file" in
            */train.jsonl) hash="$(sed -E 's/"(samples_per_second|memory_bytes)": ?[^,}]+,?//g' "$file" | sha256sum)" ;;
            */times/*) hash="$(sed -E 's/"(image|prefill|decoding)": ?[^,}]+,?//g' "$file" | sort | sha256sum)" ;;
            */timings.json | */summary.json | */report.html | */report.md | */run.json) hash=- ;;
            *.jsonl) hash="$(sort "$file" | sha256sum)" ;;
            *) hash="$(sha256sum <"$file")" ;;
        esac
        echo "$file ${hash%% *}"
    done)
}

# Whether a refusal is one sentence.
is_sentence() { [ "$(wc -l <"$1")" -le 1 ] && [ "$(wc -c <"$1")" -le 600 ] && grep -qE '[.?!]$' "$1" && ! grep -qE 'Internal error|Unhandled|   at |terminate called|Exception' "$1"; }
