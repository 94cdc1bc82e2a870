# One image for both processes: `python -m server` (the default) and `python -m jobs.worker`, and for the command `pnodes`.
FROM python:3.12-slim AS packages
COPY locks/runtime.txt /tmp/runtime.txt
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/runtime.txt

# The libraries of the dashboard, which npm checks by their hashes.
FROM node:24-slim AS pages
WORKDIR /pages
COPY server/dashboard/package.json server/dashboard/package-lock.json server/dashboard/.npmrc server/dashboard/vendor.mjs ./
RUN npm ci --omit=dev --loglevel=error && node vendor.mjs && touch vendor/.ready

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home pnodes
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY pyproject.toml ./
COPY schema schema
COPY server server
COPY --from=pages /pages/vendor server/dashboard/vendor
COPY jobs jobs
COPY deploy/pnodes deploy/pnodes
ENV PATH=/opt/venv/bin:/app/deploy:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000
USER pnodes
EXPOSE 8000
STOPSIGNAL SIGTERM
# An empty HOST, as an --env-file may have it, means the default of the image.
CMD ["sh", "-c", "exec python -m server --host \"${HOST:-0.0.0.0}\""]
