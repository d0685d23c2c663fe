// A function of two weights as a map: shades and contour lines on a canvas of its own, drawn once.
//
//   play.contourMap(chart, value, levels)   paints the plot area of the chart (within its `behind`):
//     value(x, y); levels ascending: shades from --low over --middle to --high, a line at every level
(function (play) {
  "use strict";
  const CELLS = 150; // along the longer side

  play.contourMap = (chart, value, levels) => {
    const [width, height] = [chart.right - chart.left, chart.bottom - chart.top];
    const [across, down] = [width, height].map((side) =>
      Math.max(2, Math.round((CELLS * side) / Math.max(width, height))),
    );
    const grid = [];
    for (let j = 0; j <= down; j += 1) {
      const y = chart.fromY(chart.bottom - (j * height) / down);
      for (let i = 0; i <= across; i += 1) grid.push(value(chart.fromX(chart.left + (i * width) / across), y));
    }
    shade(chart, grid, across, down, levels);
    lines(chart, grid, across, down, levels);
  };

  function shade(chart, grid, across, down, levels) {
    const small = document.createElement("canvas");
    [small.width, small.height] = [across + 1, down + 1];
    const pen = small.getContext("2d");
    const image = pen.createImageData(across + 1, down + 1);
    const ramp = ["--low", "--middle", "--high"].map((name) => parsed(play.colour(name)));
    const top = levels.length;
    grid.forEach((value, index) => {
      const part = Math.min(position(value, levels) / top, 1) * (ramp.length - 1);
      const first = Math.min(Math.floor(part), ramp.length - 2);
      const [i, j] = [index % (across + 1), down - Math.floor(index / (across + 1))];
      const at = 4 * (j * (across + 1) + i);
      for (let c = 0; c < 3; c += 1)
        image.data[at + c] = ramp[first][c] + (part - first) * (ramp[first + 1][c] - ramp[first][c]);
      image.data[at + 3] = 255;
    });
    pen.putImageData(image, 0, 0);
    const [cellX, cellY] = [(chart.right - chart.left) / across, (chart.bottom - chart.top) / down];
    chart.pen.imageSmoothingEnabled = true;
    chart.inside(() =>
      chart.pen.drawImage(
        small,
        chart.left - cellX / 2,
        chart.top - cellY / 2,
        (across + 1) * cellX,
        (down + 1) * cellY,
      ),
    );
  }

  /** Where a value lies among the levels, with its share of the gap. */
  function position(value, levels) {
    let above = levels.findIndex((level) => level > value);
    if (above < 0) return levels.length;
    const below = above === 0 ? Math.min(value, levels[0]) : levels[above - 1];
    return above === 0 ? 0 : above - 1 + (value - below) / (levels[above] - below);
  }

  function parsed(colour) {
    const digits = colour.length === 4 ? [...colour.slice(1)].map((d) => d + d) : colour.slice(1).match(/../g);
    return digits.map((pair) => parseInt(pair, 16));
  }

  /** Marching squares: on each cell a level's line joins the edges that it crosses. */
  function lines(chart, grid, across, down, levels) {
    const { pen } = chart;
    const [cellX, cellY] = [(chart.right - chart.left) / across, (chart.bottom - chart.top) / down];
    pen.beginPath();
    for (let j = 0; j < down; j += 1) {
      for (let i = 0; i < across; i += 1) {
        const at = j * (across + 1) + i;
        const corners = [grid[at], grid[at + 1], grid[at + across + 2], grid[at + across + 1]];
        const [low, high] = [Math.min(...corners), Math.max(...corners)];
        for (const level of levels) {
          if (level < low || level >= high) continue;
          const points = [];
          for (let edge = 0; edge < 4; edge += 1) {
            const [a, b] = [corners[edge], corners[(edge + 1) % 4]];
            if (a < level === b < level) continue;
            const t = (level - a) / (b - a);
            const [u, v] = [
              [t, 0],
              [1, t],
              [1 - t, 1],
              [0, 1 - t],
            ][edge];
            points.push([chart.left + (i + u) * cellX, chart.bottom - (j + v) * cellY]);
          }
          for (let k = 0; k + 1 < points.length; k += 2) {
            pen.moveTo(...points[k]);
            pen.lineTo(...points[k + 1]);
          }
        }
      }
    }
    chart.stroke({ colour: "--ink", width: 0.8, alpha: 0.35 });
  }
})((globalThis.play ??= {}));
