"""The runs, and the one that is chosen."""

from app.pages.train.state import TrainState
from app.services import runs, shipped_runs
from app.state import session


def resolve() -> tuple[list[runs.Run], runs.Run | None, dict[str, str]]:
    """Return all runs, those that come with the project last, the chosen one, and what is no run.

    The chosen one is the requested one, or the first; the session and the URL then name it.
    """
    session.enter("train")
    (own, left_out), requested = runs.list_runs(), session.read(TrainState).run
    all_runs = own + shipped_runs.shipped_runs()
    chosen = next((run for run in all_runs if shipped_runs.run_key(run) == requested), None)
    if requested and not chosen and all_runs:
        session.set_error(f"There is no run {requested[:100]}; {all_runs[0].name} is shown instead.")
    chosen = chosen or (all_runs[0] if all_runs else None)
    session.store(TrainState(shipped_runs.run_key(chosen) if chosen else ""))
    return all_runs, chosen, left_out


def outline_of(all_runs: list[runs.Run], chosen: runs.Run | None) -> tuple[str | None, set[tuple[str, str]]]:
    """Return what the layout of the whole page depends on."""
    return chosen and shipped_runs.run_key(chosen), {(shipped_runs.run_key(run), run.state) for run in all_runs}
