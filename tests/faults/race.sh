#!/usr/bin/env bash
# race.sh [PAIRS]: two processes with one --out, the second started at a random moment of the first. One ends with 0 and the whole result; the other with 0 too, where it came after
# the first's end, or with 2 and one sentence. Success on an incomplete folder, two refusals, or anything else is wrong.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_good
pairs="${1:-200}" wrong=0 refused=0
racing=(prune finetune evaluate run)
for ((i = 0; i < pairs; i++)); do
    [ $((i % 20)) -ne 0 ] || echo "$i pairs, $wrong wrong"
    name="${racing[i % ${#racing[@]}]}" out="$work/out"
    rm -rf "$out"*
    stage "$name" "$out"
    "$interlace" "${command[@]}" --quiet >/dev/null 2>"$work/error.0" &
    first=$!
    wait_us=$(((RANDOM * 32768 + RANDOM) % microseconds[$name] * (i % 3) / 2))   # every third pair at once
    sleep "$(printf '%d.%06d' $((wait_us / 1000000)) $((wait_us % 1000000)))"
    "$interlace" "${command[@]}" --quiet >/dev/null 2>"$work/error.1" &
    second=$!
    wait "$first"; codes=($?)
    wait "$second"; codes+=($?)
    problem=""
    for p in 0 1; do
        case "${codes[p]}" in
            0) ;;
            2) refused=$((refused + 1)); is_sentence "$work/error.$p" || problem+=" no sentence: $(head -c 300 "$work/error.$p");" ;;
            *) problem+=" ended with ${codes[p]}: $(head -c 300 "$work/error.$p");" ;;
        esac
    done
    [ "${codes[0]}" -eq 0 ] || [ "${codes[1]}" -eq 0 ] || problem+=" both were refused: $(head -c 200 "$work/error.0") $(head -c 200 "$work/error.1");"
    content "$out" 2>/dev/null >"$work/now"
    cmp -s "$work/now" "$work/$name.content" || problem+=" another result: $(diff "$work/$name.content" "$work/now" | head -4 | tr '\n' ' ');"
    left="$(ls -A "$work" | grep '^out.' || true)"
    [ -z "$left" ] || problem+=" $left is left;"
    [ -z "$problem" ] || { wrong=$((wrong + 1)); echo "WRONG pair $i of $name, $wait_us us apart, codes ${codes[*]}:$problem"; }
done
echo "races: $pairs pairs, $refused processes refused, $wrong wrong (seed ${FAULTS_SEED:-1})"
[ "$wrong" -eq 0 ]
