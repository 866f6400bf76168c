# docker build -t selfsup-studio .                          for processors
# docker build -t selfsup-studio --build-arg DEVICE=cuda .  for NVIDIA's graphics cards
# How it is run: docs/deploy.md.
FROM python:3.11-slim-bookworm

ARG DEVICE=cpu
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

RUN useradd --create-home --uid 1000 studio \
    && install --directory --owner=studio --group=studio /data /runs
WORKDIR /app

# The packages first: they change seldom, and are the larger part.
COPY requirements.txt ./
COPY dashboard/requirements.txt dashboard/
RUN case "$DEVICE" in \
        cpu) list=dashboard/requirements.txt ;; \
        cuda) list=requirements.txt ;; \
        *) echo "DEVICE is cpu or cuda, not $DEVICE" >&2; exit 1 ;; \
    esac \
    && pip install --no-cache-dir --disable-pip-version-check -r "$list"

# What .dockerignore leaves: the app, the engine and the gallery.
COPY . ./

USER 1000
ENV SELFSUP_DATA=/data \
    SELFSUP_RUNS=/runs \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true
VOLUME ["/data", "/runs"]
EXPOSE 8501

# 200 once torch is loaded and a training could start; the answer says what is amiss.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as web; below = os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').strip('/'); web.urlopen('http://127.0.0.1:8501/' + (below + '/' if below else '') + 'health', timeout=8)"]

CMD ["streamlit", "run", "dashboard/server.py"]
