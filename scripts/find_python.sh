#!/bin/sh
# Prints the interpreter that shall make the environment: $1, or the first one that is new enough.
# Every candidate is run, because a name on the PATH may be a version manager's shim with nothing behind it.
set -eu

lacks_venv=""
for candidate in ${1:-python3.13 python3.12 python3.11 python3}; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$candidate"
        exit 0
    fi
    lacks_venv="${lacks_venv:-$candidate}"
done

if [ -n "$lacks_venv" ]; then
    version=$("$lacks_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "$lacks_venv is new enough but cannot make an environment: its venv or ensurepip module is missing." >&2
    echo "On Debian and Ubuntu: sudo apt-get install python$version-venv. Then run make again." >&2
elif [ -n "${1:-}" ]; then
    echo "PYTHON=$1 does not run, or is older than Python 3.11. Give the path of a newer one." >&2
else
    echo "rlvr needs Python 3.11 or newer; looked for python3.13, python3.12, python3.11 and python3." >&2
    echo "Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv) or name it: make PYTHON=/path/to/python" >&2
fi
exit 1
