// What is cut or overlaps on a page, in words. Called by test_narrow_screen.py.
() => {
  const faults = [];
  const SMALLEST = 6; // px of the height of text, below which nobody reads it
  const isSeen = (element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  const hasArea = ({ width, height }) => width > 0.5 && height > 0.5;
  const common = (a, b) => [
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ];
  const main = document.querySelector("[data-testid=stMain]");

  /** All elements, with those of components, which are in shadow roots. */
  function* elements(root) {
    for (const element of root.querySelectorAll("*")) {
      yield element;
      if (element.shadowRoot) yield* elements(element.shadowRoot);
    }
  }

  /** The nearest element around this one that has a scroll bar where its content needs one, also around components. */
  function scrollerOf(element) {
    while (element && !["auto", "scroll"].includes(getComputedStyle(element).overflowX)) element = element.parentElement || element.getRootNode().host;
    return element;
  }

  function textsOf(plot) {
    const texts = [...plot.querySelectorAll("svg.main-svg text")].filter((text) => text.textContent.trim() && isSeen(text));
    return texts
      .filter((text) => !text.closest(".hoverlayer"))
      .map((text) => ({ words: text.textContent, box: text.getBoundingClientRect(), isTurned: /rotate\((?!-?90\b|0\b)/.test(text.getAttribute("transform") || "") }))
      .filter(({ box }) => hasArea(box) && box.height >= SMALLEST);
  }

  function checkChart(plot) {
    const frame = plot.getBoundingClientRect();
    if (!hasArea(frame)) return;
    const name = plot.closest("[class*=st-key-]")?.className.match(/st-key-(\S+)/)?.[1];
    const texts = textsOf(plot);
    for (const { words, box } of texts) {
      const over = Math.max(frame.left - box.left, box.right - frame.right, frame.top - box.top, box.bottom - frame.bottom);
      if (over > 1) faults.push(`${name}: "${words}" is ${over.toFixed(0)} px outside the chart`);
    }
    const cells = (plot._fullData || []).find((trace) => trace.type === "heatmap" && trace.texttemplate);
    const room = cells && plot._fullLayout.xaxis._length / cells.z[0].length;
    for (const text of cells ? plot.querySelectorAll(".heatmap-label text") : []) {
      if (text.getBoundingClientRect().width > room + 1) faults.push(`${name}: "${text.textContent}" does not fit its cell`);
    }
    texts.forEach((one, i) => {
      for (const other of texts.slice(i + 1)) {
        const [width, height] = common(one.box, other.box);
        const isSame = one.words === other.words && Math.abs(one.box.left - other.box.left) < 2 && Math.abs(one.box.top - other.box.top) < 2; // drawn again on a dark cell
        if (width > 1 && height > 3 && !one.isTurned && !other.isTurned && !isSame) faults.push(`${name}: "${one.words}" and "${other.words}" overlap`);
      }
    });
  }

  function checkElement(element) {
    const box = element.getBoundingClientRect();
    if (!isSeen(element) || !hasArea(box) || box.width < 3 || element.closest(".js-plotly-plot, svg")) return;
    const words = element.textContent.trim().slice(0, 40) || element.value;
    const isCutting = ["hidden", "clip"].includes(getComputedStyle(element).overflowX) || element.tagName === "INPUT";
    if (isCutting && words && element.scrollWidth > element.clientWidth + 1 && !element.closest("[title]")) faults.push(`"${words}" is cut: ${element.scrollWidth} > ${element.clientWidth} px`);
    const scroller = scrollerOf(element);
    const isText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (isText && (!scroller || scroller === main) && box.right > main.getBoundingClientRect().right + 1) faults.push(`"${words}" is beyond the page`);
  }

  function checkQuestionMarks() {
    const marks = [...main.querySelectorAll("[class*=st-key-about_] svg")].filter(isSeen).map((mark) => mark.getBoundingClientRect());
    for (const element of elements(main)) {
      if (!isSeen(element) || element.closest("[class*=st-key-about_], style, script")) continue;
      for (const node of [...element.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE && child.data.trim())) {
        const range = document.createRange();
        range.selectNodeContents(node);
        const inside = scrollerOf(element).getBoundingClientRect();
        const boxes = [...range.getClientRects()].filter((box) => hasArea(box) && Math.min(...common(box, inside)) > 0);
        if (boxes.some((box) => marks.some((mark) => Math.min(...common(box, mark)) > 2 && Math.min(...common(mark, inside)) > 2))) faults.push(`a question mark is over "${node.data.trim().slice(0, 40)}"`);
      }
    }
  }

  document.querySelectorAll(".js-plotly-plot").forEach(checkChart);
  for (const element of elements(main)) checkElement(element);
  checkQuestionMarks();
  return faults;
}
