#!/bin/sh
# Installs Debian's Chromium for the browser tests, where that may be done without asking. Elsewhere those tests are
# skipped, and say so.
set -eu

say() { printf '%s\n' "$*" >&2; }

if command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    say "There is no Chromium, so browser tests will be skipped. On Debian, as root: apt-get install chromium"
    exit 0
fi
say "Installing Chromium for the browser tests ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >/dev/null || true
apt-get install -y -qq --no-install-recommends chromium >/dev/null ||
    say "Chromium can't be installed here, so browser tests will be skipped."
