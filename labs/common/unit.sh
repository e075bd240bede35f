#!/bin/sh
# unit.sh PROGRAM SOURCE DRILL [TEST]: the tests of a drill, each alone: in a folder of its own, and where
# bwrap(1) can, where it hurts no process and no file of /tmp but its own. GDB=1: in gdb(1). Used by lab.mk.
program=$1 source=$2 drill=$3 tests=$4
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${tests:=$(sed -n "s/^Test($drill, \([a-z0-9_]*\)).*/\1/p" "$source")}"

alone() {
    bwrap --dev-bind / / --perms 1777 --tmpfs /tmp --tmpfs /dev/shm --ro-bind "$root" "$root" --chdir /tmp \
        --unshare-ipc --unshare-pid --proc /proc --die-with-parent "$@"
}

# shellcheck disable=SC2317 # it is called by the name in $within
in_folder() (
    folder=$(mktemp -d) && cd "$folder" || exit 1
    "$@"
    status=$?
    cd / && rm -rf "$folder"
    exit "$status"
)

run() {
    if [ -n "$GDB" ]; then
        set -- "$program" "$test"
        set -- gdb -q -iex 'set debuginfod enabled off' -ex "break ${drill}_${test}_impl" -ex run --args "$@"
    else
        set -- "$program" --jobs=1 --short-filename --filter="$drill/$test"
    fi
    $within "$@"
}

within=in_folder
if alone true 2>/dev/null; then within=alone; fi
failed=0
for test in $tests; do
    echo "$drill.$test"
    run || failed=1
done
exit $failed
