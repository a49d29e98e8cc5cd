# Driftline's image: the service in a virtual environment on a slim Python, run by a user without rights.
#
# The base is named by its whole tag; for a build that can be repeated to the byte, hand in its digest too:
#   docker build --build-arg PYTHON_IMAGE=docker.io/library/python:3.13.9-slim-bookworm@sha256:... -t driftline .
ARG PYTHON_IMAGE=docker.io/library/python:3.13.9-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# Dependencies first: this layer is built again only when a lock changes. With the extra `traces`, 12 MB, so that traces
# are a matter of configuration: nobody can install into an image that runs. The environment that goes into the image
# never holds pip or the build's own tools.
COPY requirements-traces.lock requirements-build.lock ./
RUN python3 -m venv --without-pip /opt/driftline \
    && python3 -m pip --python /opt/driftline/bin/python install \
        --require-hashes --no-deps --no-compile --only-binary=:all: -r requirements-traces.lock \
    && python3 -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --no-deps -r requirements-build.lock

# A compiler for the event scanner; the final image has none.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY detectors detectors
COPY service service
# A link in service/demo/data leads here.
COPY examples/flights/driftline.yaml examples/flights/driftline.yaml
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
    && python3 -m pip --python /opt/driftline/bin/python install --no-deps --no-index --no-compile /dist/*.whl

# Drop what libraries need only to be tested or compiled against; then compile, since the root file system of a running
# container is read-only and byte code would be made anew at every start.
RUN find /opt/driftline/lib -depth -type d \( -name tests -o -name __pycache__ -o -name include \) -exec rm -rf {} + \
    && find /opt/driftline/lib -type f \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pyi' \) -delete \
    && python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/driftline/lib

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Driftline" \
    org.opencontainers.image.description="A streaming monitor for machine-learning models in production, on Kafka." \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/driftline /opt/driftline
# One thread for linear algebra: the matrices are small, and a pool per core of the node would only take memory.
ENV PATH=/opt/driftline/bin:$PATH HOME=/tmp \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MALLOC_ARENA_MAX=2
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
STOPSIGNAL SIGTERM
# For engines without probes of their own; with another `web.port`, overrule it when the container is started.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python3", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["driftline"]
CMD ["run", "--config", "/etc/driftline/driftline.yaml"]
