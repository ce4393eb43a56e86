"""The study `dictionary`: how well a sparse dictionary writes a model's activations, and what its features mean.

A feature has a name if the property that tells most about it on one half of the jets holds on the other half, beyond
shuffled particles; as many random directions on the same activations say how many names come from the activations
alone. The second pass switches the most important features off, and doubles them.
Shapes: J jets, N particles, M features, K properties, C classes, F features whose effect is measured.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import awkward as ak
import numpy as np
import torch

from part.analysis.dictionary.files import TrainedDictionary, find_dictionary
from part.analysis.dictionary.names import Preferences, find_names
from part.analysis.dictionary.nulls import quantile_of_known, random_dictionary
from part.analysis.dictionary.properties import PROPERTIES, JetProperties
from part.analysis.dictionary.quality import centred_logits, quality_of_jets
from part.analysis.dictionary.result import MEASURES, DictionaryResult
from part.analysis.dictionary.sums import Correlations, FeatureSums, Reconstruction, Recovery
from part.analysis.physics.observables import jet_observables
from part.analysis.statistics.running_mean import RunningMean
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.jets.hashing import jet_hashes
from part.jets.schema import ENTRY
from part.options import option

RANDOM_SHARE = 0.95  # of random directions, whose effects are not larger than what charts show


@dataclass(frozen=True)
class DictionaryStudy:
    """What the features of a dictionary mean, and how well they stand in for the activations.

    Parameters
    ----------
    dictionary : str
        The file of a dictionary of the model's weights; "" for the shipped one.
    top : int
        How many features, the most important ones (see `DictionaryResult.importance`), are switched off and doubled.
    effect : float
        The least effect of a feature with a name, see `DictionaryResult.effect`.
    seed : int
        Seed of the random directions.
    """

    dictionary: str = option("file of a dictionary of the model (default: the shipped one)", "")
    top: int = option("features, the most important ones, that are switched off and doubled", 24)
    effect: float = option("the least effect of a feature with a name, from 0 (shuffled particles) to 1", 0.5)
    seed: int = option("seed of the random directions of the null hypothesis", 0)

    batch_size: ClassVar[int] = 32
    n_passes: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.top < 0 or not 0 < self.effect < 1:
            raise PartError(
                f"{self.top} features with a least effect of {self.effect:g}; expected 0 or more, and between 0 and 1."
            )

    def check(self, tagger: Tagger) -> None:
        find_dictionary(tagger, self.dictionary)

    def accumulator(self, tagger: Tagger) -> "DictionaryAccumulator":
        return DictionaryAccumulator(self, tagger, find_dictionary(tagger, self.dictionary))


class DictionaryAccumulator:
    """The sums over features in the first pass, and the effects of the most important ones in the second."""

    def __init__(self, study: DictionaryStudy, tagger: Tagger, trained: TrainedDictionary):
        self._study, self._tagger, self._trained = study, tagger, trained
        self._dictionary = trained.dictionary.to(tagger.device)
        self._random = random_dictionary(self._dictionary, study.seed)
        m, classes = self._dictionary.features, len(tagger.dataset.classes)
        self._recovery, self._reconstruction = Recovery(len(MEASURES)), Reconstruction(self._dictionary.width)
        self._features, self._class_frequency = FeatureSums(m), RunningMean((classes, m))
        self._excess, self._share = (RunningMean((2, m, len(PROPERTIES))) for _ in range(2))
        self._random_excess, self._random_share = (RunningMean((2, m, len(PROPERTIES))) for _ in range(2))
        self._correlations: Correlations | None = None
        self._observables: tuple[str, ...] = ()
        self._chosen: np.ndarray | None = None  # in the second pass
        self._change = RunningMean((min(study.top, m), 2, classes))

    def add(self, jets: ak.Array, labels: np.ndarray | None) -> None:
        forward = CachedForward(self._tagger, jets)
        with torch.no_grad():
            values = self._trained.place.of_forward(forward).float()
            weights = self._dictionary.encode(values) * forward.batch.mask[..., None]
            if self._chosen is None:
                self._describe(forward, values, weights, jets, labels)
            elif len(self._chosen):
                self._change.add(self._changes(forward, values, weights))

    def _describe(
        self,
        forward: CachedForward,
        values: torch.Tensor,
        weights: torch.Tensor,
        jets: ak.Array,
        labels: np.ndarray | None,
    ) -> None:
        dictionary, mask = self._dictionary, forward.batch.mask
        written, real = dictionary.decode(weights), mask.cpu().numpy()
        self._reconstruction.add(values[mask].cpu().numpy(), written[mask].cpu().numpy())
        states = torch.stack((written, dictionary.mean.expand_as(written)))
        probabilities = torch.cat((forward.probabilities[None], self._trained.place.rerun(forward, states)))
        self._recovery.add(quality_of_jets(probabilities.cpu().numpy(), labels))
        active = weights.cpu().numpy()
        attributions = self._attributions(forward, weights).cpu().numpy()
        self._features.add(active, real, ak.to_numpy(jets[ENTRY]), attributions)
        counts = real.sum(1)[:, None]
        if labels is not None:
            is_class = labels[:, None] == np.arange(len(self._tagger.dataset.classes))
            frequency = (active > 0).sum(1) / counts
            self._class_frequency.add(np.where(is_class[..., None], frequency[:, None], np.nan))
        self._add_properties(jets, active, (self._random.encode(values) * mask[..., None]).cpu().numpy())
        observed = jet_observables(jets)
        self._observables = tuple(observed)
        if self._correlations is None:
            self._correlations = Correlations(dictionary.features, len(observed))
        self._correlations.add(active.sum(1) / counts, np.stack(list(observed.values()), 1))

    def _attributions(self, forward: CachedForward, weights: torch.Tensor) -> torch.Tensor:
        """Return to first order what each feature adds to the centred logit of the predicted class (J, M)."""
        probabilities, batch = forward.probabilities, forward.batch
        n = probabilities.shape[-1]
        target = torch.nn.functional.one_hot(probabilities.argmax(-1), n).float() - 1 / n
        slopes = self._trained.place.gradient(forward.model, batch.x, batch.v, batch.mask, target)
        along = slopes.float() @ self._dictionary.directions.T * self._dictionary.scale
        return (along * weights).sum(1)

    def _add_properties(self, jets: ak.Array, active: np.ndarray, random: np.ndarray) -> None:
        """Add on which particles the features are active, in two halves by the content of the jets."""
        properties = JetProperties(jets)
        inside = ((jet_hashes(jets)[:, None] // 10) % 2 == np.arange(2))[..., None, None]
        for weights, of_excess, of_share in (
            (active, self._excess, self._share),
            (random, self._random_excess, self._random_share),
        ):
            share, null = properties.shares(weights)
            of_excess.add(np.where(inside, (share - null)[:, None], np.nan))
            of_share.add(np.where(inside, share[:, None], np.nan))

    def _changes(self, forward: CachedForward, values: torch.Tensor, weights: torch.Tensor) -> np.ndarray:
        """Return how the logits of jets move without each chosen feature, and if it is doubled (J, F, 2, C).

        NaN for a jet without the feature. What the dictionary does not explain of the activations stays as it is.
        """
        assert self._chosen is not None
        before = centred_logits(forward.probabilities.cpu().numpy())
        result = np.full((len(before), len(self._chosen), 2, before.shape[-1]), np.nan)
        for number, feature in enumerate(self._chosen.tolist()):
            added = self._dictionary.contribution(feature, weights[..., feature])
            states = torch.stack((values - added, values + added))
            after = self._trained.place.rerun(forward, states).cpu().numpy()
            has = (weights[..., feature] > 0).any(1).cpu().numpy()
            result[:, number] = np.where(has[:, None, None], (centred_logits(after) - before).swapaxes(0, 1), np.nan)
        return result

    def next_pass(self) -> None:
        self._chosen = np.argsort(-self._features.importance, kind="stable")[: self._study.top]

    @property
    def sums(self) -> dict[str, Any]:
        if self._chosen is not None:
            return {"_change": self._change}
        described = {name: value for name, value in vars(self).items() if hasattr(value, "merge")}
        return described | {"_observables": self._observables}

    def merge(self, sums: dict[str, Any]) -> None:
        for name, value in sums.items():
            if name == "_observables":
                self._observables = value or self._observables
            elif getattr(self, name) is None:
                self._correlations = Correlations(*value.value.shape)
                self._correlations.merge(value)
            else:
                getattr(self, name).merge(value)

    def result(self) -> DictionaryResult:
        features, study = self._features, self._study
        found = Preferences.from_sums(self._excess, self._share)
        random = Preferences.from_sums(self._random_excess, self._random_share)
        both = found.with_small_ends()
        names = find_names(both, study.effect)
        named = np.arange(len(names)), np.maximum(names, 0)
        quality, quality_error = self._recovery.means
        recovered, recovered_error = self._recovery.recovered
        active = np.maximum(features.count, 1)
        assert self._correlations is not None
        return DictionaryResult(
            model=self._tagger.name,
            dictionary=self._trained.name,
            place=str(self._trained.place),
            classes=self._tagger.dataset.titles,
            observables=self._observables,
            jets=features.jets,
            tokens=features.tokens,
            limit=self._dictionary.active,
            least_effect=study.effect,
            explained=self._reconstruction.explained,
            quality=quality,
            quality_error=quality_error,
            recovered=recovered,
            recovered_error=recovered_error,
            importance=features.importance / max(features.jets, 1),
            frequency=features.count / max(features.tokens, 1),
            strength=np.where(features.count > 0, features.total / active, np.nan),
            energy=features.squares / max(features.tokens, 1),
            histogram=features.histogram,
            entries=features.entry,
            particles=features.particle,
            strengths=np.where(features.entry >= 0, features.strength, np.nan),
            class_frequency=self._class_frequency.result.value.T,
            effect=found.effect[1],
            effect_error=found.effect_error[1],
            name=names,
            share=np.where(names >= 0, both.share[1][named], np.nan),
            share_error=np.where(names >= 0, both.share_error[1][named], np.nan),
            null=np.where(names >= 0, both.null[1][named], np.nan),
            random=quantile_of_known(random.effect[1], RANDOM_SHARE),
            random_names=int((find_names(random.with_small_ends(), study.effect) >= 0).sum()),
            correlation=self._correlations.value,
            chosen=np.zeros(0, int) if self._chosen is None else self._chosen,
            change=self._change.result,
        )
