# One image for the API (`python -m server`, the default), the worker (`python -m jobs.worker`), both with their own queue
# (`pnodes up`), and every other `pnodes` command. Nothing is compiled, and only the hashed packages of locks/image.txt are
# installed. The root file system may be read-only: only /data (`pnodes up`) and /tmp are written.
FROM python:3.12-slim-bookworm AS packages
COPY locks/image.txt /tmp/image.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary :all: --require-hashes -r /tmp/image.txt \
 && /opt/venv/bin/pip uninstall --yes --quiet pip

# The libraries of the dashboard. npm checks their hashes.
FROM node:24-bookworm-slim AS pages
WORKDIR /pages
COPY server/dashboard/package.json server/dashboard/package-lock.json server/dashboard/.npmrc server/dashboard/vendor.mjs ./
RUN npm ci --omit=dev --loglevel=error && node vendor.mjs && touch vendor/.ready

FROM python:3.12-slim-bookworm
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="pnodes" \
      org.opencontainers.image.description="GraphQL analytics for Xandeum storage nodes" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin pnodes \
 && install --directory --owner=pnodes --mode=0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY pyproject.toml ./
COPY schema schema
COPY server server
COPY --from=pages /pages/vendor server/dashboard/vendor
COPY jobs jobs
COPY deploy/pnodes deploy/pnodes
COPY deploy/healthcheck deploy/healthcheck
ENV PATH=/opt/venv/bin:/app/deploy:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8000
USER 10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# A container with only a worker has no port, and counts as healthy while it runs.
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s --retries=3 CMD ["python", "/app/deploy/healthcheck"]
# An empty HOST, as in an --env-file, means the default of the image.
CMD ["sh", "-c", "exec python -m server --host \"${HOST:-0.0.0.0}\""]
