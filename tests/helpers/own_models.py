"""Untrained models that read the files of `own_training` by data configs of their own, saved by the project."""

from pathlib import Path

import torch

from helpers.own_training import CLASSES, DEFINITIONS, FEATURES, own_config, write_config, write_network
from part.jets.config.parsing import parse_config
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig

MANY = 188
# Without four-vectors, and without variables whose names say that they are momenta.
WITHOUT_MOMENTA = {
    "new_variables": {name: text for name, text in DEFINITIONS.items() if name[-3:] not in ("_px", "_py", "_pz")},
    "inputs": {name: group for name, group in own_config()["inputs"].items() if name != "pf_vectors"},
}
MASS = {"labels": {"type": "custom", "value": {"mass": "fj_energy / 100"}}}  # a number to regress, with one output
INDEX_OF_MANY = {"labels": {"type": "custom", "value": {"truth": "flavour * 60 + 7"}}}


def write_own_model(path: Path, kind: str = "plain", classes: int = 3, seed: int = 0, changes=None, **config) -> Path:
    """Write an untrained ParT for a data config of `own_config(kind, **changes)`, with sharpened attention.

    config : fields of ParTConfig.
    """
    data_config = parse_config(own_config(kind, **changes or {}), path.stem, str(path)).for_outputs(classes)
    features = data_config.feature_set()
    sizes = {"embed": (16, 32), "pair_embed": (8,) if features.has_vectors else None, "heads": 4, "layers": 3}
    torch.manual_seed(seed)
    network = build(ParTConfig(inputs=len(features), collections=features.widths, classes=classes, **sizes | config))
    with torch.no_grad():
        for block in network.blocks:
            block.attn.qkv.weight *= 3
        network.head.weight *= 2
    return save_checkpoint(path, network, features, data_config.dataset(classes), {"training": "none"})


def write_weaver_training(folder: Path, kind: str = "plain", release: str = "0.5.3", has_network: bool = False) -> Path:
    """Write the folder of a training with weaver-core: random weights, their data config and perhaps the network file.

    Without the network file, `use_pre_activation_pair` and others are open, and decide what the weights predict.
    """
    from helpers.weaver_part import make_network

    folder.mkdir(parents=True)
    as_written = {"embed_dims": [16, 32, 16], "pair_embed_dims": [8, 8], "num_layers": 2, "fc_params": [(12, 0.0)]}
    options = as_written if has_network else {}
    network = make_network(release, options, inputs=(len(FEATURES),), classes=len(CLASSES))
    for name, tensor in network.state_dict().items():
        if name.startswith("pair_embed") and name.endswith("weight") and tensor.ndim > 1:
            tensor *= 8
    torch.save(network.state_dict(), folder / "net_best_epoch_state.pt")
    write_config(folder / "own.yaml", kind)
    if has_network:
        write_network(folder / "network.py", kind)
    return folder
