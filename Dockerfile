# The registry as one image: the service, its command line and its own PostgreSQL. Nothing from the lock's test part.
#
#     docker build -t registry .
#     docker run --init --read-only --tmpfs /tmp -v registry:/var/lib/registry -p 8000:8000 registry
#
# With DATABASE_URL set it uses that server and starts none of its own. Everything it writes is under /var/lib/registry.

FROM python:3.12-slim AS build

WORKDIR /build
COPY bootstrap/ bootstrap/
COPY requirements.lock ./
# The lock is given as constraints here: only what is needed is taken from it, and under --require-hashes each file must
# have a hash that stands there. The vendored pip is used, so that the base image's version makes no difference.
RUN python -m venv --without-pip /build/tools \
 && /build/tools/bin/python bootstrap/pip-26.3-py3-none-any.whl/pip install \
    --no-cache-dir --require-hashes --constraint requirements.lock hatchling
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY migrations/ migrations/
COPY src/ src/
RUN /build/tools/bin/python -m hatchling build --target wheel --directory /build/dist \
 && wheel=$(echo /build/dist/*.whl) \
 && hash=$(sha256sum "$wheel") \
 && echo "hocbaso-registry @ file://$wheel --hash=sha256:${hash%% *}" > project.txt \
 && python -m venv --without-pip /opt/registry \
 && /opt/registry/bin/python bootstrap/pip-26.3-py3-none-any.whl/pip install \
    --no-cache-dir --require-hashes --constraint requirements.lock --requirement project.txt


FROM python:3.12-slim

# A fixed number, so that the owner of a volume stays the same over images; a name, because PostgreSQL's initdb wants one.
RUN groupadd --gid 10001 registry \
 && useradd --uid 10001 --gid registry --no-create-home --home-dir /var/lib/registry --shell /usr/sbin/nologin registry \
 && install --directory --mode=0700 --owner=registry --group=registry /var/lib/registry
COPY --from=build /opt/registry /opt/registry

# Bytecode was compiled at the build; the file system may be read-only now.
ENV PATH=/opt/registry/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    REGISTRY_STATE_DIR=/var/lib/registry

USER 10001:10001
WORKDIR /var/lib/registry
VOLUME /var/lib/registry
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('REGISTRY_PORT', '8000') + '/readyz', timeout=4)"]
ENTRYPOINT ["registry"]
CMD ["serve", "--host", "0.0.0.0", "--workers", "2"]
