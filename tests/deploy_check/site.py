"""nginx with our site in front of three API processes, as on a server."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.processes import REPOSITORY, Process, free_port, module

NGINX = shutil.which("nginx")
OPENSSL = shutil.which("openssl")
APIS = 3
PREFIX = """
{user}daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log warn; worker_processes 2;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
"""


class Site:
    """Three APIs over one store, and nginx in front of them. `last` are further settings of the last API."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *, last: Mapping[str, str] = {}) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.tls_port = free_port()
        self.tls_url = f"https://127.0.0.1:{self.tls_port}"
        self.certificate = _certificate(folder)
        self.ports = [free_port() for _ in range(APIS)]
        env = {
            "PATH": os.environ["PATH"],
            "FORWARDED_ALLOW_IPS": "127.0.0.1",
            "ACCESS_LOG_SAMPLE": "1",
            "LOG_FORMAT": "json",
            **settings,
        }
        self.apis = [
            module("server", "--port", str(port), log=folder / f"api-{port}.log", env=each)
            for port, each in zip(self.ports, (*(APIS - 1) * (env,), {**env, **last}), strict=True)
        ]
        self.nginx = Process(str(NGINX), "-c", str(self._configuration()), "-p", str(folder), log=folder / "nginx.log")

    def _configuration(self) -> Path:
        """Our two files, with the ports and folders of this test."""
        site = "\n".join(
            (REPOSITORY / "deploy" / "nginx" / name).read_text(encoding="utf-8")
            for name in ("pnodes.conf", "site.conf")
        )
        for number, port in enumerate(self.ports, 8001):
            site = site.replace(f"127.0.0.1:{number}", f"127.0.0.1:{port}")
        site = site.replace("listen 80;", f"listen 127.0.0.1:{self.port};")
        # as added by certbot
        tls = (
            f"listen 127.0.0.1:{self.tls_port} ssl;",
            f"ssl_certificate {self.certificate};",
            f"ssl_certificate_key {self.certificate.with_suffix('.key')};",
        )
        site = site.replace("listen [::]:80;", "\n".join(tls))
        site = site.replace("/var/cache/nginx/pnodes", str(self.folder / "cache"))
        place = self.folder / "nginx.conf"
        place.write_text(PREFIX.format(folder=self.folder, user=_user()) + site + "\n}\n", encoding="utf-8")
        return place

    def requests(self) -> list[dict[str, Any]]:
        """The access log of all three APIs."""
        return [line for api in self.apis for line in self.requests_of(api)]

    @staticmethod
    def requests_of(api: Process) -> list[dict[str, Any]]:
        """The access log of one API."""
        lines = [json.loads(line) for line in api.text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == "http.request"]


def _certificate(folder: Path) -> Path:
    """A certificate of our own for 127.0.0.1, in `folder`, with its key."""
    place = folder / "site.pem"
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
    files = ("-out", str(place), "-keyout", str(place.with_suffix(".key")))
    request = (str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    subprocess.run((*request, *names, *files), check=True, capture_output=True)
    return place


def _user() -> str:
    """A master started by root would give its folders to workers of another user, who cannot access this one's."""
    return "user root; " if os.geteuid() == 0 else ""
