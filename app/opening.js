// Runs in each page before Streamlit's own scripts.

// Where the server is; otherwise Streamlit asks below the page's address first, such as /train/_stcore/health, and the
// browser's console reports that there is nothing.
window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href };

// One step of the history for each choice, so that Back takes one press. A new address replaces the present one
// - if it is the same;
// - if the present one is a page without choices, to which the page's link leads before the choices follow;
// - if the present one is an address that no one asked for: a click that opens another page with choices of its own
//   gives them to the page that is left first.
{
  const [push, replace] = [history.pushState, history.replaceState].map((method) => method.bind(history));
  let inputs = 0; // of the user until now
  let chosen = null; // the last address with other choices of its page, and the inputs before it
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => inputs++, true);
  history.pushState = (state, title, url) => {
    const [from, to] = [new URL(location.href), new URL(url ?? location.href, location.href)];
    const isSamePage = to.pathname === from.pathname;
    const isPassing = chosen?.href === from.href && chosen.inputs === inputs;
    const replaces = to.href === from.href || (isSamePage ? !from.search : isPassing);
    (replaces ? replace : push)(state, title, url);
    chosen = isSamePage && !replaces ? { href: to.href, inputs } : null;
  };
}
