#!/bin/sh
# Installs pNode analytics on Debian 12 or newer, from the checkout that contains this file. Run it as root, and again
# after a change of the checkout. It changes only the paths listed here. uninstall.sh removes them.
#
#   /opt/pnodes/app, /opt/pnodes/venv      the code, and its packages by the hashes of locks/runtime.txt
#   /etc/pnodes/pnodes.env                 settings; never overwritten
#   /etc/systemd/system/pnodes*            units
#   /etc/nginx/conf.d/pnodes.conf, /etc/nginx/sites-available/pnodes, a link in sites-enabled    if nginx is installed
#   /var/backups/pnodes, /var/cache/nginx/pnodes
#   the user and group pnodes
#
# usage: install.sh [--apis N]      N API processes at ports 8001 and up (as many as are installed, or 2)
# For tests: DESTDIR prefixes every path. Then no user is created, and nothing is started or installed by pip.
set -eu

root="${DESTDIR:-}"
# systemctl enables an instance by a link in this folder.
installed=$(find "$root/etc/systemd/system/pnodes.target.wants" -name 'pnodes-api@*' 2>/dev/null | wc -l)
apis=$installed
[ "$apis" -gt 0 ] || apis=2
while [ $# -gt 0 ]; do
  case "$1" in
    --apis) apis="${2:?--apis: expected a number}"; shift 2 ;;
    *) echo "usage: install.sh [--apis N]" >&2; exit 2 ;;
  esac
done
case "$apis" in
  [1-9] | [1-8][0-9]) ;;
  *) echo "--apis $apis: expected a number from 1 to 89" >&2; exit 2 ;;
esac

here="$(cd "$(dirname "$0")/../.." && pwd)"
ports=$(seq 8001 $((8000 + apis)))
if [ -z "$root" ] && [ "$(id -u)" != 0 ]; then
  echo "install.sh changes /opt, /etc and /var: run it as root" >&2
  exit 1
fi

put() { # MODE FILE PLACE
  install -D -m "$1" "$2" "$root$3"
}

if [ -z "$root" ] && ! id pnodes >/dev/null 2>&1; then
  useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pnodes
fi

# The packages come first: if they cannot be installed, the code stays the one that runs.
if [ -z "$root" ]; then
  echo "packages: /opt/pnodes/venv"
  # An upgrade of Debian brings another Python, and the packages of the former one are lost to it.
  /opt/pnodes/venv/bin/python -m pip --version >/dev/null 2>&1 || python3 -m venv --clear /opt/pnodes/venv
  /opt/pnodes/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/locks/runtime.txt"
fi

echo "code: /opt/pnodes/app"
mkdir -p "$root/opt/pnodes"
rm -rf "$root/opt/pnodes/app.new"
mkdir "$root/opt/pnodes/app.new"
for part in schema server jobs deploy docs locks pyproject.toml LICENSE; do
  cp -R "$here/$part" "$root/opt/pnodes/app.new/"
done
find "$root/opt/pnodes/app.new" -name __pycache__ -prune -exec rm -rf {} +
rm -rf "$root/opt/pnodes/app"
mv "$root/opt/pnodes/app.new" "$root/opt/pnodes/app"

if [ ! -e "$root/etc/pnodes/pnodes.env" ]; then
  echo "settings: /etc/pnodes/pnodes.env (edit MONGO_URI and REDIS_URL in it)"
  put 640 "$here/deploy/vps/pnodes.env" /etc/pnodes/pnodes.env
  [ -n "$root" ] || chgrp pnodes /etc/pnodes/pnodes.env
fi

for unit in pnodes.target pnodes-api@.service pnodes-worker.service pnodes-backup.service pnodes-backup.timer; do
  put 644 "$here/deploy/vps/$unit" "/etc/systemd/system/$unit"
done
mkdir -p "$root/var/backups/pnodes"
chmod 700 "$root/var/backups/pnodes"
[ -n "$root" ] || chown pnodes:pnodes /var/backups/pnodes

if [ -d "$root/etc/nginx/conf.d" ]; then
  echo "nginx: /etc/nginx/sites-available/pnodes"
  mkdir -p "$root/var/cache/nginx" "$root/etc/nginx/sites-available" "$root/etc/nginx/sites-enabled"
  put 644 "$here/deploy/nginx/pnodes.conf" /etc/nginx/conf.d/pnodes.conf
  # One upstream for each API process.
  servers=$(for port in $ports; do echo "    server 127.0.0.1:$port max_fails=1 fail_timeout=2s;"; done)
  awk -v servers="$servers" '/^    server 127/ { if (!done) print servers; done = 1; next } { print }' \
    "$here/deploy/nginx/pnodes.conf" > "$root/etc/nginx/conf.d/pnodes.conf"
  # certbot changes the site, so an existing one is kept.
  [ -e "$root/etc/nginx/sites-available/pnodes" ] || put 644 "$here/deploy/nginx/site.conf" /etc/nginx/sites-available/pnodes
  ln -sf ../sites-available/pnodes "$root/etc/nginx/sites-enabled/pnodes"
fi

if [ -z "$root" ]; then
  systemctl daemon-reload
  systemctl enable --quiet pnodes.target pnodes-worker.service pnodes-backup.timer
  for port in $ports; do systemctl enable --quiet "pnodes-api@$port.service"; done
  for port in $(seq $((8001 + apis)) $((8000 + installed))); do
    systemctl disable --now --quiet "pnodes-api@$port.service"
  done
  systemctl start pnodes-backup.timer
  # The processes restart one after the other, so that nginx always has a running one.
  for port in $ports; do systemctl restart "pnodes-api@$port.service"; done
  systemctl restart pnodes-worker.service
  if command -v nginx >/dev/null; then nginx -t -q && systemctl reload nginx; fi
fi
echo "installed; check it with: /opt/pnodes/app/deploy/pnodes verify http://127.0.0.1:8001"
