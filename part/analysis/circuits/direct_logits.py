"""Direct logit attribution: the share of each component in a difference of logits (arXiv:2211.00593).

Where the attention patterns, the scales of the norms and the gates are held at their values for a jet, a difference of
logits is a linear function of what components add to the residual stream: the embedding, the heads and feed-forward
parts of each layer, the class token, the feed-forward parts of the class blocks. Each share is a component's output
times the gradient of that function; with a constant from the biases of the weights they add up to the difference of
logits exactly. What a component does through patterns and feed-forward parts behind it is their share, not its own.
Shapes: B jets, T tokens, L layers, H heads, M class layers, C classes.
"""

from dataclasses import dataclass

import awkward as ak
import torch
from torch import Tensor, nn

from part.analysis.circuits.held_pass import NAMES, WEIGHTED, HeldPass
from part.errors import PartError
from part.inference.forward import CachedForward
from part.inference.tagger import Tagger
from part.models.transformer import ParticleTransformer


@dataclass(frozen=True, eq=False)
class LogitShares:
    """Shares in a difference of logits.

    Attributes
    ----------
    total : Tensor (B,)
        The difference of logits.
    embedding : Tensor (B, T)
        The share of each token's embedding.
    heads : Tensor (B, L, H, T)
        The share of each head, by the token to which it adds its output.
    ffn : Tensor (B, L, T)
        The share of each layer's feed-forward part.
    class_token : Tensor (B,)
    class_ffn : Tensor (B, M)
        The share of the class token's initial state, and of the class blocks' feed-forward parts.
    constant : Tensor (B,)
        The share of the weights' biases. All of the above add up to the total.
    mask : Tensor (B, T), bool
        True = real.
    """

    total: Tensor
    embedding: Tensor
    heads: Tensor
    ffn: Tensor
    class_token: Tensor
    class_ffn: Tensor
    constant: Tensor
    mask: Tensor

    @property
    def tokens(self) -> Tensor:
        """The share of each token (B, T): all that embedding, heads and feed-forward parts add to it."""
        return self.embedding + self.heads.sum((1, 2)) + self.ffn.sum(1)


@dataclass(frozen=True, eq=False)
class ClassHeadShares:
    """The same difference of logits by what the class token's heads read.

    Attributes
    ----------
    total : Tensor (B,)
    class_heads : Tensor (B, M, H, 1 + T)
        The share of each head and of each token it attends to, the class token first.
    class_token, class_ffn, constant : Tensor (B,), (B, M), (B,)
        As in `LogitShares`, apart from what passes through the values of the heads. All add up to the total.
    """

    total: Tensor
    class_heads: Tensor
    class_token: Tensor
    class_ffn: Tensor
    constant: Tensor


def check_linear(tagger: Tagger, what: str = "shares of logits") -> None:
    """Raise PartError for a model whose logits are no linear function of its residual stream, or that has none.

    `what` is what the caller wants of it, as it reads after "has no".
    """
    model, subject = tagger.model, f"{tagger.name} has no {what}"
    if not isinstance(model, ParticleTransformer):
        raise PartError(f"{subject}: a {tagger.config.model} has no residual stream.")
    if len(model.head_layers):
        raise PartError(f"{subject}: its head has hidden layers; expected a single linear one.")
    if not isinstance(model.head, nn.Linear) or tagger.precision != "fp32":
        raise PartError(f"{subject}: its weights are rounded; expected float32.")


def logit_shares(tagger: Tagger, jets: ak.Array, weights: Tensor) -> LogitShares:
    """Return the shares of all components in the sum of the logits with `weights` (C,) or (B, C).

    Raises
    ------
    PartError
        As `check_linear` does, or for jets that the model cannot take.
    """
    held = _held(tagger, jets, weights, cut=False)
    layers = range(tagger.config.layers)
    return LogitShares(
        total=held.total,
        embedding=held.share("embedding"),
        heads=torch.stack([held.share(f"blocks.{i}.heads") for i in layers], 1),
        ffn=torch.stack([held.share(f"blocks.{i}.ffn") for i in layers], 1),
        **_of_class_token(held),
        constant=held.constant,
        mask=held.mask,
    )


def class_head_shares(tagger: Tagger, jets: ak.Array, weights: Tensor) -> ClassHeadShares:
    """Return the shares of what the class token's heads read in the sum of the logits with `weights`.

    Raises
    ------
    PartError
        As `logit_shares` does, or for a model without class blocks.
    """
    layers = getattr(tagger.config, "class_layers", 0)
    if not layers:
        raise PartError(f"{tagger.name} has no shares of class heads: it has no class blocks.")
    held = _held(tagger, jets, weights, cut=True)
    heads = [held.share(WEIGHTED.format(i)) for i in range(layers)]
    return ClassHeadShares(held.total, torch.stack(heads, 1), **_of_class_token(held), constant=held.constant)


def _held(tagger: Tagger, jets: ak.Array, weights: Tensor, cut: bool) -> HeldPass:
    check_linear(tagger)
    return HeldPass(CachedForward(tagger, jets, NAMES), weights, cut)


def _of_class_token(held: HeldPass) -> dict[str, Tensor]:
    if "class_token" not in held.leaves:
        return {"class_token": torch.zeros_like(held.total), "class_ffn": held.total.new_zeros(len(held.total), 0)}
    names = [name for name in held.leaves if name.startswith("class_blocks.") and name.endswith(".ffn")]
    ffn = torch.cat([held.share(name) for name in names], 1)
    return {"class_token": held.share("class_token").squeeze(1), "class_ffn": ffn}
