#!/bin/sh
# Install what this machine lacks, from the distribution's own packages.
#
#   sh grader/setup.sh [grade|test|batch|image]
#
# Says what it will install, asks through sudo unless it runs as root, and does
# nothing at all when everything is there (a few milliseconds).  INSTALL=no
# makes it only say what is missing.  Works with apt-get (Debian, Ubuntu).
set -eu

modules=/usr/lib/python3/dist-packages
missing=

# want PACKAGE FILE...: PACKAGE is missing unless one of the files exists
want() {
    package=$1
    shift
    for file in "$@"; do
        if [ -e "$file" ]; then
            return 0
        fi
    done
    missing="$missing $package"
}

want python3 /usr/bin/python3
want gcc /usr/bin/gcc
want libc6-dev /usr/include/stdio.h
want make /usr/bin/make
want binutils /usr/bin/addr2line
want strace /usr/bin/strace
want bubblewrap /usr/bin/bwrap
want util-linux /usr/bin/taskset
want libcriterion-dev /usr/include/criterion/criterion.h
want python3-pytest $modules/pytest
want python3-rich $modules/rich
want python3-seccomp $modules/seccomp.*.so
want python3-pyelftools $modules/elftools

# What runs containers: batches need it, and root's tests of them.
want_engine() {
    want docker.io /usr/bin/docker /usr/sbin/dockerd /usr/bin/dockerd /usr/bin/podman
    want zstd /usr/bin/zstd
}

case "${1:-grade}" in
batch | image) want_engine ;;
esac

if [ "${1:-grade}" = test ]; then
    if [ "$(id -u)" = 0 ]; then
        want_engine
        want mmdebstrap /usr/bin/mmdebstrap # where no registry can be reached
    else
        want zstd /usr/bin/zstd
    fi
    want python3-distributed $modules/distributed
    want git /usr/bin/git
    want patch /usr/bin/patch
    want python3-jinja2 $modules/jinja2
    want gdb /usr/bin/gdb
    want clang-format /usr/bin/clang-format
    want python3-pytest-xdist $modules/xdist
    want python3-hypothesis $modules/hypothesis
    want mypy /usr/bin/mypy
    want black /usr/bin/black
    want flake8 /usr/bin/flake8
    want shellcheck /usr/bin/shellcheck
    want golang-go /usr/bin/go
    want python3-markdown $modules/markdown
    want graphviz /usr/bin/dot
    want lsof /usr/bin/lsof
    want logrotate /usr/sbin/logrotate
    want procps /usr/bin/top
fi

if [ -z "$missing" ]; then
    exit 0
fi
if [ "${INSTALL:-yes}" = no ] || ! command -v apt-get >/dev/null; then
    echo "syslabs: this machine lacks:$missing" >&2
    exit 0 # what can be graded without them is graded; `make doctor` explains
fi

echo "syslabs: installing$missing" >&2
sudo=
if [ "$(id -u)" != 0 ]; then
    sudo=sudo
fi
# shellcheck disable=SC2086 # one word per package
install() {
    $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
install 2>/dev/null || { $sudo apt-get update -qq && install; } || {
    echo "syslabs: could not install them; 'make doctor' says what works without" >&2
}
