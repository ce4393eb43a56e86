// The tour. Data: {steps: [{title, text, target}]}. The card is in the browser's top layer, so nothing covers it, and
// the page below stays usable. Browsers that a program drives are no visitors: there only the button opens it.
const SEEN = "partscope-tour"; // in localStorage, for this browser
const STEP = "partscope-tour-step"; // in sessionStorage, so that the tour goes on where the visitor changes the page
const WAIT = 1500; // milliseconds, for the page to draw first
const NARROW = 900; // pixels, below which the card would cover too much to come by itself

export default function ({ data, parentElement }) {
  if (!data) return;
  const card = parentElement.querySelector(".card");
  const find = (name) => parentElement.querySelector(`.${name}`);

  const show = (step) => {
    const { title, text, target } = data.steps[step];
    sessionStorage.setItem(STEP, step);
    localStorage.setItem(SEEN, "yes");
    find("title").textContent = title;
    find("text").textContent = text;
    find("count").textContent = `${step + 1} of ${data.steps.length}`;
    find("back").style.visibility = step ? "visible" : "hidden";
    find("next").textContent = step + 1 < data.steps.length ? "Next" : "Done";
    frame(target);
    if (!card.matches(":popover-open")) card.showPopover();
  };
  const close = () => {
    sessionStorage.removeItem(STEP);
    frame(null);
    if (card.matches(":popover-open")) card.hidePopover();
  };
  const move = (by) => {
    const step = Number(sessionStorage.getItem(STEP)) + by;
    if (step < data.steps.length) show(step);
    else close();
  };

  find("open").onclick = () => show(0);
  find("skip").onclick = close;
  find("back").onclick = () => move(-1);
  find("next").onclick = () => move(1);
  card.onkeydown = (event) => {
    if (event.key === "Escape") close();
  };

  const running = sessionStorage.getItem(STEP);
  const isVisitor = !navigator.webdriver && window.innerWidth >= NARROW;
  const first = setTimeout(() => {
    if (running !== null) show(Math.min(Number(running), data.steps.length - 1));
    else if (isVisitor && !localStorage.getItem(SEEN)) show(0);
  }, WAIT);
  return () => {
    clearTimeout(first);
    frame(null);
  };
}

/** Put a frame around what a step is about, and take it off the last one. */
function frame(target) {
  document.querySelectorAll("[data-tour]").forEach((element) => {
    element.style.outline = "";
    delete element.dataset.tour;
  });
  const element = target && document.querySelector(target);
  if (!element) return;
  element.dataset.tour = "";
  element.style.outline = "2px solid var(--st-primary-color, #2a6fdb)";
}
