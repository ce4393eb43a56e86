# ParTScope for others: docs/deploy.md says how it is run. Nothing is written but to /tmp and, where trainings are allowed, /runs.
FROM python:3.11-slim

# The compiler makes models predict in compiled code; without it torch runs them.
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt "authlib>=1.3.2" "httpx>=0.28"
COPY . .
RUN pip install --no-cache-dir --no-deps . && useradd --uid 1000 --no-create-home partscope

USER partscope
ENV HOME=/tmp \
    XDG_CACHE_HOME=/tmp/cache \
    PYTHONDONTWRITEBYTECODE=1 \
    PARTSCOPE_DATA=/data \
    PARTSCOPE_CHECKPOINTS=/checkpoints \
    PARTSCOPE_RUNS=/runs \
    PARTSCOPE_PERFORMANCE=/tmp/performance
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "streamlit_app.py", "--server.address", "0.0.0.0"]
