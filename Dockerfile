FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/coverplan
COPY requirements.lock ./
RUN /opt/coverplan/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN /opt/coverplan/bin/pip install --no-deps --no-build-isolation . \
    && /opt/coverplan/bin/pip uninstall --yes editables hatchling pathspec pluggy trove-classifiers pip

FROM python:3.11-slim-bookworm
RUN useradd --system --create-home --uid 10001 coverplan \
    && install --directory --owner coverplan --mode 0700 /var/lib/coverplan /scratch
COPY --from=build /opt/coverplan /opt/coverplan
ENV PATH=/opt/coverplan/bin:$PATH PYTHONUNBUFFERED=1 COVERPLAN_DATA_DIR=/var/lib/coverplan \
    COVERPLAN_WORK_DIR=/scratch
USER 10001
WORKDIR /home/coverplan
EXPOSE 8000
VOLUME /var/lib/coverplan /scratch
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["coverplan"]
# Needs an API key in the database first: run it once with `keys create` on the same volume, or pass --insecure.
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
