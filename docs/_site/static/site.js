// Names for the buttons that open a branch of the menu: the theme gives them an arrow and nothing to read out.
for (const summary of document.querySelectorAll(".bd-sidebar summary, .sidebar-primary__section summary, nav summary")) {
  const page = summary.closest("li")?.querySelector("a")?.textContent.trim();
  summary.setAttribute("aria-label", `Pages of ${page}`);
}
