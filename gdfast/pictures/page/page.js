// The script of the page of a run: draws the figures that the page's JSON describes, and connects their controls.
// Colours in the JSON are names of the style sheet's variables ("--blue"), which change in dark windows and on paper.
"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const config = { displayModeBar: false, responsive: true };
  const quick = (value) => (value === null ? "not finite" : String(Number(value.toPrecision(4))));
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  const themed = (thing, key = "") => {
    if (typeof thing === "string") return key.endsWith("color") && thing.startsWith("--") ? colour(thing) : thing;
    if (Array.isArray(thing)) return typeof thing[0] === "object" && !Array.isArray(thing[0]) ? thing.map((x) => themed(x)) : thing;
    if (thing === null || typeof thing !== "object") return thing;
    return Object.fromEntries(Object.entries(thing).map(([name, value]) => [name, themed(value, name)]));
  };

  const lines = () => ({ gridcolor: colour("--rule"), zerolinecolor: colour("--rule"), linecolor: colour("--grey") });

  const show = (figure, data, layout) => {
    const axes = Object.fromEntries(Object.entries(layout).map(([name, part]) => {
      if (name.endsWith("axis")) return [name, { ...lines(), ...part }];
      if (name !== "scene") return [name, part];
      const sides = ["xaxis", "yaxis", "zaxis"].map((side) => [side, { ...lines(), showbackground: false, ...part[side] }]);
      return [name, { ...part, ...Object.fromEntries(sides) }];
    }));
    const common = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "closest", dragmode: layout.scene ? "turntable" : false,
      font: { color: colour("--ink"), size: 13, family: getComputedStyle(document.body).fontFamily },
      margin: { l: 8, r: 8, t: 8, b: 8 }, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    };
    return Plotly.react(figure.node, themed(data), themed({ ...common, ...axes }), config);
  };

  const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`).value;
  const onChange = (selector, action) => document.querySelectorAll(selector).forEach((input) => input.addEventListener("change", action));

  const kinds = {
    still: (figure) => () => show(figure, figure.data, figure.layout),

    curves: (figure) => {
      const logarithmic = (curves) => {
        const above = curves.flatMap((curve) => curve.y).filter((value) => value > 0);
        const decades = Math.log10(above.reduce((a, b) => Math.max(a, b), 0) / above.reduce((a, b) => Math.min(a, b), Infinity));
        return { type: "log", exponentformat: "power", dtick: decades > 1.3 ? 1 : "D2" };
      };
      const draw = () => {
        const quantity = chosen("curves-quantity"), against = chosen("curves-against");
        const data = figure.curves[quantity].map((curve) => ({
          type: "scatter", mode: curve.mode ? curve.mode : curve.y.length < 60 ? "lines+markers" : "lines", name: curve.name, x: curve.x[against], y: curve.y,
          line: { color: curve.colour, dash: curve.dash, width: curve.width }, marker: { color: curve.colour, size: 5 },
        }));
        const y = { title: { text: figure.labels[quantity] }, fixedrange: true, automargin: true };
        if (document.getElementById("curves-log").checked) {
          Object.assign(y, logarithmic(figure.curves[quantity]));
          const left = figure.curves[quantity].flatMap((curve) => curve.y).filter((value) => value !== null && value <= 0).length;
          if (left) y.title.text += `<br>(${left} values are not > 0: left out)`;
        }
        const x = { title: { text: figure.against[against] }, fixedrange: true, automargin: true };
        return show(figure, data, { xaxis: x, yaxis: y, showlegend: data.length > 1 });
      };
      const isLogarithmic = document.getElementById("curves-log").checked;  // at first, of the objective
      onChange('input[name="curves-quantity"]', () => {
        document.getElementById("curves-log").checked = isLogarithmic && chosen("curves-quantity") === "value";
      });
      onChange('input[name^="curves-"], #curves-log', draw);
      return draw;
    },

    plane: (figure) => {
      const far = figure.node.clientWidth < 500 ? 1.7 : 1;  // a narrow window needs room for the labels
      const home = { x: 1.8 * far * Math.cos(figure.around), y: 1.8 * far * Math.sin(figure.around), z: 0.9 * far };
      const center = { x: 0, y: 0, z: -0.2 };
      const buttons = document.querySelectorAll("button[data-turn]");
      const noSurface = () => {
        document.querySelector('input[name="plane-view"][value="map"]').checked = true;
        document.querySelector('input[name="plane-view"][value="surface"]').disabled = true;
        document.getElementById("plane-note").hidden = false;
      };
      let view = "", camera = { eye: home, center };
      const draw = () => {
        if (!view && !document.createElement("canvas").getContext("webgl")) noSurface();
        if (view === "surface") camera = figure.node.layout.scene.camera;  // as the reader turned it
        if (view && view !== chosen("plane-view")) Plotly.purge(figure.node);
        view = chosen("plane-view");
        const layout = figure[view].layout, isNarrow = far > 1;
        if (view === "surface") {
          layout.scene.camera = camera;
          for (const side of ["xaxis", "yaxis", "zaxis"]) {
            layout.scene[side].title.font = { size: isNarrow ? 11 : 13 };
            layout.scene[side].tickfont = { size: isNarrow ? 9 : 12 };
          }
        } else {
          layout.legend.y = isNarrow ? -0.5 : -0.2;  // clear of the title of the axis
        }
        buttons.forEach((button) => { button.disabled = view === "map" && ["left", "right", "up", "down"].includes(button.dataset.turn); });
        return show(figure, figure[view].data, layout);
      };
      const turn = (eye, way) => {
        let distance = Math.hypot(eye.x, eye.y, eye.z), around = Math.atan2(eye.y, eye.x), up = Math.asin(eye.z / distance);
        if (way === "left") around -= Math.PI / 12;
        if (way === "right") around += Math.PI / 12;
        if (way === "up") up = Math.min(up + Math.PI / 15, 1.5);
        if (way === "down") up = Math.max(up - Math.PI / 15, -1.5);
        if (way === "in") distance = Math.max(distance / 1.25, 0.2);
        if (way === "out") distance = Math.min(distance * 1.25, 10);
        return { x: distance * Math.cos(up) * Math.cos(around), y: distance * Math.cos(up) * Math.sin(around), z: distance * Math.sin(up) };
      };
      const zoomed = (range, factor) => {
        const middle = (range[0] + range[1]) / 2;
        return range.map((end) => middle + factor * (end - middle));
      };
      buttons.forEach((button) => button.addEventListener("click", () => {
        const way = button.dataset.turn, layout = figure.node.layout;
        if (!layout) return;  // not drawn yet
        if (view === "surface") {
          Plotly.relayout(figure.node, { "scene.camera": { center, eye: way === "reset" ? home : turn(layout.scene.camera.eye, way) } });
        } else if (way === "reset") {
          Plotly.relayout(figure.node, { "xaxis.autorange": true, "yaxis.autorange": true });
        } else {
          const factor = way === "in" ? 0.8 : 1.25;
          Plotly.relayout(figure.node, { "xaxis.range": zoomed(layout.xaxis.range, factor), "yaxis.range": zoomed(layout.yaxis.range, factor) });
        }
      }));
      onChange('input[name="plane-view"]', draw);
      return draw;
    },

    steps: (figure) => {
      const slider = document.getElementById("steps-slider"), output = document.getElementById("steps-output");
      const mark = figure.data[figure.data.length - 1];
      const place = () => {
        const step = figure.positions[slider.value], value = figure.values[slider.value];
        const change = value === null ? "" : value < figure.start ? ", lower than before" : value > figure.start ? ", higher than before: overshoot" : ", as before";
        const isAbove = value === null || value > figure.top;
        output.value = `Step ${quick(step)}: the objective goes from ${quick(figure.start)} to ${quick(value)}${change}${isAbove ? ", above the figure" : ""}.`;
        slider.setAttribute("aria-valuetext", output.value);
        mark.x = [step];
        mark.y = [isAbove ? figure.top : value];
        mark.marker.symbol = isAbove ? "triangle-up" : "circle";
      };
      const draw = () => {
        place();
        return show(figure, figure.data, figure.layout);
      };
      slider.addEventListener("input", draw);
      document.querySelectorAll("button[data-stop]").forEach((button) => button.addEventListener("click", () => {
        slider.value = button.dataset.stop;
        draw();
      }));
      place();
      return draw;
    },
  };

  const copyButton = document.getElementById("copy");
  if (copyButton) copyButton.addEventListener("click", async () => {
    const command = document.getElementById("command"), status = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(command.textContent);
      status.textContent = "Copied.";
    } catch {  // a page from a file has no clipboard in some browsers: select the text, and ask the old way
      getSelection().selectAllChildren(command);
      status.textContent = document.execCommand("copy") ? "Copied." : "Selected: copy it with the keyboard.";
    }
  });

  // A figure is drawn when the reader comes near it (a surface takes seconds where no graphics card helps), or prints.
  const drawings = new Map();
  const draw = (figure) => {
    try {
      drawings.get(figure.node)();
      figure.node.dataset.drawn = "yes";
    } catch (error) {
      console.error(error);
      figure.node.textContent = `This figure could not be drawn (${error.message}). Its numbers stand in the table below.`;
    }
  };
  const isDrawn = (figure) => figure.node.dataset.drawn === "yes";
  const watcher = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
    watcher.unobserve(entry.target);
    draw(figures.find((figure) => figure.node === entry.target));
  }), { rootMargin: "50%" });
  for (const figure of figures) {
    figure.node = document.getElementById(figure.id);
    drawings.set(figure.node, kinds[figure.draw](figure));
    watcher.observe(figure.node);
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => figures.filter(isDrawn).forEach(draw));
  addEventListener("beforeprint", () => { root.classList.add("printing"); figures.forEach(draw); });
  addEventListener("afterprint", () => { root.classList.remove("printing"); figures.forEach(draw); });
  root.dataset.ready = Math.round(performance.now());
})();
