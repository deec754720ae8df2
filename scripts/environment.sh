#!/bin/sh
# Makes .venv and installs this checkout into it, editable. Usage: scripts/environment.sh [dev]
# With "dev" the tools of the dev group come too. Only wheels are taken, so no compiler is ever needed.
set -eu
cd "$(dirname "$0")/.."

venv=.venv

say() { printf '%s\n' "$*" >&2; }

new_enough() {
    command -v "$1" >/dev/null 2>&1 && "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-} python3.11 python3 python3.12 python3.13 python3.14 python; do
        if new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    say "lrs-lite needs Python 3.11 or newer, and found none. On Debian: apt-get install python3"
    say "A Python elsewhere can be named: make serve PYTHON=/path/to/python3"
    exit 1
}

# Debian keeps ensurepip in a package of its own, without which the venv module makes no pip.
has_ensurepip() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

install_ensurepip() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
        return 1
    fi
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "Installing python${version}-venv, without which Python can't make an environment ..."
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null || true
    apt-get install -y -qq --no-install-recommends "python${version}-venv" >/dev/null ||
        apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
}

make_venv() {
    python=$(find_python)
    say "Making $venv with $("$python" --version) ..."
    if has_ensurepip "$python" || { install_ensurepip "$python" && has_ensurepip "$python"; }; then
        "$python" -m venv --clear "$venv"
    elif "$python" -m venv --clear --without-pip "$venv" 2>/dev/null &&
        "$python" -m pip --python "$venv/bin/python" install --quiet pip 2>/dev/null; then
        # A pip of the system (22.3 or newer) has put a pip into the environment.
        :
    elif "$python" -m virtualenv --version >/dev/null 2>&1; then
        "$python" -m virtualenv --clear --quiet "$venv"
    else
        say "This Python can't make an environment: it has neither ensurepip, nor pip, nor virtualenv."
        say "On Debian, as root: apt-get install python3-venv    and then the same command again."
        rm -rf "$venv"
        exit 1
    fi
}

if ! { "$venv/bin/python" -m pip --version >/dev/null 2>&1 && new_enough "$venv/bin/python"; }; then
    make_venv
fi

say "Installing lrs-lite and what it needs into $venv ..."
pip() { "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }
# Groups need pip 25.1, and the pip that Python brings may be older.
pip install --upgrade pip
if [ "${1:-}" = dev ]; then
    pip install --only-binary :all: --editable . --group dev
else
    pip install --only-binary :all: --editable .
fi
