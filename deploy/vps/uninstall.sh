#!/bin/sh
# Removes what install.sh has installed. Settings and backups stay, unless --purge is given. MongoDB and Redis are not changed.
#
# usage: uninstall.sh [--purge]
# For tests: DESTDIR prefixes every path. Then nothing is stopped, and no user is removed.
set -eu

purge=
case "${1:-}" in
  "") ;;
  --purge) purge=yes ;;
  *) echo "usage: uninstall.sh [--purge]" >&2; exit 2 ;;
esac
root="${DESTDIR:-}"
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || { echo "uninstall.sh changes /opt, /etc and /var: run it as root" >&2; exit 1; }
  systemctl disable --now --quiet pnodes-backup.timer pnodes-worker.service pnodes.target 2>/dev/null || true
  for unit in $(systemctl list-units --all --plain --no-legend 'pnodes-api@*' | cut -d ' ' -f 1); do
    systemctl disable --now --quiet "$unit"
  done
fi
rm -f "$root"/etc/systemd/system/pnodes.target "$root"/etc/systemd/system/pnodes-api@.service \
  "$root"/etc/systemd/system/pnodes-worker.service "$root"/etc/systemd/system/pnodes-backup.service \
  "$root"/etc/systemd/system/pnodes-backup.timer
rm -f "$root"/etc/nginx/sites-enabled/pnodes "$root"/etc/nginx/sites-available/pnodes "$root"/etc/nginx/conf.d/pnodes.conf
rm -rf "$root"/opt/pnodes "$root"/var/cache/nginx/pnodes
if [ -n "$purge" ]; then
  rm -rf "$root"/etc/pnodes "$root"/var/backups/pnodes
fi
if [ -z "$root" ]; then
  systemctl daemon-reload
  if command -v nginx >/dev/null; then nginx -t -q && systemctl reload nginx; fi
  [ -z "$purge" ] || userdel pnodes
fi
echo "uninstalled${purge:+, with settings and backups}"
