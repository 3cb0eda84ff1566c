#!/usr/bin/env bash
# kill.sh [KILLS]: SIGKILL at random moments of every stage, each followed by the same command to its end, which must leave what an uninterrupted one leaves.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_good
kills="${1:-200}" wrong=0 late=0
for ((i = 0; i < kills; i++)); do
    [ $((i % 20)) -ne 0 ] || echo "$i kills, $wrong wrong"
    name="${stages[i % ${#stages[@]}]}" out="$work/out"
    rm -rf "$out"* && prepare "$name" "$out"
    stage "$name" "$out"
    "$interlace" "${command[@]}" --quiet >/dev/null 2>&1 &
    pid=$!
    # Mostly before the end of the command, on a machine that is as busy as it was for the uninterrupted run.
    sleep "$(printf '%d.%06d' $((wait = (RANDOM * 32768 + RANDOM) % (microseconds[$name] * 9 / 10), wait / 1000000)) $((wait % 1000000)))"
    kill -KILL "$pid" 2>/dev/null || late=$((late + 1))
    wait "$pid" 2>/dev/null
    "$interlace" "${command[@]}" --quiet >/dev/null 2>"$work/error"
    code=$?
    content "$out" >"$work/now"
    # A stage that had come to its end may say so and leave what is there.
    if [ $code -ne 0 ] && ! { [ $code -eq 2 ] && is_sentence "$work/error" && cmp -s "$work/now" "$work/$name.content"; }; then
        wrong=$((wrong + 1)); echo "WRONG kill $i of $name after $wait us: the second run ended with $code: $(head -c 300 "$work/error")"
    elif ! cmp -s "$work/now" "$work/$name.content"; then
        wrong=$((wrong + 1)); echo "WRONG kill $i of $name after $wait us: $(diff "$work/$name.content" "$work/now" | head -5 | tr '\n' ' ')"
    fi
    # Nothing of unfinished work may stay beside the folder.
    left="$(ls -A "$work" | grep '^out.' || true)"
    [ -z "$left" ] || { wrong=$((wrong + 1)); echo "WRONG kill $i of $name: $left is left"; }
done
echo "kills: $kills over ${#stages[@]} stages, $late of them after the command's end, $wrong wrong (seed ${FAULTS_SEED:-1})"
[ "$wrong" -eq 0 ]
