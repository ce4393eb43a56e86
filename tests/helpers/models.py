"""Jets made of random massive particles, and weaver ParTs with every weight randomised."""

import torch

from helpers.references import weaver_module


def random_jets(jets: int = 5, particles: int = 40, inputs: int = 17, seed: int = 0):
    """x (B, N, F), v (B, N, 4), mask (B, N), padded with zeros to different lengths."""
    g = torch.Generator().manual_seed(seed)
    lengths = torch.linspace(1, particles, jets).round().long()
    mask = torch.arange(particles) < lengths[:, None]
    p3 = torch.randn(jets, particles, 3, generator=g) * 20 + torch.tensor([50.0, 20.0, 10.0])
    energy = (p3.square().sum(-1) + 0.14**2).sqrt()
    v = torch.cat((p3, energy[..., None]), -1)
    x = torch.randn(jets, particles, inputs, generator=g)
    return x * mask[..., None], v * mask[..., None], mask


def randomise(model: torch.nn.Module, seed: int = 1) -> torch.nn.Module:
    """Every parameter and statistic away from its initial value, c_attn and BatchNorm's too."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                # To both sides: a common shift grows from block to block until the softmax is one key's alone.
                noise = 0.4 * (torch.rand(tensor.shape, generator=g) - 0.5)
                tensor += noise * tensor.std().nan_to_num(1.0).clamp(min=0.5)
    return model.eval()


def weaver_part(release: str, inputs: int = 17, classes: int = 10, **options):
    """Of a release of weaver-core, which in turn has several of the architecture: `version`, among the options."""
    module = weaver_module(release)
    model = module.ParticleTransformer(
        inputs, classes, use_pre_activation_pair=False, trim=False, activation="gelu", **options
    )
    return randomise(model)


def run_weaver(model, x, v, mask):
    with torch.no_grad():
        return model(x.transpose(1, 2), v.transpose(1, 2), mask[:, None])
