// Looking closer: what a bar says when it is pointed at or focused; zoom and pan. Without this the page says the same.
const EDGE = 1.5; // % left free on either side, as the picture is drawn
const MOST = 64; // times as wide as the page
const APART = 110; // px between two ticks, at least

for (const scene of document.querySelectorAll(".scene")) {
  const lanes = scene.querySelector(".lanes");
  const drawing = lanes.querySelector("svg");
  const still = lanes.querySelectorAll(".still");
  const bands = lanes.querySelectorAll(".t-band");
  const ticks = lanes.querySelector(".ticks");
  const shown = scene.querySelector(".whole .window");
  const span = Number(lanes.dataset.span); // ms that the picture holds
  const tools = document.createElement("div");
  const says = document.createElement("output");
  let zoom = 1;
  let bar = null; // in focus, or last under the pointer: zoom goes there

  // Go so close that `at`, a share of the drawing, stands `from` px right of the view's left edge.
  const go = (to, at, from) => {
    zoom = Math.min(MOST, Math.max(1, to));
    drawing.style.width = `${zoom * 100}%`;
    lanes.classList.toggle("closer", zoom > 1);
    lanes.scrollLeft = at * drawing.clientWidth - from;
    mark();
    keep();
  };
  const set = (to) => {
    const all = drawing.getBoundingClientRect();
    const one = bar && bar.getBoundingClientRect();
    const at = one
      ? (one.left + one.width / 2 - all.left) / all.width
      : (lanes.scrollLeft + lanes.clientWidth / 2) / drawing.clientWidth;
    go(to, at, lanes.clientWidth / 2);
  };
  // What must be read wherever the view is: names of lanes, what a band says, and which part of the whole this is.
  const keep = () => {
    const left = lanes.scrollLeft;
    const edge = (EDGE / 100) * (drawing.clientWidth - lanes.clientWidth); // names keep their distance from the edge
    still.forEach((g) => g.setAttribute("transform", `translate(${left - edge} 0)`));
    for (const band of bands) {
      band.from ??= band.getAttribute("x");
      const begun = (parseFloat(band.from) / 100) * drawing.clientWidth;
      const end = (Number(band.dataset.to) / 100) * drawing.clientWidth;
      const least = left + (EDGE / 100) * lanes.clientWidth;
      band.setAttribute("x", begun < least && end > least + 40 ? least : band.from);
    }
    if (!shown) return;
    shown.setAttribute("x", `${(100 * left) / drawing.clientWidth}%`);
    shown.setAttribute("width", `${(100 * lanes.clientWidth) / drawing.clientWidth}%`);
  };
  // Ticks anew, at round instants that have room for what stands at them.
  const mark = () => {
    if (!ticks || !span) return;
    const height = drawing.getAttribute("height");
    const least = (span * APART) / drawing.clientWidth;
    const power = 10 ** Math.floor(Math.log10(least));
    const step = power * [1, 2, 5, 10].find((m) => power * m >= least);
    ticks.replaceChildren();
    for (let n = 0; n * step <= span; n++) {
      const ms = Number((n * step).toPrecision(6));
      const x = `${EDGE + (ms / span) * (100 - 2 * EDGE)}%`;
      const line = document.createElementNS(drawing.namespaceURI, "line");
      const text = document.createElementNS(drawing.namespaceURI, "text");
      for (const [name, value] of [["class", "grid"], ["x1", x], ["x2", x], ["y1", 44], ["y2", height - 24]])
        line.setAttribute(name, value);
      const anchor = n === 0 ? "start" : parseFloat(x) > 96 ? "end" : "middle";
      for (const [name, value] of [["class", "t-tick"], ["x", x], ["y", height - 8], ["text-anchor", anchor]])
        text.setAttribute(name, value);
      text.textContent = n === 0 ? "0 ms" : ms;
      ticks.append(line, text);
    }
  };
  const race = () => {
    const [from, to] = (lanes.dataset.race || "0 100").split(" ").map(Number);
    const room = Math.max(to - from, 0.5) * 0.15;
    const length = to - from + 2 * room;
    if (length > 75) go(1, 0, 0);
    else go(100 / length, (from - room) / 100, 0);
  };

  const button = (text, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", act);
    tools.append(made);
  };
  tools.className = "tools";
  button("Zoom in", () => set(zoom * 2));
  button("Zoom out", () => set(zoom / 2));
  button("Fit", () => go(1, 0, 0));
  if (lanes.dataset.race) button("The race", race);
  says.textContent =
    "Point at a bar, or move to it with the Tab key, to read what it is. Drag to move; Ctrl and the wheel to zoom.";
  tools.append(says);
  lanes.after(tools);
  scene.classList.add("scripted");

  lanes.addEventListener("scroll", keep);
  addEventListener("resize", () => (mark(), keep()));
  lanes.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls on
      event.preventDefault();
      const from = event.clientX - lanes.getBoundingClientRect().left;
      go(zoom * 2 ** (-event.deltaY / 200), (lanes.scrollLeft + from) / drawing.clientWidth, from);
    },
    { passive: false },
  );
  let held = null; // where a drag began
  let moved = false;
  lanes.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || event.pointerType !== "mouse") return; // a finger scrolls without help
    held = { x: event.clientX, left: lanes.scrollLeft };
    moved = false;
  });
  addEventListener("pointermove", (event) => {
    if (!held) return;
    moved ||= Math.abs(event.clientX - held.x) > 4;
    if (!moved) return;
    lanes.classList.add("held");
    lanes.scrollLeft = held.left + held.x - event.clientX;
  });
  addEventListener("pointerup", () => {
    held = null;
    lanes.classList.remove("held");
  });
  lanes.addEventListener("dragstart", (event) => event.preventDefault());
  lanes.addEventListener("click", (event) => moved && event.preventDefault(), true); // a drag is no click
  const strip = scene.querySelector(".whole");
  strip?.addEventListener("click", (event) => {
    const box = strip.getBoundingClientRect();
    go(zoom, (event.clientX - box.left) / box.width, lanes.clientWidth / 2);
  });

  const tell = (event) => {
    const pointed = event.target.closest("[data-says]");
    if (!pointed) return;
    says.textContent = pointed.dataset.says;
    if (drawing.contains(pointed)) bar = pointed;
  };
  scene.addEventListener("pointerover", tell);
  scene.addEventListener("focusin", tell);
  race();
}
const reveal = () => {
  const aim = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!aim) return;
  for (let at = aim; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  aim.scrollIntoView({ block: "center" });
};
addEventListener("hashchange", reveal);
reveal();
