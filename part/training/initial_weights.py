"""Where a run's weights come from: fresh, another checkpoint's where they fit, or all of one's but a new head."""

from dataclasses import replace

from lightning.pytorch.utilities import rank_zero_only
from torch import nn

from part.errors import PartError
from part.models.build import build
from part.models.checkpoints.checkpoint import Checkpoint, load_checkpoint
from part.training.plan import Plan


def starting_model(plan: Plan) -> nn.Module:
    """The model of a plan as its run begins. Raises PartError if what it starts from is no match."""
    if plan.finetune:
        return with_new_head(plan)
    model = build(plan.config)
    if plan.start_from:
        take_weights(model, plan.start_from)
    return model


def with_new_head(plan: Plan) -> nn.Module:
    """The architecture and weights of `plan.finetune`, with a head for the plan's classes in place of its own."""
    given = load_for(plan, plan.finetune)
    config = given.model.config
    if config.model != plan.model:
        raise PartError(f"{plan.finetune} is a {config.model}; expected a {plan.model} to fine-tune.")
    if config.inputs != len(plan.schema[1]):
        raise PartError(f"{plan.finetune} takes {given.features.name} inputs; expected {plan.features}.")
    dropout = config.dropout if plan.dropout is None else plan.dropout
    model = build(replace(config, classes=len(plan.schema[0].labels), dropout=dropout))
    model.load_state_dict(
        {k: v for k, v in given.model.state_dict().items() if not k.startswith("head.")}, strict=False
    )
    return model


def load_for(plan: Plan, name: str) -> Checkpoint:
    """A checkpoint; weaver weights that fit two datasets are taken to be of the plan's. Raises PartError."""
    try:
        return load_checkpoint(name)
    except PartError:
        return load_checkpoint(name, plan.dataset)


def take_weights(model: nn.Module, name: str) -> list[str]:
    """Take over the weights of a checkpoint where name and shape agree; returns the names of the others.

    Raises PartError if none fits.
    """
    given, own = load_checkpoint(name).model.state_dict(), model.state_dict()
    fitting = {key: value for key, value in given.items() if key in own and own[key].shape == value.shape}
    if not fitting:
        raise PartError(f"No weights of {name} fit the model that is to start from them.")
    model.load_state_dict(fitting, strict=False)
    fresh = sorted(own.keys() - fitting.keys())
    if rank_zero_only.rank == 0:
        print(f"Took {len(fitting)} of {len(own)} tensors from {name}; fresh: {', '.join(fresh) or 'none'}.")
    return fresh


def teacher_of(plan: Plan) -> nn.Module | None:
    """The model that a plan distils from, unless it is a table. Raises PartError if it is no teacher for that."""
    if not plan.distill or plan.taught_by_table:
        return None
    given = load_for(plan, plan.distill)
    dataset, features = plan.schema
    if given.dataset != dataset or given.features != features:
        raise PartError(
            f"{plan.distill} tells the classes of {given.dataset.name} apart by {given.features.name} inputs; "
            f"expected those of the plan, {dataset.name} and {features.name}."
        )
    return given.model
