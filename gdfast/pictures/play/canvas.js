// Charts on a canvas: sharp on every screen, redrawn when the window or its colours change.
//
// A bench is a file that ends with
//   play.benches.push({ name: "descent", title: "...", mount(section) { ... } })
// `shell.js` makes a <section id=name> with the title as <h2> for each, in the order of page.py, and calls mount once.
// Its parts are elements of <div class="bench">: .picture at the left, .panel (controls) at the right, .below under the
// picture; in a narrow window they follow each other. Numerical routines stand in files without a document (ROUTINES of
// page.py), so that node can load them: tests compare them with gdfast.
//
//   chart = play.chart(host, { x: [low, high], y: [low, high], ... })
//     logX, logY     true for a logarithmic axis        xName, yName   what the axes show (y's stands above the axis)
//     height         CSS pixels, or a function of the width             square   units of equal length: height follows
//     label          what the picture is, for readers who do not see it (aria-label; `chart.says(text)` changes it)
//     margin         { left, right, top } in CSS pixels, where the words along the axes need more room
//     inert          true: no mouse, no keyboard (role "img"); otherwise the canvas can be focused (role "application")
//   chart.behind(paint)   paint(chart) draws what seldom changes; kept as an image until the size or colours change
//   chart.front(paint)    paint(chart) draws the rest, at most once a picture, after each chart.redraw()
//   chart.redraw()        asks for the front;  chart.renew() for both;  chart.range({ x, y, xName, yName }) changes axes
//   chart.toX(x) .toY(y) .fromX(pixel) .fromY(pixel)      data to CSS pixels and back
//   chart.left .right .top .bottom                        of the plot area, in CSS pixels
//   Within paint: chart.axes(), .line(points, style), .dot(x, y, style), .cross(x, y, style), .arrow(from, to, style),
//     .text(words, x, y, style), .band(low, high, style), .inside(paint) (clipped to the plot area), .pen (the context).
//     points are [x, y] in data; style: { colour: "--blue", width, dash, alpha, radius, fill, size, align, above, weight }
//   play.colour("--blue")  the style sheet's colour of now: names are --ink --quiet --rule --paper --tint --blue
//     --vermilion --orange --green --purple --grey
(function (play) {
  "use strict";
  play.benches ??= [];
  const charts = new Set();
  let colours = new Map();

  play.colour = (name) => {
    if (!name.startsWith("--")) return name;
    if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
    return colours.get(name);
  };

  function niceTicks(low, high, most) {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough * 0.999);
    const ticks = [];
    for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) ticks.push(i * step);
    return ticks;
  }

  function logTicks(low, high, most) {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
    const every = Math.max(1, Math.ceil((last - first + 1) / most));
    const ticks = [];
    for (let power = first; power <= last; power += 1) if (power % every === 0) ticks.push(10 ** power);
    return ticks;
  }

  class Chart {
    constructor(host, settings) {
      Object.assign(this, { xName: "", yName: "", logX: false, logY: false, height: 320, label: "" }, settings);
      this.canvas = document.createElement("canvas");
      this.canvas.className = "chart";
      this.canvas.setAttribute("role", this.inert ? "img" : "application");
      if (!this.inert) this.canvas.tabIndex = 0;
      this.says(this.label);
      host.append(this.canvas);
      this.host = this.canvas.parentElement;
      this.pen = this.canvas.getContext("2d");
      this.image = document.createElement("canvas"); // of what seldom changes
      this.paintBehind = this.paintFront = () => {};
      this.draw = () => this.drawNow();
      this.isStale = true;
      charts.add(this);
      new ResizeObserver(() => this.fit()).observe(this.canvas);
      this.fit();
    }

    says(text) {
      this.canvas.setAttribute("aria-label", text);
    }

    behind(paint) {
      this.paintBehind = paint;
      this.renew();
    }

    front(paint) {
      this.paintFront = paint;
      this.redraw();
    }

    redraw() {
      play.onFrame(this.draw);
    }

    renew() {
      this.isStale = true;
      this.redraw();
    }

    range(changes) {
      Object.assign(this, changes);
      this.fit(true);
    }

    fit(always = false) {
      const width = Math.max(this.canvas.clientWidth, 160);
      this.left = this.margin?.left ?? 46;
      this.right = width - (this.margin?.right ?? 12);
      this.top = this.margin?.top ?? (this.yName ? 26 : 10);
      const below = this.xName ? 40 : 22;
      const units = (this.y[1] - this.y[0]) / (this.x[1] - this.x[0]);
      const wanted = typeof this.height === "function" ? this.height(width) : this.height;
      const height = Math.round(this.square ? (this.right - this.left) * units + this.top + below : wanted);
      const ratio = Math.min(window.devicePixelRatio || 1, 3);
      if (!always && width === this.width && height === this.full && ratio === this.ratio) return;
      Object.assign(this, { width, full: height, ratio, bottom: height - below });
      this.canvas.style.height = `${height}px`;
      for (const canvas of [this.canvas, this.image]) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      this.renew();
    }

    drawNow() {
      const screen = this.pen;
      if (this.isStale) {
        this.isStale = false;
        this.pen = this.image.getContext("2d");
        this.clear();
        this.paintBehind(this);
        this.pen = screen;
      }
      screen.setTransform(1, 0, 0, 1, 0, 0);
      screen.clearRect(0, 0, this.canvas.width, this.canvas.height);
      screen.drawImage(this.image, 0, 0);
      screen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
      this.paintFront(this);
    }

    clear() {
      this.pen.setTransform(1, 0, 0, 1, 0, 0);
      this.pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
      this.pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    }

    toX(x) {
      return this.left + (this.right - this.left) * share(x, this.x, this.logX);
    }

    toY(y) {
      return this.bottom - (this.bottom - this.top) * share(y, this.y, this.logY);
    }

    fromX(pixel) {
      return at((pixel - this.left) / (this.right - this.left), this.x, this.logX);
    }

    fromY(pixel) {
      return at((this.bottom - pixel) / (this.bottom - this.top), this.y, this.logY);
    }

    inside(paint) {
      this.pen.save();
      this.pen.beginPath();
      this.pen.rect(this.left, this.top, this.right - this.left, this.bottom - this.top);
      this.pen.clip();
      paint(this);
      this.pen.restore();
    }

    axes({ grid = true } = {}) {
      const { pen } = this;
      const across = Math.max(2, Math.floor((this.right - this.left) / 72));
      const upwards = Math.max(2, Math.floor((this.bottom - this.top) / 42));
      const xs = this.logX ? logTicks(...this.x, across) : niceTicks(...this.x, across);
      const ys = this.logY ? logTicks(...this.y, upwards) : niceTicks(...this.y, upwards);
      pen.lineWidth = 1;
      pen.strokeStyle = play.colour("--rule");
      pen.beginPath();
      for (const x of grid ? xs : []) this.segment(this.toX(x), this.top, this.toX(x), this.bottom);
      for (const y of grid ? ys : []) this.segment(this.left, this.toY(y), this.right, this.toY(y));
      pen.stroke();
      pen.strokeStyle = play.colour("--grey");
      pen.beginPath();
      this.segment(this.left, this.bottom, this.right, this.bottom);
      this.segment(this.left, this.top, this.left, this.bottom);
      pen.stroke();
      pen.fillStyle = play.colour("--quiet");
      pen.font = font(12);
      pen.textAlign = "center";
      pen.textBaseline = "top";
      for (const x of xs) pen.fillText(play.number(x), this.toX(x), this.bottom + 5);
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      for (const y of ys) pen.fillText(play.number(y), this.left - 6, this.toY(y));
      pen.font = font(13);
      pen.fillStyle = play.colour("--ink");
      pen.textBaseline = "alphabetic";
      if (this.xName) pen.fillText(this.xName, this.right, this.bottom + 34);
      pen.textAlign = "left";
      if (this.yName) pen.fillText(this.yName, 4, 14);
    }

    segment(x0, y0, x1, y1) {
      this.pen.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
      this.pen.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    }

    stroke({ colour = "--ink", width = 2, dash = [], alpha = 1 } = {}) {
      const { pen } = this;
      Object.assign(pen, { strokeStyle: play.colour(colour), lineWidth: width, globalAlpha: alpha, lineJoin: "round" });
      pen.setLineDash(dash);
      pen.stroke();
      pen.setLineDash([]);
      pen.globalAlpha = 1;
    }

    line(points, style) {
      this.pen.beginPath();
      let isBroken = true;
      for (const [x, y] of points) {
        const [across, down] = [this.toX(x), this.toY(y)];
        if (!Number.isFinite(across) || !Number.isFinite(down)) isBroken = true;
        else {
          const near = Math.max(-1e5, Math.min(1e5, down)); // canvases draw nothing that is too far away
          const side = Math.max(-1e5, Math.min(1e5, across));
          if (isBroken) this.pen.moveTo(side, near);
          else this.pen.lineTo(side, near);
          isBroken = false;
        }
      }
      this.stroke(style);
    }

    dot(x, y, { colour = "--ink", radius = 4, fill = true, alpha = 1, width = 2 } = {}) {
      const { pen } = this;
      if (!Number.isFinite(x) || !Number.isFinite(y)) return;
      pen.globalAlpha = alpha;
      pen.beginPath();
      pen.arc(this.toX(x), this.toY(y), radius, 0, 2 * Math.PI);
      pen.fillStyle = play.colour(fill === true ? colour : fill || "--paper");
      pen.fill();
      pen.globalAlpha = 1;
      if (fill !== true) this.stroke({ colour, width, alpha });
    }

    cross(x, y, { radius = 5, ...style } = {}) {
      const [across, down] = [this.toX(x), this.toY(y)];
      this.pen.beginPath();
      for (const turn of [-1, 1]) {
        this.pen.moveTo(across - radius, down - turn * radius);
        this.pen.lineTo(across + radius, down + turn * radius);
      }
      this.stroke(style);
    }

    arrow([x0, y0], [x1, y1], { head = 9, ...style } = {}) {
      const [a, b, c, d] = [this.toX(x0), this.toY(y0), this.toX(x1), this.toY(y1)];
      const length = Math.hypot(c - a, d - b);
      if (!(length > 0.5) || !Number.isFinite(length)) return;
      const [u, v] = [(c - a) / length, (d - b) / length];
      const size = Math.min(head, length);
      const { pen } = this;
      pen.beginPath();
      pen.moveTo(a, b);
      pen.lineTo(c - u * size * 0.7, d - v * size * 0.7);
      this.stroke(style);
      pen.beginPath();
      pen.moveTo(c, d);
      pen.lineTo(c - u * size + v * size * 0.5, d - v * size - u * size * 0.5);
      pen.lineTo(c - u * size - v * size * 0.5, d - v * size + u * size * 0.5);
      pen.closePath();
      Object.assign(pen, { fillStyle: play.colour(style.colour ?? "--ink"), globalAlpha: style.alpha ?? 1 });
      pen.fill();
      pen.globalAlpha = 1;
    }

    text(
      words,
      x,
      y,
      { colour = "--ink", size = 13, align = "center", above = 0, aside = 0, weight = 400, halo = true } = {},
    ) {
      const { pen } = this;
      Object.assign(pen, { font: font(size, weight), textAlign: align, textBaseline: "alphabetic", lineJoin: "round" });
      const width = pen.measureText(words).width + 2;
      const before = { left: 0, center: width / 2, right: width }[align]; // the words stay within the plot area
      const across = Math.max(this.left + before, Math.min(this.right - (width - before), this.toX(x) + aside));
      const down = this.toY(y) - above;
      if (halo) {
        Object.assign(pen, { strokeStyle: play.colour("--paper"), lineWidth: 4, globalAlpha: 0.85 });
        pen.strokeText(words, across, down);
        pen.globalAlpha = 1;
      }
      pen.fillStyle = play.colour(colour);
      pen.fillText(words, across, down);
    }

    band(low, high, { colour = "--tint", alpha = 1 } = {}) {
      const { pen } = this;
      const [from, to] = [this.toX(low), this.toX(high)].map((x) => Math.max(this.left, Math.min(this.right, x)));
      Object.assign(pen, { fillStyle: play.colour(colour), globalAlpha: alpha });
      pen.fillRect(from, this.top, to - from, this.bottom - this.top);
      pen.globalAlpha = 1;
    }
  }

  const share = (value, [low, high], isLog) =>
    isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  const at = (part, [low, high], isLog) => (isLog ? low * (high / low) ** part : low + part * (high - low));
  const font = (size, weight = 400) => `${weight} ${size}px system-ui, -apple-system, "Segoe UI", sans-serif`;

  play.chart = (host, settings) => new Chart(host, settings);
  play.renewAll = (atOnce = false) => {
    colours = new Map();
    for (const chart of charts) {
      chart.renew();
      if (atOnce) chart.drawNow();
    }
  };
})((globalThis.play ??= {}));
