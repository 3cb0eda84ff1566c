#!/usr/bin/env bash
# soak.sh [SECONDS]: mixed requests from eight clients to a server of its own for so long (600). None may be lost, memory must stay flat.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# The test program itself: `dotnet test` shows nothing of what a test that passes writes.
INTERLACE_SOAK_SECONDS="${1:-600}" dotnet tests/Interlace.Tests/bin/Release/net10.0/Interlace.Tests.dll \
    -class '*ServerSoakTests*' -explicit only -showLiveOutput -noColor
