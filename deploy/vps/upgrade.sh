#!/bin/sh
# Upgrades to the release of the checkout that contains this file: first a backup, then install.sh, then `pnodes verify`.
# The previous release stays in /opt/pnodes/before. `upgrade.sh --back` reinstates it, and prints how to restore the backup.
# That is necessary only if the new release has raised the document version (CHANGELOG.md).
#
# An upgrade that was interrupted can be run again: the previous release and its backup are then kept as they are.
#
# usage: upgrade.sh [--apis N]      as for install.sh; without it the number of API processes stays the same
#        upgrade.sh --back
# For tests: DESTDIR prefixes every path. Then no backup is made, and nothing is started, stopped or verified.
set -eu

root="${DESTDIR:-}"
here="$(cd "$(dirname "$0")" && pwd)"
opt="$root/opt/pnodes"
backup=/var/backups/pnodes/before-upgrade.backup
configured="etc/systemd/system/pnodes.target etc/systemd/system/pnodes-api@.service
  etc/systemd/system/pnodes-worker.service etc/systemd/system/pnodes-backup.service
  etc/systemd/system/pnodes-backup.timer etc/nginx/conf.d/pnodes.conf"

if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
  echo "upgrade.sh changes /opt and /etc: run it as root" >&2
  exit 1
fi

keep() { # the installed release, in /opt/pnodes/before
  rm -rf "$opt/before.new"
  mkdir "$opt/before.new"
  for part in app venv; do
    [ ! -e "$opt/$part" ] || cp -a "$opt/$part" "$opt/before.new/"
  done
  for file in $configured; do
    [ ! -e "$root/$file" ] || install -D -p -m 644 "$root/$file" "$opt/before.new/$file"
  done
  rm -rf "$opt/before"
  mv "$opt/before.new" "$opt/before"
}

back() { # each part leaves /opt/pnodes/before only once its place is free, so this can be run again
  for part in app venv; do
    [ -e "$opt/before/$part" ] || continue
    rm -rf "${opt:?}/$part"
    mv "$opt/before/$part" "$opt/"
  done
  for file in $configured; do
    [ ! -e "$opt/before/$file" ] || install -D -p -m 644 "$opt/before/$file" "$root/$file"
  done
  rm -rf "$opt/before" "$opt/upgrading"
}

verified() { # whether the API passes every check within two minutes; restarted processes need some time
  for _ in $(seq 24); do
    if "$opt/app/deploy/pnodes" verify http://127.0.0.1:8001 >/dev/null 2>&1; then return 0; fi
    sleep 5
  done
  "$opt/app/deploy/pnodes" verify http://127.0.0.1:8001
}

case "${1:-}" in
  --back)
    if [ ! -d "$opt/before" ]; then
      echo "$opt/before: expected the previous release, and there is none" >&2
      exit 1
    fi
    [ -n "$root" ] || systemctl stop pnodes.target pnodes-worker.service 'pnodes-api@*'
    back
    if [ -z "$root" ]; then
      systemctl daemon-reload
      systemctl start pnodes.target
      if command -v nginx >/dev/null; then nginx -t -q && systemctl reload nginx; fi
    fi
    echo "the previous release is installed; if it refuses the store, restore the backup made before the upgrade:"
    echo "  systemctl stop pnodes.target"
    echo "  cd /opt/pnodes/app && env \$(grep -v '^#' /etc/pnodes/pnodes.env) deploy/pnodes restore --force $backup"
    echo "  systemctl start pnodes.target"
    exit 0
    ;;
  "" | --apis) ;;
  *)
    echo "usage: upgrade.sh [--apis N] | --back" >&2
    exit 2
    ;;
esac

if [ ! -d "$opt/app" ]; then
  echo "$opt/app: expected an installed release, and there is none; run install.sh" >&2
  exit 1
fi
take=$backup
if [ -e "$opt/upgrading" ]; then
  echo "the last upgrade did not finish: $backup and /opt/pnodes/before are kept"
  take=/var/backups/pnodes/before-retry.backup
fi
if [ -z "$root" ]; then
  echo "backup: $take"
  systemd-run --quiet --pipe --wait --uid=pnodes --property=EnvironmentFile=/etc/pnodes/pnodes.env \
    --working-directory=/opt/pnodes/app /opt/pnodes/venv/bin/python -m jobs backup --force "$take"
fi
if [ ! -e "$opt/upgrading" ]; then
  keep
  : > "$opt/upgrading"
fi
"$here/install.sh" "$@"
if [ -z "$root" ] && ! verified; then
  echo "the new release does not pass pnodes verify; upgrade.sh --back reinstates the previous one" >&2
  exit 1
fi
rm -f "$opt/upgrading"
echo "the previous release is in /opt/pnodes/before; upgrade.sh --back reinstates it"
