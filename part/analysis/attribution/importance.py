"""The importance of constituents: the attention that they receive from each head, and the sizes of attributions.

Shapes: J jets, N particles of the longest jet, R sources of importance, H heads, Q queries, K keys.
"""

from dataclasses import dataclass

import awkward as ak
import numpy as np

from part.analysis.attribution.methods import attribute, check_method, supported_methods
from part.analysis.attribution.results import BY_PT, TITLES
from part.analysis.attribution.target import requested_target
from part.analysis.attribution.task import make_task
from part.inference.capabilities import lacks
from part.inference.tagger import Tagger
from part.jets import keep_leading
from part.jets.features import multiplicities
from part.jets.preprocessing import constituent_pt
from part.models.config import ModelConfig

METHODS_HELP = "methods of attribution beside the heads; by default all but Shapley that the model supports"
WITHOUT_SHAPLEY = "Shapley values are left out unless --methods names them: they take much longer."


@dataclass(frozen=True)
class Source:
    """Where numbers of importance come from.

    Parameters
    ----------
    kind : str
        "head": attention received, on average over the particles as queries. "class head": the attention of the class
        token. "mean": the mean over all heads of one of these kinds. "method": the size of an attribution. "pt": the
        particle's pT, for comparison.
    layer, head : int, optional
        Counted from 0.
    method : str
        A name in `methods.METHODS`, or "pt"; of a mean the kind of heads.
    """

    kind: str
    layer: int | None = None
    head: int | None = None
    method: str = ""

    def __str__(self) -> str:
        if self.layer is None or self.head is None:
            return f"mean of {self.method}s" if self.kind == "mean" else TITLES[self.method]
        return f"{'class ' if self.kind == 'class head' else ''}layer {self.layer + 1}, head {self.head + 1}"

    def columns(self) -> dict[str, str | int | None]:
        """Return the source as columns of a table; layers and heads count from 1."""
        place = (None if index is None else index + 1 for index in (self.layer, self.head))
        return {"source": str(self), "kind": self.kind, **dict(zip(("layer", "head"), place, strict=True))}


def chosen_methods(tagger: Tagger, methods: tuple[str, ...]) -> tuple[str, ...]:
    """Return the methods, or without any all that a model supports but Shapley values, which take much longer.

    Raises
    ------
    PartError
        For a method that is unknown or that the model does not support.
    """
    for method in methods:
        check_method(tagger, method)
    return methods or tuple(method for method in supported_methods(tagger) if method != "shapley")


class ParticleImportance:
    """The importance of the constituents of jets by all sources of a model.

    Parameters
    ----------
    tagger : Tagger
    methods : tuple of str
        Methods of attribution, see `chosen_methods`.
    target_class, contrast_class : str
        What is attributed, see `AttributionStudy`.
    """

    def __init__(self, tagger: Tagger, methods: tuple[str, ...], target_class: str = "", contrast_class: str = ""):
        self._tagger, self._methods = tagger, methods
        self._target = requested_target(tagger, target_class, contrast_class)
        config = tagger.config
        self.heads = [] if lacks(config, "particles") else _sources("head", config.layers, config.heads)
        of_kinds = (self.heads, class_heads(config))
        self._numbers = [len(sources) for sources in of_kinds if sources]  # of heads of each kind
        means = [Source("mean", method=sources[0].kind) for sources in of_kinds if sources]
        by_method = [Source("method", method=name) for name in methods]
        self.sources = (*of_kinds[0], *of_kinds[1], *means, *by_method, Source("pt", method=BY_PT))

    def __call__(self, jets: ak.Array) -> tuple[np.ndarray, np.ndarray]:
        """Return the importance (J, R, N), which sums to 1 over the particles of a jet, and the mask (J, N)."""
        counts = multiplicities(keep_leading(jets)[0])
        mask = np.arange(counts.max()) < counts[:, None]
        blocks = []
        if self._numbers:
            attention = normalised(self._attention(jets, mask))
            kinds = np.split(attention, np.cumsum(self._numbers)[:-1], 1)
            blocks = [attention, *(of_kind.mean(1, keepdims=True) for of_kind in kinds)]
        if self._methods:
            blocks.append(np.stack([self._attributions(jets[i : i + 1], mask.shape[1]) for i in range(len(jets))]))
        values = np.concatenate([*blocks, _momenta(jets, mask)[:, None]], 1)
        return normalised(values), mask

    def _attention(self, jets: ak.Array, mask: np.ndarray) -> np.ndarray:
        """Return the attention that particles receive from each head (J, R, N)."""
        _, cache = self._tagger.run_with_cache(jets, ("pattern",))
        n, received = mask.shape[1], {"head": [], "class head": []}
        for name, tensor in cache.items():
            pattern = tensor.float().cpu().numpy()
            if name.startswith("blocks.") and self.heads:
                received["head"].append(received_attention(pattern[..., -n:, -n:], mask))
            if pattern.shape[-1] == n + 1:  # the class token comes first
                received["class head"].append(pattern[..., 0, 1:] * mask[:, None])
        return np.concatenate([*received["head"], *received["class head"]], 1)

    def _attributions(self, jet: ak.Array, length: int) -> np.ndarray:
        """Return the sizes of the attributions of one jet (M, N)."""
        task = make_task(self._tagger, jet, self._target)
        sizes = np.stack([np.abs(attribute(task, method).values) for method in self._methods])
        return np.pad(sizes, ((0, 0), (0, length - sizes.shape[1])))


def received_attention(pattern: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the attention that each particle receives (J, H, N), on average over the real queries.

    pattern (J, H, N, N) is scaled to a sum of 1 over the real keys (J, N) of each query, which only changes it where a
    global token takes part of the attention.
    """
    pattern = pattern * (mask[:, :, None] & mask[:, None, :])[:, None]
    total = pattern.sum(-1, keepdims=True)
    rows = np.divide(pattern, total, out=np.zeros_like(pattern), where=total > 0)
    return rows.sum(-2) / mask.sum(1)[:, None, None]


def normalised(values: np.ndarray) -> np.ndarray:
    """Return values (..., N) scaled to a sum of 1; NaN where they are all 0."""
    total = values.sum(-1, keepdims=True, dtype=np.float64)
    return np.divide(values, total, out=np.full(values.shape, np.nan), where=total > 0)


def _sources(kind: str, layers: int, heads: int) -> list[Source]:
    return [Source(kind, layer, head) for layer in range(layers) for head in range(heads)]


def class_heads(config: ModelConfig) -> list[Source]:
    """Return the heads with which a class token or a global token attends to the particles."""
    layers = config.layers if getattr(config, "global_token", False) else getattr(config, "class_layers", 0)
    return _sources("class head", layers, getattr(config, "class_block", config).heads if layers else 0)


def _momenta(jets: ak.Array, mask: np.ndarray) -> np.ndarray:
    """Return the pT (J, N) in GeV, NaN where momenta are not known and 0 on padding."""
    pt = np.zeros(mask.shape)
    pt[mask] = constituent_pt(jets)
    return pt
