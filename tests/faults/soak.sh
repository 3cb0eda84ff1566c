#!/usr/bin/env bash
# soak.sh [SECONDS]: mixed requests from eight clients to a server of its own for so long (600). None may be lost, memory must stay flat.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
INTERLACE_SOAK_SECONDS="${1:-600}" dotnet test -c Release --no-build --filter-class '*ServerSoakTests*' --explicit only --show-live-output on
