#!/usr/bin/env bash
# Makes everything of a release from the tagged commit: packages, archive, container images, and their checksums (docs/release.md).
#   build/release.sh [--trial] [--no-containers] [FOLDER]   everything goes into FOLDER, by default artifacts/release
#   --trial           an untagged or changed checkout will do: to try the making
#   --no-containers   where the base image's registry cannot be reached
set -euo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
trial='' containers=1
while [[ "${1:-}" == --* ]]; do
    case "$1" in
        --trial) trial=1 ;;
        --no-containers) containers='' ;;
        *) echo "There is no option $1: see the head of build/release.sh."; exit 2 ;;
    esac
    shift
done
target="${1:-$repository/artifacts/release}"
version="$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$repository/Directory.Build.props")"
refuse() { echo "$*"; [ -n "$trial" ] || exit 2; }

cd "$repository"
[ -z "$(git status --porcelain)" ] || refuse "The checkout has changes: commit them, or put them away."
[ "$(git describe --tags --exact-match 2>/dev/null || true)" = "v$version" ] || refuse "This commit is not tagged v$version."
[[ "$(grep -m 1 '^## ' CHANGELOG.md)" =~ ^"## $version - "[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] \
    || refuse "CHANGELOG.md does not begin with '## $version - DATE'."
grep -q "\"Interlace\" Version=\"$version\"" docs/library.md || refuse "docs/library.md names another version of the package."

if [ -n "$(ls -A "$target" 2>/dev/null)" ] && [ ! -e "$target/SHA256SUMS" ]; then
    echo "$target is not empty and holds no earlier release: name another folder."
    exit 2
fi
rm -rf "$target"
mkdir -p "$target"
target="$(cd "$target" && pwd)"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
for project in src/Interlace.Vlm src/Interlace; do dotnet pack "$project" -c Release -o "$target"; done
build/package.sh "$target"
if [ -n "$containers" ]; then for kind in cpu cuda; do build/container.sh "$kind" "$target"; done; fi
cd "$target"
sha256sum -- *.nupkg *.snupkg *.tar* >SHA256SUMS
cat SHA256SUMS
