#!/bin/sh
# The entrypoint of the image that Dockerfile.debug builds: raises the core limit as far as it may, says what stands between
# a crash and its core file (with the command that helps), then becomes the proxy. tini reaps what is left of children and
# passes signals on, so `docker run --init` is not needed.
hard=$(ulimit -H -c)
ulimit -S -c "$hard" 2>/dev/null
case "$1" in
check-coredump | postmortem | prove-reload) exec sluice "$@" ;;
sh | bash | gdb | strace) exec "$@" ;;
esac
sluice check-coredump --quiet >&2 || echo "sluice: going on without core files" >&2
exec tini -s -g -- sluice "$@"
