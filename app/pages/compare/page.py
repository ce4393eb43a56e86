"""Compare: two to four models on the same jets: how good each is, what it costs, where they differ."""

from app.components.messages import caption, note, show_errors
from app.components.page import open_page
from app.components.sidebar import sidebar
from app.components.study.progress import show_progress, user_error
from app.components.study.to_explore import go_to_explore
from app.pages.compare.context import CompareContext
from app.pages.compare.header import header
from app.pages.compare.samples import show_samples
from app.pages.compare.sections import show_result
from app.pages.compare.state import CompareState
from app.state.session import get_error


def render() -> None:
    go_to_explore()
    page = open_page(CompareState)
    if not page:
        return
    sidebar(page.resolved, one_by_one=False)
    context = CompareContext.create(page)
    job = context.job
    header(context, job)
    show_errors(get_error(), context.error, user_error(job), user_error(context.times_job))
    caption(context.about)
    if context.models and not job:
        note("Run measures quality with its intervals, disagreement, changes of attention and cost on these jets.")
    if context.samples and not job:
        note("Run measures quality and scores of the model on the first jets of both samples that pass the filters.")
    if job and job.is_running:
        show_progress([job])
    elif job and job.result is not None:
        show_samples(context, job.result) if context.samples else show_result(context, job.result)


render()
