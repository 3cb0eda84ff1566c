#!/usr/bin/env bash
# Ranks on two "hosts" of this machine: two network namespaces with names of their own and a virtual cable between them, so that Open MPI
# takes them for two machines and everything goes by TCP. Compares calibration byte by byte with one process, and tuning step by step.
# Needs root with CAP_NET_ADMIN and CAP_SYS_ADMIN, iproute2, Open MPI, and a build: dotnet build -c Release
set -euo pipefail
cd "$(dirname "$0")/../.."

interlace="$PWD/src/Interlace.Cli/bin/Release/net10.0/interlace"
demo="$PWD/assets/demo"
tag="il$$"
work=$(mktemp -d)

clear_up() {
    ip netns del "$tag-a" 2>/dev/null || true
    ip netns del "$tag-b" 2>/dev/null || true
    rm -rf "$work"
}
trap clear_up EXIT

for tool in ip unshare mpirun; do
    command -v "$tool" > /dev/null || { echo "skipped: $tool is not installed"; exit 0; }
done
[ -x "$interlace" ] || { echo "$interlace is not there: dotnet build -c Release"; exit 1; }
ip netns add "$tag-a" 2> /dev/null || { echo "skipped: this user may make no network namespace"; exit 0; }
ip netns add "$tag-b"
ip link add "$tag-x" netns "$tag-a" type veth peer name "$tag-y" netns "$tag-b" || { echo "skipped: no virtual cable (veth)"; exit 0; }
for side in "a x 10.77.0.1" "b y 10.77.0.2"; do
    read -r host cable address <<< "$side"
    ip -n "$tag-$host" link set lo up
    ip -n "$tag-$host" addr add "$address/24" dev "$tag-$cable"
    ip -n "$tag-$host" link set "$tag-$cable" up
done

# What ssh would do: run a command on the host of that address.
cat > "$work/agent" <<AGENT
#!/bin/sh
case \$1 in *.1) host=a ;; *) host=b ;; esac
shift
exec ip netns exec "$tag-\$host" unshare --uts sh -c 'hostname "\$0"; exec sh -c "\$1"' "$tag-\$host" "\$*"
AGENT
chmod +x "$work/agent"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

on_two_hosts() {
    ip netns exec "$tag-a" unshare --uts sh -c 'hostname "$0"; exec "$@"' "$tag-a" timeout 300 mpirun \
        --mca plm_rsh_agent "$work/agent" --host 10.77.0.1:1,10.77.0.2:1 -n 2 --mca btl tcp,self \
        --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 "$interlace" "$@" --threads 1
}

losses() { grep -o '"loss":[^,]*' "$1/train.jsonl" | cut -d: -f2; }

near() {
    paste <(losses "$1") <(losses "$2") | awk '{ d = $1 - $2; if (d < 0) d = -d; if (NF != 2 || d > 1e-6) bad = 1 }
        END { exit bad || NR == 0 }' || { echo "FAILED: the losses of $1 and $2 differ"; exit 1; }
}

on_two_hosts doctor | grep -i "rank"
calibration=(calibrate "$demo/model" --data "$demo/finevision" --rate 0.3 --dtype fp32 --quiet)
"$interlace" "${calibration[@]}" --threads 1 --out "$work/one"
on_two_hosts "${calibration[@]}" --out "$work/two"
cmp "$work/one/similarity.json" "$work/two/similarity.json"
echo "calibration: the same bytes"

"$interlace" plan "$work/one" --ratio 0.25 --quiet > "$work/said"
"$interlace" prune "$demo/model" --plan "$work/one/plan.json" --out "$work/pruned" --quiet > "$work/said"
tuning=(finetune "$work/pruned" --data "$demo/finevision" --rate 0.3 --max-steps 4 --dtype fp32 --quiet)
"$interlace" "${tuning[@]}" --threads 1 --out "$work/tuned-one"
for shard in none optimizer all; do
    on_two_hosts "${tuning[@]}" --shard "$shard" --out "$work/tuned-$shard"
    near "$work/tuned-one" "$work/tuned-$shard"
    echo "tuning, shard $shard: the same losses"
done
echo "passed"
