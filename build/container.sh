#!/usr/bin/env bash
# Makes a container image of the program, as an archive that docker, podman and skopeo load. No container engine is needed to make it.
#   build/container.sh cpu [FOLDER]    interlace-VERSION-cpu.tar    the processor alone
#   build/container.sh cuda [FOLDER]   interlace-VERSION-cuda.tar   with CUDA 12.8; needs NVIDIA's container toolkit where it runs
# The base is the .NET makers' image with what a self-contained program needs (BASE names another). It is fetched from its registry.
#   docker load -i interlace-VERSION-cpu.tar
#   docker run --rm --user "$(id -u)" -v "$PWD:/work" -w /work interlace:VERSION-cpu inspect model
set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
kind="${1:-}"
case "$kind" in
    cpu) cuda=false ;;
    cuda) cuda=true ;;   # NVIDIA's toolkit brings the driver into the container; all else of CUDA is in the engine's package
    *) echo "Name the kind of image: build/container.sh cpu, or build/container.sh cuda."; exit 2 ;;
esac
target="$(mkdir -p "${2:-$repository/artifacts}" && cd "${2:-$repository/artifacts}" && pwd)"
version="$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$repository/Directory.Build.props")"
work="$(mktemp -d "$target/.container.XXXXXX")"
trap 'rm -rf "$work"' EXIT

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
dotnet publish "$repository/src/Interlace.Cli" -c Release -r linux-x64 --self-contained --artifacts-path "$work/build" -t:PublishContainer \
    -p:Cuda="$cuda" -p:PublishReadyToRun=true -p:CureLoader=always -p:DebugType=none -p:RunAnalyzers=false \
    -p:ContainerBaseImage="${BASE:-mcr.microsoft.com/dotnet/runtime-deps:10.0}" -p:ContainerRepository=interlace \
    -p:ContainerImageTag="$version-$kind" -p:ContainerArchiveOutputPath="$work/image.tar"
mv "$work/image.tar" "$target/interlace-$version-$kind.tar"
echo "$target/interlace-$version-$kind.tar ($(du -h "$target/interlace-$version-$kind.tar" | cut -f1))"
