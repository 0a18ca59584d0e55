#!/bin/sh
# Installs the bridge and its systemd units from this checkout; safe to run again, which upgrades it.
#
#   install.sh            installs; nothing is started or enabled
#   install.sh --remove   removes program and units; /etc/bridge, /var/lib/bridge and the user bridge stay
#
# DESTDIR=/folder puts all files below a folder. PACKAGES=no leaves the Python packages out.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
source=$(cd "$here/../.." && pwd)
root=${DESTDIR:-}
units=$root/etc/systemd/system
names="bridge.service bridge.socket bridge-migrate.service bridge-web@.service bridge-web@.socket bridge-worker@.service
    bridge-backup.service bridge-backup.timer"

reload() {
    if [ -z "$root" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
}

remove() {
    for name in $names; do
        if [ -z "$root" ] && [ -d /run/systemd/system ]; then
            case $name in
                *@*) pattern=$(echo "$name" | sed 's/@/@*/'); systemctl disable --now "$pattern" 2>/dev/null || true ;;
                *) systemctl disable --now "$name" 2>/dev/null || true ;;
            esac
        fi
        rm -f "$units/$name"
    done
    rm -f "$root/usr/lib/sysusers.d/bridge.conf" "$root/usr/local/bin/bridge"
    rm -rf "$root/opt/bridge"
    reload
    echo "Removed. Left: /etc/bridge, /var/lib/bridge (the data), and the user bridge."
}

add() {
    install -D -m 644 "$here/bridge.sysusers.conf" "$root/usr/lib/sysusers.d/bridge.conf"
    install -D -m 755 "$here/bridge.sh" "$root/usr/local/bin/bridge"
    install -d -m 755 "$root/etc/bridge"
    systemd-sysusers ${root:+--root="$root"} bridge.conf
    install -d -m 700 "$root/etc/bridge/credentials"
    for name in $names; do
        install -D -m 644 "$here/$name" "$units/$name"
    done
    if [ "${PACKAGES:-yes}" = yes ]; then
        [ -x "$root/opt/bridge/bin/pip" ] || python3 -m venv "$root/opt/bridge"
        "$root/opt/bridge/bin/pip" install --quiet --require-hashes --requirement "$source/deploy/constraints.txt"
        "$root/opt/bridge/bin/pip" install --quiet --no-deps --force-reinstall "$source"
    fi
    reload
    echo "Installed. Next: write /etc/bridge/bridge.toml (bridge init) and /etc/bridge/credentials/propexo-token, then"
    echo "  systemctl enable --now bridge                                          # one machine, or"
    echo "  systemctl enable --now bridge-web@8080 bridge-worker@1                 # with database_url"
    echo "  systemctl enable --now bridge-backup.timer                             # a backup each night"
}

case ${1:-} in
    "") add ;;
    --remove) remove ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
