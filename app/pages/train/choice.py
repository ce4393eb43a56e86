"""The runs, and the one that is chosen."""

from app.pages.train.state import TrainState
from app.services import runs
from app.state import session


def resolve() -> tuple[list[runs.Run], runs.Run | None, dict[str, str]]:
    """Return all runs, the requested one or the first, which the session and the URL then name, and what is no run."""
    session.load()
    session.enter("train")
    (all_runs, left_out), requested = runs.list_runs(), session.read(TrainState).run
    chosen = next((run for run in all_runs if run.name == requested), None)
    if requested and not chosen and all_runs:
        session.set_error(f"There is no run {requested[:100]}; this is another one.")
    chosen = chosen or (all_runs[0] if all_runs else None)
    session.store(TrainState(chosen.name if chosen else ""))
    return all_runs, chosen, left_out


def outline_of(all_runs: list[runs.Run], chosen: runs.Run | None) -> tuple[str | None, set[tuple[str, str]]]:
    """Return what the layout of the whole page depends on."""
    return chosen and chosen.name, {(run.name, run.state) for run in all_runs}
