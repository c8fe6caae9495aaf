#!/bin/sh
# Installs Chromium for the tests of the back office; they are skipped where there is none.
# Debian and Ubuntu, as root; elsewhere it says what to do and ends with status 1.
set -eu

for browser in "${FLEET_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    if [ -n "$browser" ] && command -v "$browser" >/dev/null; then
        echo "Chromium is here: $(command -v "$browser")"
        exit 0
    fi
done

if ! command -v apt-get >/dev/null; then
    echo "No Chromium and no apt-get here. Install Chromium yourself (brew install --cask chromium," \
        "dnf install chromium), or name it: FLEET_CHROMIUM=/path/to/chromium." >&2
    exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "No Chromium here, and installing it needs root: sudo $0" >&2
    exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends chromium
