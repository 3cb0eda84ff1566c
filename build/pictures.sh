#!/usr/bin/env bash
# pictures.sh [FOLDER]: draws the pictures of README.md again: the demo's page and its report, by a browser (chromium). Build first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
run="${INTERLACE_DEMO_RUN:-$work/demo}"
src/Interlace.Cli/bin/Release/net10.0/interlace demo --out "$run" --device cpu --quiet
INTERLACE_DEMO_RUN="$run" INTERLACE_PICTURES="$work" \
    dotnet tests/Interlace.Tests/bin/Release/net10.0/Interlace.Tests.dll -class '*PicturesTests*' -explicit only -noColor
[ -s "$work/page-1400.webp" ] || { echo "the pictures were not drawn: is there a chromium?" >&2; exit 1; }
mv "$work"/page-1400.webp "${1:-docs}/page.webp"
mv "$work"/report.webp "${1:-docs}/report.webp"
[ -z "${2:-}" ] || mv "$work"/*.webp "$2"   # the other widths and colours, to look at
