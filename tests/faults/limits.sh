#!/usr/bin/env bash
# limits.sh: every stage on a full disk, in a folder of another user, with an input that goes away, with few open files and with little memory.
# Each must end with one sentence and code 2 (or work), leave its inputs as they were, and come to the right end when the fault is gone.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
make_good
checks=0 wrong=0 skipped=0
before="$(content "$demo/model")"

# check NAME STAGE OUT RUNNER...: the command under a fault.
check() {
    local what="$1" name="$2" out="$3"; shift 3
    stage "$name" "$out"
    "$@" "$interlace" "${command[@]}" --quiet >"$work/said" 2>"$work/error"
    local code=$?
    checks=$((checks + 1))
    if [ $code -eq 0 ]; then return; fi
    if grep -q 'Failed to create CoreCLR' "$work/error"; then skip "$name, $what: the runtime does not start"; return; fi
    if [ $code -ne 2 ] || ! is_sentence "$work/error"; then wrong=$((wrong + 1)); echo "WRONG $name, $what: ended with $code: $(head -c 400 "$work/error")"; fi
}

# again NAME OUT: without the fault the same command comes to the right end.
again() {
    stage "$1" "$2"
    checks=$((checks + 1))
    "$interlace" "${command[@]}" --quiet >/dev/null 2>"$work/error" || { wrong=$((wrong + 1)); echo "WRONG $1, afterwards: $(head -c 300 "$work/error")"; return; }
    content "$2" >"$work/now"
    cmp -s "$work/now" "$work/$1.content" || { wrong=$((wrong + 1)); echo "WRONG $1, afterwards: $(diff "$work/$1.content" "$work/now" | head -4 | tr '\n' ' ')"; }
}
skip() { skipped=$((skipped + 1)); echo "skipped: $1"; }
with_limit() { (ulimit "$1" "$2" && shift 2 && exec "$@"); }
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

for name in "${stages[@]}"; do
    rm -rf "$work/out"* && prepare "$name" "$work/out"
    check "64 open files" "$name" "$work/out" with_limit -n 64
    for gigabytes in 2 4 8; do
        rm -rf "$work/out"* && prepare "$name" "$work/out"
        check "$gigabytes GB of addresses" "$name" "$work/out" with_limit -v $((gigabytes * 1048576))
    done
done

if mkdir "$work/disk" && mount -t tmpfs -o size=600k tmpfs "$work/disk" 2>/dev/null; then
    for name in "${stages[@]}"; do
        rm -rf "$work/disk/"* && prepare "$name" "$work/disk/out"
        check "a disk of 600 KB" "$name" "$work/disk/out"
        mount -o remount,size=100m "$work/disk"
        again "$name" "$work/disk/out"
        rm -rf "$work/disk/"* && mount -o remount,size=600k "$work/disk"
    done
    umount "$work/disk"
else skip "a full disk: no file system may be mounted here"; fi

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null && as_nobody test -x "$interlace" && chmod 755 "$work"; then
    for name in "${stages[@]}"; do
        rm -rf "$work/out"* && prepare "$name" "$work/out"
        check "a folder that may not be written to" "$name" "$work/out" as_nobody env HOME="$work"
    done
else skip "no permission: this takes root, setpriv and a program that others may run"; fi

# A weight file that goes away, and one that may not be read, while it is needed.
cp -r "$demo/model" "$work/model"
for fault in gone unreadable; do
    rm -rf "$work/out"*
    "$interlace" prune "$work/model" --plan "$good/plan/plan.json" --out "$work/out" --quiet >/dev/null 2>"$work/error" &
    pid=$!
    sleep 0.1; if [ $fault = gone ]; then mv "$work/model/model.safetensors" "$work/away"; else chmod 000 "$work/model/model.safetensors"; fi
    wait $pid; code=$?; checks=$((checks + 1))
    [ $code -eq 0 ] || { [ $code -eq 2 ] && is_sentence "$work/error"; } || { wrong=$((wrong + 1)); echo "WRONG prune, its weights $fault: ended with $code: $(head -c 300 "$work/error")"; }
    if [ $fault = gone ]; then mv "$work/away" "$work/model/model.safetensors"; else chmod 644 "$work/model/model.safetensors"; fi
done

# Streams that take nothing.
for stream in output error; do
    for line in "inspect $demo/model" "doctor --no-such-option" "plan $work/none"; do
        if [ $stream = output ]; then "$interlace" $line >/dev/full 2>"$work/error"; else "$interlace" $line >/dev/null 2>/dev/full; fi
        code=$?; checks=$((checks + 1))
        [ $code -le 2 ] || { wrong=$((wrong + 1)); echo "WRONG $line with a full $stream: ended with $code"; }
    done
done

[ "$before" = "$(content "$demo/model")" ] || { wrong=$((wrong + 1)); echo "WRONG: the demo's model has changed"; }
echo "limits: $checks checks, $skipped skipped, $wrong wrong"
[ "$wrong" -eq 0 ]
