"""Charts of the study `similarity`: how similar the representations at different depths are."""

import numpy as np

from part.analysis.similarity.study import SimilarityResult
from part.analysis.statistics.running_mean import Z95
from part.figures.charts import Chart, Grid
from part.figures.sentences.places import ends


def charts(result: SimilarityResult) -> dict[str, Chart]:
    """Return the maps over particles and over jets."""
    return {kind: similarity_map(result, kind) for kind in result.readouts}


def similarity_map(result: SimilarityResult, kind: str) -> Grid:
    """Return the CKA of all pairs of read-outs, over "particles" or "jets"."""
    rows, columns = result.readouts[kind], result.others[kind]
    value, error = result.value[kind], result.error[kind]
    two = len(result.models) > 1
    first, second = (i.ravel() for i in np.indices(value.shape)) if two else np.triu_indices(len(rows), 1)
    pairs = [f"{rows[a]} and {columns[b]}" for a, b in zip(first, second, strict=True)]
    half = Z95 * error[first, second]
    sentence = ends(value[first, second], half, pairs, most="Most similar are", least="least")
    title = f"Similarity of layers{' of two models' if two else ''}, over {kind}"
    return Grid(
        title,
        "CKA",
        value,
        rows,
        columns,
        row_title=result.models[0] if two else "",
        column_title=result.models[-1] if two else "",
        error=error,
        limits=(0.0, 1.0),
        sentence=sentence,
        about=f"similarity_{kind}",
    )
