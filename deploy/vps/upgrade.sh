#!/bin/sh
# Upgrades to the release of the checkout that contains this file: first a backup, then install.sh, then a check. The
# previous code and packages stay in /opt/pnodes/before. `upgrade.sh --back` reinstates them, and prints how to restore the
# backup. That is necessary only if the new release has raised the document version (CHANGELOG.md).
#
# usage: upgrade.sh [--apis N]      as for install.sh
#        upgrade.sh --back
set -eu

[ "$(id -u)" = 0 ] || { echo "upgrade.sh changes /opt and /etc: run it as root" >&2; exit 1; }
here="$(cd "$(dirname "$0")" && pwd)"
backup=/var/backups/pnodes/before-upgrade.backup

if [ "${1:-}" = --back ]; then
  [ -d /opt/pnodes/before ] || { echo "/opt/pnodes/before: nothing to go back to" >&2; exit 1; }
  systemctl stop pnodes.target pnodes-worker.service 'pnodes-api@*'
  rm -rf /opt/pnodes/app /opt/pnodes/venv
  mv /opt/pnodes/before/app /opt/pnodes/before/venv /opt/pnodes/
  rmdir /opt/pnodes/before
  echo "the release of before is in place; if it refuses the store, restore the backup of before:"
  echo "  cd /opt/pnodes/app && env \$(grep -v '^#' /etc/pnodes/pnodes.env) deploy/pnodes restore --force $backup"
  systemctl start pnodes.target
  exit 0
fi

echo "backup: $backup"
systemd-run --quiet --pipe --wait --uid=pnodes --property=EnvironmentFile=/etc/pnodes/pnodes.env \
  --working-directory=/opt/pnodes/app /opt/pnodes/venv/bin/python -m jobs backup --force "$backup"
rm -rf /opt/pnodes/before
mkdir /opt/pnodes/before
cp -a /opt/pnodes/app /opt/pnodes/venv /opt/pnodes/before/
"$here/install.sh" "$@"
echo "the release of before is in /opt/pnodes/before: upgrade.sh --back"
