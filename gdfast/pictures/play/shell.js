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
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", play.renewAll);
  document.documentElement.dataset.ready = "yes";
})(globalThis.play);
