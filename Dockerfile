# Everything that grading needs and nothing of an instructor's: `make image`.
#
# One container of it grades one submission (grader/batch/container.py says
# with which walls); students on macOS and Windows work in it (.devcontainer).
ARG BASE=debian:12.11-slim

# The default filter of system calls of container engines, as Debian ships it.
FROM $BASE AS engine
RUN apt-get update -qq \
    && cd /tmp && apt-get download golang-github-containers-common \
    && dpkg-deb -x golang-github-containers-common_*.deb /engine

FROM $BASE
COPY grader/setup.sh /syslabs/grader/
RUN printf 'path-exclude=/usr/share/%s/*\n' doc man locale info \
        > /etc/dpkg/dpkg.cfg.d/small \
    && sh /syslabs/grader/setup.sh && apt-get install -y -qq zstd \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/cache/debconf/*-old \
        /var/log/* /usr/lib/gcc/*/*/lto1 /usr/lib/gcc/*/*/lto-wrapper \
    && useradd --create-home --shell /bin/bash student
COPY . /syslabs
COPY --from=engine /engine/usr/share/containers/seccomp.json /usr/share/containers/
WORKDIR /syslabs
RUN mkdir -p build \
    && python3 -m grader.batch.profile /usr/share/containers/seccomp.json > build/seccomp.json \
    && python3 -c 'from grader.toolchain import prepare; prepare()' \
    && python3 -m grader.unit_tests \
    && python3 -m compileall -q grader && chmod -R a+rX,go-w .
ARG TREE=unknown
LABEL org.opencontainers.image.title="syslabs" \
      org.opencontainers.image.licenses="MIT" \
      syslabs.tree=$TREE
USER student
CMD ["make"]
