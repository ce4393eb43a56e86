"""Ranger: Lookahead (arXiv:1907.08610) over RAdam (arXiv:1908.03265), the optimizer of the published trainings."""

import torch


class Ranger(torch.optim.RAdam):
    """RAdam whose weights are pulled back every `k` steps to a slow copy that moves by `alpha` of the way.

    The slow copy lies in the optimizer's state, so a resumed run continues exactly. Weight decay is decoupled.
    """

    def __init__(self, params, lr=1e-3, weight_decay=0.0, betas=(0.95, 0.999), eps=1e-5, k=6, alpha=0.5):
        super().__init__(params, lr, betas, eps, weight_decay, decoupled_weight_decay=True, foreach=True)
        self.defaults |= {"k": k, "alpha": alpha}
        for group in self.param_groups:
            group |= {"k": k, "alpha": alpha}

    @torch.no_grad()
    def step(self, closure=None):
        """One RAdam step, and every k-th time the step back towards the slow weights."""
        parameters = [(group, p) for group in self.param_groups for p in group["params"]]
        start = {p: p.clone() for _, p in parameters if "slow" not in self.state[p]}
        loss = super().step(closure)
        for group, p in parameters:
            state = self.state[p]
            if "step" not in state:  # no gradient yet
                continue
            slow = state.setdefault("slow", start.get(p))
            if int(state["step"]) % group["k"] == 0:
                p.copy_(slow.lerp_(p, group["alpha"]))
        return loss
