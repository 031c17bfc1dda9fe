// Looking closer: what a bar says when it is pointed at or focused, and zoom. Without this the page says the same.
for (const scene of document.querySelectorAll(".scene")) {
  const lanes = scene.querySelector(".lanes");
  const drawing = lanes.querySelector("svg");
  const still = lanes.querySelectorAll(".still");
  const tools = document.createElement("div");
  const says = document.createElement("output");
  let zoom = 1;
  let bar = null; // in focus, or last under the pointer: zoom goes there
  const set = (to) => {
    const all = drawing.getBoundingClientRect();
    const one = bar && bar.getBoundingClientRect();
    const middle = one
      ? (one.left + one.width / 2 - all.left) / all.width
      : (lanes.scrollLeft + lanes.clientWidth / 2) / drawing.clientWidth;
    zoom = Math.min(16, Math.max(1, to));
    drawing.style.width = `${zoom * 100}%`;
    lanes.scrollLeft = middle * drawing.clientWidth - lanes.clientWidth / 2;
    keep();
  };
  const keep = () => still.forEach((g) => g.setAttribute("transform", `translate(${lanes.scrollLeft} 0)`));
  const button = (text, to) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.addEventListener("click", () => set(to()));
    tools.append(made);
  };
  tools.className = "tools";
  button("Zoom in", () => zoom * 2);
  button("Zoom out", () => zoom / 2);
  button("Fit", () => 1);
  says.textContent = "Point at a bar, or move to it with the Tab key, to read what it is.";
  tools.append(says);
  lanes.after(tools);
  lanes.addEventListener("scroll", keep);
  const tell = (event) => {
    const pointed = event.target.closest("[data-says]");
    if (!pointed) return;
    says.textContent = pointed.dataset.says;
    if (drawing.contains(pointed)) bar = pointed;
  };
  scene.addEventListener("pointerover", tell);
  scene.addEventListener("focusin", tell);
}
const reveal = () => {
  const aim = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!aim) return;
  for (let at = aim; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  aim.scrollIntoView({ block: "center" });
};
addEventListener("hashchange", reveal);
reveal();
