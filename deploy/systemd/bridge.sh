#!/bin/sh
# A command of the bridge with user, settings and credentials of bridge.service: `bridge check`. Files that it reads or
# writes are in /var/lib/bridge; it reads others from standard input, as /dev/stdin.
exec systemd-run --quiet --collect --pipe --wait --service-type=exec --uid=bridge --gid=bridge \
    --working-directory=/var/lib/bridge --property=StateDirectory=bridge --property=StateDirectoryMode=0700 \
    --property=UMask=0077 --property=LoadCredential=bridge:/etc/bridge/credentials \
    --setenv=BRIDGE_CONFIG=/etc/bridge/bridge.toml --setenv=BRIDGE_DATA_DIR=/var/lib/bridge --setenv=TERM \
    /opt/bridge/bin/bridge "$@"
