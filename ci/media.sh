#!/usr/bin/env bash
# Damages every kind of picture and sound file COUNT times (10,000) and reads each: read or refused, never an exit, a hang, or more than
# a gigabyte. Exit: 0 so it was, 1 not.
set -euo pipefail
cd "$(dirname "$0")/.."
configuration=$(tr '[:upper:]' '[:lower:]' <<<"${1:-release}")
HOLOZERO_MEDIA_MUTATIONS="${COUNT:-10000}" exec "artifacts/bin/HoloZero.Media.Tests/$configuration/HoloZero.Media.Tests" \
    -class "HoloZero.Media.Tests.MutatedFileTests" -showLiveOutput
