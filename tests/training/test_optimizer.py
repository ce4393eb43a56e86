"""Ranger is RAdam with slow weights: checked step by step against torch's RAdam."""

import pytest
import torch

from part.training.optimizer import Ranger


def gradients(steps):
    g = torch.Generator().manual_seed(0)
    return [torch.randn(7, generator=g) for _ in range(steps)]


def run(optimizer, p, grads):
    for grad in grads:
        p.grad = grad.clone()
        optimizer.step()
    return p.detach().clone()


def test_between_updates_of_the_slow_weights_it_is_radam():
    a, b = torch.nn.Parameter(torch.ones(7)), torch.nn.Parameter(torch.ones(7))
    radam = torch.optim.RAdam([b], lr=0.1, betas=(0.95, 0.999), eps=1e-5)
    assert torch.equal(run(Ranger([a], lr=0.1), a, gradients(5)), run(radam, b, gradients(5)))


def test_every_sixth_step_goes_half_the_way_from_the_slow_weights():
    a, b = torch.nn.Parameter(torch.ones(7)), torch.nn.Parameter(torch.ones(7))
    radam = torch.optim.RAdam([b], lr=0.1, betas=(0.95, 0.999), eps=1e-5)
    fast = run(radam, b, gradients(6))
    torch.testing.assert_close(run(Ranger([a], lr=0.1), a, gradients(6)), (torch.ones(7) + fast) / 2)


def test_a_resumed_optimizer_continues_exactly():
    grads = gradients(20)
    a = torch.nn.Parameter(torch.ones(7))
    uninterrupted = run(Ranger([a], lr=0.1, weight_decay=0.01), a, grads)
    b = torch.nn.Parameter(torch.ones(7))
    first = Ranger([b], lr=0.1, weight_decay=0.01)
    run(first, b, grads[:10])
    c = torch.nn.Parameter(b.detach().clone())
    second = Ranger([c], lr=0.1, weight_decay=0.01)
    second.load_state_dict(first.state_dict())
    assert torch.equal(run(second, c, grads[10:]), uninterrupted)


def test_it_finds_the_minimum_of_a_parabola():
    p = torch.nn.Parameter(torch.full((7,), 3.0))
    optimizer = Ranger([p], lr=0.1)
    for _ in range(400):
        optimizer.zero_grad()
        (p - 1).square().sum().backward()
        optimizer.step()
    assert p.detach().tolist() == pytest.approx([1.0] * 7, abs=1e-2)
