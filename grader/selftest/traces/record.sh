#!/bin/sh
# record.sh LABEL [ROOT]: record the probes with the strace of this system, or of the Debian below ROOT
# (mmdebstrap --variant=minbase --include=strace trixie ROOT), into LABEL-PROBE.txt beside this script.
# The probes run as nobody in namespaces of their own; they signal only their own children.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
label=$1
root=${2:-/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/out"
for source in "$here"/probes/*.c; do
    gcc -std=gnu17 -O1 -g -w -pthread -o "$work/bin/$(basename "$source" .c)" "$source"
done
chmod 755 "$work" "$work/bin"
chmod 777 "$work/out"

record() { # NAME COMMAND STRACE-OPTION...
    name=$1 command=$2
    shift 2
    mkdir -m 777 "$work/out/$name"
    # shellcheck disable=SC2086 # a command is several words
    timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
        bwrap --unshare-all --die-with-parent --new-session --cap-drop ALL \
        --ro-bind "$root" / --dev /dev --proc /proc --tmpfs /dev/shm --tmpfs /tmp \
        --ro-bind "$work/bin" /tmp/bin --bind "$work/out/$name" /tmp/w --chdir /tmp/w \
        --setenv HOME /tmp/w \
        strace -f -ttt -y -I2 "$@" -o /tmp/w/trace $command >/dev/null 2>&1 || true
    cp "$work/out/$name/trace" "$here/$label-$name.txt"
}

record sockets /tmp/bin/sockets -s 32
record processes /tmp/bin/processes -s 32
record nested "unshare -Urpf --mount-proc /tmp/bin/processes" -s 32 --seccomp-bpf --pidns-translation \
    -e trace=execve,clone,clone3,fork,vfork,kill,wait4,getpid,unshare,exit_group
record names /tmp/bin/names -s 32
record objects /tmp/bin/objects -s 32
record stacks /tmp/bin/processes -s 32 -k -e trace=write,wait4,pause
record faults /tmp/bin/sockets -s 32 -T -e trace=read,write,accept4,epoll_wait,epoll_ctl \
    -e inject=accept4:error=ECONNABORTED:when=2 -e inject=write:delay_enter=1000:when=3 \
    -e inject=epoll_ctl:retval=0:when=2
