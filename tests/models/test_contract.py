"""The properties of every model, whatever its architecture and its weights are."""

import json
import subprocess
import sys

import pytest
import torch
from helpers.models import random_jets, random_model, record, small_configs
from helpers.references import ROOT
from torch import Tensor
from torch.nn import functional as F

from part.errors import PartError
from part.inference.trace import trace_model
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.models.attention import set_backend
from part.models.build import MODELS, build, config_from_dict
from part.models.checkpoints.checkpoint import load_checkpoint, save_checkpoint
from part.models.config import ModelConfig
from part.models.model import Model
from part.models.pcnn import PCNNConfig

CONFIGS = small_configs()


@pytest.fixture(scope="module", params=CONFIGS)
def config(request) -> ModelConfig:
    return CONFIGS[request.param]


@pytest.fixture(scope="module")
def model(config) -> Model:
    """A model that no test changes."""
    return random_model(config).requires_grad_(False)


@pytest.fixture(scope="module")
def jets(config) -> tuple[Tensor, Tensor, Tensor]:
    return random_jets(inputs=config.inputs)


def close(a: Tensor, b: Tensor, atol: float = 1e-5) -> None:
    torch.testing.assert_close(a, b, atol=atol, rtol=0)


def has_effect(name: str, config: ModelConfig) -> bool:
    """Return whether the logits depend on a tensor: a global token's row in the last block has no bias."""
    return not (getattr(config, "global_token", False) and name == f"blocks.{config.layers - 1}.bias")


