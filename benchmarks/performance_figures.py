"""Draw the figures of docs/performance.md from its stored measurements: python benchmarks/performance_figures.py

It measures nothing: docs/performance/speed.json and growth.json are read as they are, and speed.png and growth.png are
written beside them.
"""

import io
from pathlib import Path

from PIL import Image

from part.benchmarking.results import read
from part.figures import speed_charts
from part.figures.matplotlib import figure_bytes
from part.figures.matplotlib.charts import draw_chart

FOLDER = Path(__file__).parents[1] / "docs" / "performance"
FIGURES = {"speed": ("batch", ("latency", "throughput")), "growth": ("n", ("latency", "memory"))}
WIDTH = 3.4  # inches of each panel


def main() -> None:
    for name, (axis, panels) in FIGURES.items():
        series: dict[str, list] = {}
        for row in read(FOLDER / f"{name}.json").measurements():
            series.setdefault(row.model, []).append(row)
        charts = [getattr(speed_charts, panel)(series, axis) for panel in panels]
        drawn = [figure_bytes(draw_chart(chart, WIDTH), "png", {}) for chart in charts]
        images = [Image.open(io.BytesIO(content)).convert("RGB") for content in drawn]
        whole = Image.new("RGB", (sum(image.width for image in images), max(i.height for i in images)), "white")
        for number, image in enumerate(images):
            whole.paste(image, (sum(other.width for other in images[:number]), 0))
        small = whole.resize((1156, round(1156 * whole.height / whole.width)), Image.Resampling.LANCZOS)
        small.quantize(256).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
