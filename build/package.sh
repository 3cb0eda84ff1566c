#!/usr/bin/env bash
# Makes interlace-VERSION-linux-x64.tar.gz: the program with runtime, engine and demo, to unpack and run where neither .NET nor
# anything else is installed. The same sources give the same bytes.
#   build/package.sh [FOLDER]      the archive goes into FOLDER, by default artifacts
#   LEVEL=1 build/package.sh       packs quickly, where size is no matter (default: 6)
set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
target="$(mkdir -p "${1:-$repository/artifacts}" && cd "${1:-$repository/artifacts}" && pwd)"
version="$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$repository/Directory.Build.props")"
name="interlace-$version-linux-x64"
work="$(mktemp -d "$target/.package.XXXXXX")"
trap 'rm -rf "$work"' EXIT
root="$work/$name"

export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
# The loader's cure is for the system on which the archive will be unpacked, which may be older than this one.
dotnet publish "$repository/src/Interlace.Cli" -c Release -r linux-x64 --self-contained -o "$root" --artifacts-path "$work/build" \
    -p:PublishReadyToRun=true -p:CureLoader=always -p:DebugType=none -p:RunAnalyzers=false >"$work/publish.log" 2>&1 \
    || { cat "$work/publish.log"; exit 1; }
rm -f "$root/Interlace.Cli" "$root"/*.pdb "$root"/*.xml   # the program is called interlace, once

# Files of the packages that only Python or a compiler needs.
rm -f "$root"/libtorch_python.so "$root"/libtorchbind_test.so "$root"/libjitbackend_test.so "$root"/libbackend_with_compiler.so

packages="$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')"
notices() { cp "$(find "$packages/$1" -iname "$2" | sort | tail -n 1)" "$root/$3"; }
mkdir -p "$root/completion" "$root/licences"
cp "$repository"/{README.md,LICENSE,CHANGELOG.md,THIRD-PARTY-NOTICES.md} "$root"
cp "$repository"/src/Interlace.Cli/Completion/interlace.{bash,zsh} "$root/completion"
notices libtorch-cpu-linux-x64 LICENSE-LIBTORCH.txt licences/libtorch.txt
notices microsoft.netcore.app.runtime.linux-x64 LICENSE.TXT licences/dotnet.txt
notices microsoft.netcore.app.runtime.linux-x64 THIRD-PARTY-NOTICES.TXT licences/dotnet-third-party.txt
notices microsoft.aspnetcore.app.runtime.linux-x64 THIRD-PARTY-NOTICES.TXT licences/aspnetcore-third-party.txt

# One order, one time, one owner, and the rights that a user needs.
epoch="${SOURCE_DATE_EPOCH:-$(git -C "$repository" log -1 --format=%ct 2>/dev/null || echo 1767225600)}"
find "$root" -type d -exec chmod 755 {} + -o -type f -exec chmod 644 {} +
chmod 755 "$root/interlace" && { [ ! -e "$root/createdump" ] || chmod 755 "$root/createdump"; }
tar -C "$work" --sort=name --format=gnu --mtime="@$epoch" --owner=0 --group=0 --numeric-owner -cf - "$name" \
    | gzip -n "-${LEVEL:-6}" >"$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$target/$name.tar.gz"
echo "$target/$name.tar.gz ($(du -h "$target/$name.tar.gz" | cut -f1), $(du -sh "$root" | cut -f1) unpacked)"
