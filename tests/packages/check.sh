#!/usr/bin/env bash
# Makes the archive, unpacks it elsewhere and uses it in an empty environment; builds for the two systems that nothing is run on.
# Prints the checks' result alone on the last line: "packages: N passed, N failed, N skipped".
#   tests/packages/check.sh           two minutes
#   tests/packages/check.sh --twice   makes the archive once more, from a copy of the sources in another place: the same bytes
set -uo pipefail
repository="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false DOTNET_CLI_USE_MSBUILD_SERVER=0

# check NAME COMMAND...: the command ends with 0.
check() {
    local name="$1"
    shift
    if "$@" >"$work/log" 2>&1; then
        echo "ok: $name"
        passed=$((passed + 1))
    else
        echo "FAILED: $name"
        tail -n 20 "$work/log"
        failed=$((failed + 1))
    fi
}
# prints PATTERN COMMAND...: the command ends with 0, and one of its lines matches.
prints() {
    local pattern="$1" output
    shift
    output="$("$@" 2>&1)" || { echo "$output"; return 1; }
    echo "$output"
    grep -qE "$pattern" <<<"$output"
}

# A build needs packages that the repository's own does not: where they cannot be fetched its checks are skipped.
unfetched() { grep -qE "NU1301|NU1101|NU1102" "$1"; }

if LEVEL=1 "$repository/build/package.sh" "$work/made" >"$work/package.log" 2>&1; then
    archive="$(echo "$work"/made/interlace-*-linux-x64.tar.gz)"
    mkdir "$work/elsewhere"
    tar -C "$work/elsewhere" -xzf "$archive"
    app="$(echo "$work"/elsewhere/*)"
    cd "$app" || exit 1
    check "the archive has one folder, of its own name" test "$(basename "$app").tar.gz" = "$(basename "$archive")"
    check "nothing in it belongs to anybody" prints "^1$" \
        sh -c "tar --numeric-owner -tvzf '$archive' | awk '{print \$2, \$4}' | sort -u | wc -l"
    for file in README.md LICENSE CHANGELOG.md THIRD-PARTY-NOTICES.md licences/libtorch.txt licences/dotnet.txt completion/interlace.bash \
        completion/interlace.zsh demo/model/config.json; do
        check "it holds $file" test -s "$file"
    done
    check "it says its version" prints "^interlace [0-9.]+$" env -i ./interlace --version
    check "it shows the demo's model" prints "layers|parameters" env -i ./interlace inspect demo/model
    check "it answers" prints "." env -i ./interlace generate demo/model "What is this?" --threads 1 --dtype fp32
    check "all its libraries work" prints "Everything works" env -i ./interlace doctor --threads 1
    check "it takes nothing from a .NET that is installed" env -i DOTNET_ROOT=/nowhere ./interlace inspect demo/model --json
    check "bash completes it" prints "^--selection$" env -i PATH="$app:/usr/bin:/bin" bash -c \
        'source completion/interlace.bash; COMP_WORDS=(interlace plan --sel) COMP_CWORD=2 COMP_LINE="interlace plan --sel" COMP_POINT=20
         _interlace interlace; echo "${COMPREPLY[@]}"'
    cd "$repository" || exit 1
    if [ "${1:-}" = "--twice" ]; then
        mkdir "$work/copy"
        git -C "$repository" archive HEAD | tar -C "$work/copy" -x
        cp -r "$repository/.git" "$work/copy/.git"
        LEVEL=1 "$work/copy/build/package.sh" "$work/again" >/dev/null 2>&1
        check "another place gives the same bytes" cmp "$archive" "$work/again/$(basename "$archive")"
    fi
elif unfetched "$work/package.log"; then
    echo "skipped: the runtime's packages cannot be fetched here, so no archive is made"
    skipped=$((skipped + 1))
else
    cat "$work/package.log"
    failed=$((failed + 1))
fi

# build SYSTEM NATIVE...: a build without a warning, with the natives of its system beside it.
build() {
    local system="$1" out="$work/$1/bin/Interlace.Cli/release_$1" native
    shift
    # The analysers have been asked by the build of the repository: what they say does not depend on the system.
    if ! dotnet build "$repository/src/Interlace.Cli" -c Release -r "$system" --no-self-contained -p:Engine=none -p:UseAppHost=false \
        -p:RunAnalyzers=false --artifacts-path "$work/$system" >"$work/$system.log" 2>&1 && unfetched "$work/$system.log"; then
        echo "skipped: the packages for $system cannot be fetched here"
        skipped=$((skipped + 1))
        return
    fi
    check "it builds for $system without a warning" prints " 0 Warning" cat "$work/$system.log"
    for native in "$@"; do check "$native is beside it" test -s "$out/$native"; done
    check "no library of another system is" sh -c "! ls '$out' | grep -E '$others'"
}
others='\.(so|dylib)$' build win-x64 LibTorchSharp.dll libSkiaSharp.dll libHarfBuzzSharp.dll ParquetSharpNative.dll
others='\.so$' build osx-arm64 libLibTorchSharp.dylib libSkiaSharp.dylib libHarfBuzzSharp.dylib ParquetSharpNative.dylib

echo "packages: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
