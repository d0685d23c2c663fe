// The page itself: a section for each bench, the links to them, and what happens when the window's colours change.
(function (play) {
  "use strict";
  const main = document.getElementById("main");
  const links = document.getElementById("links");
  for (const bench of play.benches) {
    const title = play.element("h2", { id: `${bench.name}-title` }, bench.title);
    const section = play.element("section", { id: bench.name, "aria-labelledby": title.id }, title);
    links.append(play.element("li", {}, play.element("a", { href: `#${bench.name}` }, bench.title)));
    main.append(section);
    bench.mount(section);
  }
  const root = document.documentElement;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => play.renewAll());
  for (const [moment, isPrinting] of [
    ["beforeprint", true],
    ["afterprint", false],
  ]) {
    addEventListener(moment, () => {
      root.classList.toggle("printing", isPrinting); // paper is white
      play.renewAll(true);
    });
  }
  root.dataset.ready = "yes";
})(globalThis.play);
