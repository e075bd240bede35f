#!/bin/sh
# unit.sh PROGRAM DRILL [TEST]: the tests of a drill, each alone: in a folder of its own, and where bwrap(1) can,
# where it hurts no process and no file of /tmp but its own. GDB=1: in gdb(1). Used by lab.mk.
program=$1 drill=$2 tests=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
: "${tests:=$("$program" --list | sed -n 's/.*─ //p')}"

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

# Criterion runs each test in a process of its own, which it stops and continues: gdb follows.
run() {
    set -- "$program" --jobs=1 --short-filename --filter="$drill/$test"
    if [ -n "$GDB" ]; then
        set -- gdb -q -iex 'set debuginfod enabled off' -ex 'set follow-fork-mode child' \
            -ex 'handle SIGSTOP SIGCONT nostop noprint pass' -ex 'set breakpoint pending on' \
            -ex "break ${drill}_${test}_impl" -ex run --args "$@"
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
