"""What the page Circuits chooses among: corruptions, classes of pairs, models to compare layers with."""

from part.analysis.circuits.corruptions import CORRUPTIONS
from part.analysis.circuits.edges.graph_json import graph_json
from part.analysis.circuits.pairs import pair_classes
from part.inference.tagger import Tagger
from part.models.build import config_class
from part.models.checkpoints.cards import parse_card
from part.models.checkpoints.catalogue import BUNDLED
from part.models.config import ParTConfig

CORRUPTION_TITLES = {name: corruption.title for name, corruption in CORRUPTIONS.items()}


def models_with_layers(tagger: Tagger) -> tuple[str, ...]:
    """Return the names of the shipped transformers of the model's benchmark, without the model itself."""
    if tagger.data_config is not None:
        return ()
    cards = {path.stem: parse_card(path) for path in sorted(BUNDLED.glob("*.json"))}
    return tuple(
        name
        for name, card in cards.items()
        if "weights" not in card
        and card["dataset"] == tagger.dataset.name
        and issubclass(config_class(card["config"]["model"]), ParTConfig)
        and name != tagger.name
    )


__all__ = ["CORRUPTION_TITLES", "graph_json", "models_with_layers", "pair_classes"]