class ModelContract:
    """The contract; a module that defines the fixtures `config`, `model` and `jets` can apply it to its own model."""

    def test_jets_are_distinguished(self, model, jets):
        """Otherwise the equalities below would mean nothing."""
        logits = model(*jets)
        assert logits.shape == (5, model.config.classes)
        assert (logits[1:] - logits[:-1]).abs().max() > 1e-3

    def test_the_order_of_the_particles_does_not_matter(self, model, jets):
        if isinstance(model.config, PCNNConfig):
            pytest.skip("a P-CNN takes the particles in the order of the file")
        order = torch.randperm(jets[0].shape[1], generator=torch.Generator().manual_seed(3))
        close(model(*(t[:, order] for t in jets)), model(*jets))

    def test_what_the_padding_holds_does_not_matter(self, model, jets):
        x, v, mask = jets
        momenta = torch.where(mask[..., None], v, 50.0)
        for noise in (50.0, torch.inf, torch.nan):
            close(model(torch.where(mask[..., None], x, noise), momenta, mask), model(x, v, mask))

    def test_how_much_padding_there_is_does_not_matter(self, model, jets):
        x, v, mask = jets
        close(model(*(F.pad(t, (0, 0, 0, 88)) for t in (x, v)), F.pad(mask, (0, 88))), model(x, v, mask))

    def test_a_jet_does_not_depend_on_the_others_of_its_batch(self, model, jets):
        alone = [model(*(t[i : i + 1, :n] for t in jets)) for i, n in enumerate(jets[2].sum(1))]
        close(torch.cat(alone), model(*jets))

    def test_a_tap_that_only_records_changes_nothing(self, model, jets):
        close(model(*jets, tap=lambda name, tensor: tensor), model(*jets))

    def test_a_tap_receives_every_step_of_the_attention(self, model, jets):
        config = model.config
        if config.attends_to is None:
            pytest.skip("it has no attention")
        steps = ["pattern", "values", "head_output", *(["gate"] if config.gate != "none" else [])]
        own = [*steps, "residual", *(["mixing"] if config.attends_to == "slots" else [])]
        own += ["scores_qk"] if config.has_qk else []
        expected = {"residual"} | {f"blocks.{i}.{name}" for i in range(config.layers) for name in own}
        expected |= {f"blocks.{i}.bias" for i in range(config.layers) if config.is_biased(i)}
        gate = ["gate"] if config.class_block.gate != "none" else []
        classes = ["pattern", "values", "head_output", "scores_qk", *gate]
        expected |= {f"class_blocks.{i}.{name}" for i in range(config.class_layers) for name in classes}
        names: list[str] = []
        model(*jets, tap=lambda name, tensor: names.append(name) or tensor)
        assert sorted(names) == sorted(expected)

    def test_a_tap_can_replace_what_it_receives(self, model, jets):
        logits = model(*jets)
        for replaced in record(model, *jets):
            changed = model(*jets, tap=lambda name, t, replaced=replaced: t.neg() if name == replaced else t)
            assert ((changed - logits).abs().max() > 1e-3) == has_effect(replaced, model.config), replaced

    def test_explicit_and_fused_attention_agree_and_all_weights_learn(self, config, jets):
        gradients, logits = [], []
        for backend in ("explicit", "fused"):
            model = random_model(config)
            set_backend(model, backend)
            logits.append(model(*jets))
            logits[-1].square().sum().backward()
            gradients.append({name: p.grad for name, p in model.named_parameters()})
            assert [name for name, gradient in gradients[-1].items() if gradient is None or not gradient.any()] == []
        close(*logits)
        for name, gradient in gradients[0].items():
            scale = gradient.abs().max().clamp(min=1e-2)
            # The logarithms of the pair features amplify float32 rounding in the gradients of the pair embedding.
            close(gradients[1][name] / scale, gradient / scale, atol=1e-3 if name.startswith("pair_embed") else 3e-4)

    def test_a_trace_holds_what_the_config_promises(self, model, jets):
        config, mask = model.config, jets[2]
        trace = trace_model(model, *jets)
        close(torch.from_numpy(trace.logits), model(*jets))
        attention = {"pattern": config.attends_to is not None, "mixing": config.attends_to == "slots"}
        for name, present in (attention | {"scores_qk": config.has_qk, "bias": config.has_bias}).items():
            assert trace.has(name) == present, name
        if not trace.has("pattern"):
            assert (config.layers, config.heads) == (0, 0)
            return
        rows = torch.from_numpy(trace.pattern).sum(-1)
        assert rows.shape == (5, config.layers, config.heads, 40)
        if config.global_token:  # has the rest of each row
            real = rows[mask[:, None, None].expand_as(rows)]
            assert real.max() <= 1 + 1e-6
            assert real.min() < 0.99
        else:
            close(rows, mask[:, None, None].expand_as(rows).float())

    @pytest.mark.filterwarnings("ignore:Mismatch dtype between input and weight:UserWarning")
    def test_bfloat16_is_precise_enough(self, model, jets):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(*jets)
        assert logits.dtype == torch.bfloat16
        close(logits.float().softmax(-1), model(*jets).softmax(-1), atol=0.02)

    def test_what_is_saved_comes_back(self, model, jets, tmp_path):
        path = save_checkpoint(tmp_path / "small.safetensors", model, FULL, JETCLASS, {})
        checkpoint = load_checkpoint(path)
        assert checkpoint.model.config == model.config
        assert type(checkpoint.model.config) is type(model).config_class
        close(checkpoint.model(*jets), model(*jets))
        second_path = save_checkpoint(tmp_path / "again.safetensors", checkpoint.model, FULL, JETCLASS, {})
        assert second_path.read_bytes() == path.read_bytes()

    def test_a_tensor_that_does_not_fit_is_named(self, model, tmp_path):
        path = save_checkpoint(tmp_path / "small.safetensors", model, FULL, JETCLASS, {})
        card = path.with_suffix(".json")
        card.write_text(card.read_text().replace('"classes": 10', '"classes": 9'))
        with pytest.raises(PartError, match=r"head\.weight has shape \(10, \d+\), expected \(9, \d+\)"):
            load_checkpoint(path)

    def test_a_configuration_survives_json_and_refuses_what_it_does_not_know(self, config):
        values = json.loads(json.dumps(config.to_dict()))
        assert config_from_dict(values) == config
        with pytest.raises(PartError, match=f"{config.model} has an unknown depth"):
            config_from_dict(values | {"depth": 3})
        with pytest.raises(PartError, match=f"describes the model '{config.model}', not 'ParTy'"):
            type(config)(**config.to_dict() | {"model": "ParTy"})

    def test_the_seed_decides_the_initial_weights(self, config):
        models = []
        for seed in (0, 0, 1):
            torch.manual_seed(seed)
            models.append(build(config).state_dict())
        first, same, other = models
        assert all(torch.equal(first[key], same[key]) for key in first)
        assert any(not torch.equal(first[key], other[key]) for key in first)


class TestContract(ModelContract):
    """The contract of all small models."""


def test_every_model_has_a_row():
    assert {config.model for config in CONFIGS.values()} == set(MODELS)


def test_listing_models_and_checkpoints_does_not_import_torch():
    code = "import sys, part.models.build, part.models.checkpoints.catalogue; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_an_unknown_model_is_refused_by_name():
    for values in ({"model": "ParTy"}, {"model": ["ParT"]}):
        with pytest.raises(PartError, match=r"There is no model .*ParT.*; this version knows ParT, ParTNoBias"):
            config_from_dict(values)
    with pytest.raises(PartError, match="does not name its model"):
        config_from_dict({"inputs": 7})
