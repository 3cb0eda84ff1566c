#!/usr/bin/env bash
# Makes one archive for a machine with a GPU and PyTorch 2.10 or 2.11 (no .NET is needed there): program, tests and benchmark, self-contained
# and without an engine, the demo, and the golden material where there is any. There: unpack it, and run ./gpu-run.sh.
#   bench/gpu/run.sh [FOLDER]      the archive goes into FOLDER, by default artifacts/gpu
#   bench/gpu/run.sh --dry-run [FOLDER]   and runs it here at once, on the processor, with the engine that the build uses
set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
dry=""
[ "${1:-}" = "--dry-run" ] && { dry=1; shift; }
target="${1:-$repository/artifacts/gpu}"
shared="${INTERLACE_SHARED:-$repository/../shared}"
root="$target/interlace-gpu"
mkdir -p "$target"
rm -rf "$root" "$target/interlace-gpu.tar.gz"
mkdir -p "$root"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
for project in src/Interlace.Cli tests/Interlace.Tests bench/Interlace.Bench; do
    echo "== publishing $project"
    dotnet publish "$repository/$project" -c Release -r linux-x64 --self-contained -o "$root/app" --artifacts-path "$target/build" \
        -p:Engine=none -p:CureLoader=always -m:1 >"$target/publish.log" 2>&1 || { cat "$target/publish.log"; exit 1; }
done
# One engine alone may be found: that of the other machine.
rm -f "$root"/app/libtorch* "$root"/app/libc10* "$root"/app/libgomp* "$root"/app/libshm*

cp "$repository/bench/gpu/gpu-run.sh" "$repository/Interlace.slnx" "$root"   # the tests look for the solution in a folder above them
mkdir "$root/assets" && ln -s ../app/demo "$root/assets/demo"                # and for the demo beside it
if [ -d "$shared/fixtures" ]; then
    cp -rL "$shared" "$root/shared"
else
    echo "golden material is absent ($shared): its tests will be skipped there"
fi
tar -C "$target" -czf "$target/interlace-gpu.tar.gz" interlace-gpu
echo "$target/interlace-gpu.tar.gz ($(du -h "$target/interlace-gpu.tar.gz" | cut -f1))"

if [ -n "$dry" ]; then
    engine="$(dirname "$(find "${NUGET_PACKAGES:-$HOME/.nuget/packages}"/libtorch-cpu-linux-x64/2.10.0 -name libtorch_cpu.so | head -n 1)")"
    "$root/gpu-run.sh" --dry-run --engine "$engine"
fi
