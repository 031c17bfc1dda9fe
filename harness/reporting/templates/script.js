// Looking closer: what a bar says when it is pointed at or focused, and zoom. Without this the page says the same.
for (const scene of document.querySelectorAll(".scene")) {
  const lanes = scene.querySelector(".lanes");
  const drawing = lanes.querySelector("svg");
  const still = lanes.querySelectorAll(".still");
  const tools = document.createElement("div");
  const says = document.createElement("output");
  let zoom = 1;
  const set = (to) => {
    const middle = (lanes.scrollLeft + lanes.clientWidth / 2) / drawing.clientWidth;
    zoom = Math.min(16, Math.max(1, to));
    drawing.style.width = `${zoom * 100}%`;
    lanes.scrollLeft = middle * drawing.clientWidth - lanes.clientWidth / 2;
    keep();
  };
  const keep = () => still.forEach((g) => g.setAttribute("transform", `translate(${lanes.scrollLeft} 0)`));
  const button = (text, label, to) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", () => set(to()));
    tools.append(made);
  };
  tools.className = "tools";
  button("Closer", "Look closer at this picture", () => zoom * 2);
  button("Back", "Look from further away", () => zoom / 2);
  button("Whole", "Show the whole picture", () => 1);
  says.textContent = "Point at a bar, or move to it with the Tab key, to read what it is.";
  tools.append(says);
  lanes.after(tools);
  lanes.addEventListener("scroll", keep);
  const tell = (event) => {
    const bar = event.target.closest("[data-says]");
    if (bar) says.textContent = bar.dataset.says;
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
