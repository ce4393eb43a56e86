"""Ablations change their target and nothing else."""

import awkward as ak
import numpy as np
import pytest
import torch

from part.analysis.intervention.ablation import AblationTarget, ablate, ablation_targets, leave_one_out
from part.analysis.intervention.importance import ImportanceStudy
from part.analysis.intervention.reference import Reference
from part.inference.forward import CachedForward
from part.inference.loading import load_model
from part.jets.benchmarks import FULL
from part.jets.datasets import JETCLASS
from part.jets.hashing import jet_hashes
from part.models.build import build
from part.models.checkpoints.checkpoint import save_checkpoint
from part.models.config import ParTConfig
from part.models.pfn import PFNConfig

pytestmark = pytest.mark.filterwarnings("ignore:.*more than 128 constituents")  # one of the jets is that long


def tapped_model(tagger, forward, tap):
    """Return the probabilities of the whole model with a tap."""
    return tagger.logits(forward.batch, tap).softmax(-1).numpy()


def close(a, b, atol=2e-6):
    np.testing.assert_allclose(a, b, atol=atol)


def test_a_forward_pass_that_resumes_unchanged_is_the_same_pass(tagger, jets):
    forward = CachedForward(tagger, jets)
    close(forward.probabilities, tagger.predict(jets), 2e-5)
    for first in range(forward.layers + 1):
        for only_first in (True, False):
            rerun = forward.rerun_from(first, 2, lambda name, tensor: tensor, only_first=only_first)
            close(rerun, forward.probabilities.expand(2, -1, -1), 2e-5)


@pytest.mark.parametrize("kind", ["head", "attention", "bias", "q·k"])
def test_an_ablation_is_that_of_the_whole_model_with_one_tensor_replaced(tagger, jets, kind):
    forward = CachedForward(tagger, jets)
    target = AblationTarget(kind, 1, 2 if kind == "head" else None)
    name = "blocks.1." + {"bias": "bias", "q·k": "scores_qk"}.get(kind, "head_output")

    def zero_out(tap, tensor):
        if tap != name:
            return tensor
        tensor = tensor.clone()
        tensor[:, 2 if kind == "head" else slice(None)] = 0
        return tensor

    expected = tapped_model(tagger, forward, zero_out)
    result = ablate(forward, jets, [target])[0].numpy()
    assert np.abs(result - forward.probabilities.numpy()).max() > 1e-4
    close(result, expected, 2e-5)


def test_a_target_without_a_layer_is_ablated_in_all_layers(tagger, jets):
    forward = CachedForward(tagger, jets)
    expected = tapped_model(tagger, forward, lambda name, t: torch.zeros_like(t) if name.endswith("bias") else t)
    close(ablate(forward, jets, [AblationTarget("bias")])[0], expected, 2e-5)


def test_heads_of_the_class_blocks(tagger, jets):
    forward = CachedForward(tagger, jets)

    def zero_out(name, tensor):
        if name == "class_blocks.1.head_output":
            tensor = tensor.clone()
            tensor[:, 3] = 0
        return tensor

    close(ablate(forward, jets, [AblationTarget("class head", 1, 3)])[0], tapped_model(tagger, forward, zero_out), 2e-5)


def test_all_targets_together_give_what_each_gives_alone_in_the_requested_order(tagger, jets):
    forward, targets = CachedForward(tagger, jets), ablation_targets(tagger)
    assert len(targets) == len(set(map(str, targets))) == 3 * (4 + 3) + 2 * (4 + 1) + 2 + 5
    results = ablate(forward, jets, targets)
    for a in (0, 5, 20, 25, 30, len(targets) - 1):
        close(results[a], ablate(forward, jets, [targets[a]])[0], 2e-5)


def test_an_ablation_without_effect_changes_nothing(tagger, jets):
    """These jets hold no electrons, and the heads are replaced by their own output."""
    flags = {name: jets[name] * 0 if name == "part_isElectron" else jets[name] for name in jets.fields}
    no_electrons = ak.zip(flags, depth_limit=1)
    forward = CachedForward(tagger, no_electrons)
    close(ablate(forward, no_electrons, [AblationTarget("species", species=3)])[0], forward.probabilities)

    alone = jets[3:4]  # has one constituent, whose output is the mean
    forward = CachedForward(tagger, alone, {"head_output"})
    reference = Reference()
    reference.add(forward, alone)
    heads = [target for target in ablation_targets(tagger) if target.kind in ("head", "attention", "class head")]
    results = ablate(forward, alone, heads, "mean", reference)
    close(results, forward.probabilities.expand(len(heads), -1, -1), 2e-5)


def test_resampling_from_an_equal_jet_changes_nothing(tagger, jets):
    twice = ak.concatenate([jets[4:5], jets[4:5]])
    shifted = ak.zip(
        {n: twice[n] * (np.array([1, 1 + 1e-6]) if n == "part_px" else 1) for n in twice.fields}, depth_limit=1
    )
    assert len(set(jet_hashes(shifted))) == 2
    forward, reference = CachedForward(tagger, shifted, {"head_output"}), Reference()
    reference.add(forward, shifted)
    heads = [target for target in ablation_targets(tagger) if target.kind in ("head", "class head")]
    result = ablate(forward, shifted, heads, "resample", reference)
    close(result, forward.probabilities.expand(len(heads), -1, -1), 1e-4)


def test_leaving_out_one_particle_is_predicting_without_it(tagger, jets):
    forward = CachedForward(tagger, jets[1:2])
    result = leave_one_out(forward)
    assert result.shape == (12, 10)
    batch, remaining = forward.batch, [i for i in range(12) if i != 5]
    alone = tagger.model(batch.x[:, remaining], batch.v[:, remaining], batch.mask[:, remaining]).softmax(-1)[0].detach()
    close(result[5], alone, 2e-5)


def test_a_model_without_heads_is_refused_in_a_sentence(tmp_path):
    model = build(PFNConfig())
    tagger = load_model(save_checkpoint(tmp_path / "pfn.safetensors", model, FULL, JETCLASS, {}), "cpu")
    with pytest.raises(ValueError, match=r"^pfn has no attention heads to intervene on: a PFN has no attention"):
        ImportanceStudy().check(tagger)
    with pytest.raises(ValueError, match="cannot give way to 'noise'"):
        ImportanceStudy("noise")


def test_class_blocks_may_have_another_number_of_heads(tmp_path, jets):
    sizes = {"embed": (16,), "pair_embed": (8,), "heads": 4, "layers": 1, "class_layers": 1}
    network = build(ParTConfig(**sizes, in_class_blocks=(("heads", 2),)))
    tagger = load_model(save_checkpoint(tmp_path / "other.safetensors", network, FULL, JETCLASS, {"training": "none"}))
    targets = ablation_targets(tagger)
    assert [target.head for target in targets if target.kind == "class head"] == [0, 1]
    assert ablate(CachedForward(tagger, jets), jets, targets).isfinite().all()


def test_predictions_without_some_particles_are_those_of_the_whole_model(tagger, jets):
    forward = CachedForward(tagger, jets)
    batch, generator = forward.batch, torch.Generator().manual_seed(0)
    masks = batch.mask & (torch.rand(3, *batch.mask.shape, generator=generator) < 0.5)
    masks = torch.where(masks.any(-1, keepdim=True), masks, batch.mask)
    with torch.inference_mode():
        expected = torch.stack([tagger.model(batch.x, batch.v, mask).softmax(-1) for mask in masks])
    close(forward.with_particles(masks), expected, 2e-5)
