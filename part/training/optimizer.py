"""The optimizer of the published trainings, Ranger, its parameter groups and its learning-rate schedule."""

from typing import Any

import torch
from torch import nn


class Ranger(torch.optim.RAdam):
    """Lookahead over RAdam: every `k` steps slow weights move towards the weights, which then continue from them.

    The slow weights are part of the optimizer's state, so a resumed run continues exactly.

    Parameters
    ----------
    params : iterable
        Parameters or parameter groups, as in torch's optimizers.
    lr : float
        The learning rate.
    weight_decay : float
        The decoupled weight decay.
    betas : tuple of float
        The decay rates of RAdam's running means of the gradient and of its square.
    eps : float
        The term that keeps RAdam's denominator away from zero.
    k : int
        Steps between two updates of the slow weights.
    alpha : float
        The fraction of the way that the slow weights move in an update.

    References
    ----------
    Lookahead: arXiv:1907.08610. RAdam: arXiv:1908.03265.
    """

    def __init__(self, params, lr=1e-3, weight_decay=0.0, betas=(0.95, 0.999), eps=1e-5, k=6, alpha=0.5):
        super().__init__(params, lr, betas, eps, weight_decay, decoupled_weight_decay=True, foreach=True)
        self.defaults |= {"k": k, "alpha": alpha}
        for group in self.param_groups:
            group |= {"k": k, "alpha": alpha}

    @torch.no_grad()
    def step(self, closure=None):
        """Perform one step of RAdam, and every k-th time the update of the slow weights."""
        parameters = [(group, p) for group in self.param_groups for p in group["params"]]
        start = {p: p.clone() for _, p in parameters if "slow" not in self.state[p]}
        loss = super().step(closure)
        for group, p in parameters:
            state = self.state[p]
            if "step" not in state:  # the parameter has had no gradient yet
                continue
            slow = state.setdefault("slow", start.get(p))
            if int(state["step"]) % group["k"] == 0:
                p.copy_(slow.lerp_(p, group["alpha"]))
        return loss


def parameter_groups(
    model: nn.Module, lr: float, weight_decay: float, head_lr_factor: float = 1.0
) -> list[dict[str, Any]]:
    """Return the parameter groups of an optimizer for a model.

    Parameters
    ----------
    model : nn.Module
        The model; its parameters under "head." learn at their own rate.
    lr : float
        The learning rate.
    weight_decay : float
        The weight decay of matrices and kernels; scales, offsets and the class token have none.
    head_lr_factor : float
        The learning rate of the head, relative to `lr`.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        decays = parameter.ndim >= 2 and name != "class_token"
        groups.setdefault((decays, name.startswith("head.")), []).append(parameter)
    return [
        {
            "params": parameters,
            "weight_decay": weight_decay if decays else 0.0,
            "lr": lr * (head_lr_factor if in_head else 1.0),
        }
        for (decays, in_head), parameters in groups.items()
    ]


def hold_then_decay(progress: float, hold_fraction: float) -> float:
    """Return the factor of the learning rate after a fraction of the run: 1 until `hold_fraction`, 0.01 at the end."""
    if progress <= hold_fraction:
        return 1.0
    return 0.01 ** min(1.0, (progress - hold_fraction) / (1 - hold_fraction))
