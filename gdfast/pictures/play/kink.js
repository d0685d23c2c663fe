// A hinge loss of one weight, f(w) = mean of max(0, 1 - t_i w), what its centred difference mixes, and the check's verdict.
(function (play) {
  "use strict";
  const TOLERANCE = 1e-5; // the largest relative error that passes
  const MARGIN = 1;

  const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;
  const value = (t, w) => mean(t.map((x) => Math.max(0, MARGIN - x * w)));

  // The gradient: a term counts when its margin is strictly > 0.
  const gradient = (t, w) => mean(t.map((x) => (MARGIN - x * w > 0 ? -x : 0)));

  // Where a term becomes 0, from left to right, each once.
  const kinks = (t) => [...new Set(t.filter((x) => x !== 0).map((x) => MARGIN / x))].sort((a, b) => a - b);

  // The slope immediately left (side -1) or right (side 1) of w.
  const slope = (t, w, side) =>
    mean(
      t.map((x) => {
        const margin = MARGIN - x * w;
        return margin > 0 || (margin === 0 && -x * side > 0) ? -x : 0;
      }),
    );

  // The linear pieces within [w - h, w + h]: their ends, slopes, and shares of its length.
  const pieces = (t, w, h) => {
    const ends = [w - h, ...kinks(t).filter((place) => Math.abs(place - w) < h), w + h];
    return ends.slice(1).map((end, i) => ({
      from: ends[i],
      to: end,
      slope: gradient(t, (ends[i] + end) / 2),
      share: (end - ends[i]) / (2 * h),
    }));
  };

  const centered = (t, w, h) => (value(t, w + h) - value(t, w - h)) / (2 * h);

  // What the kinks within the stencil add to the quotient: the average slope less the gradient at w.
  const excess = (t, w, h) =>
    pieces(t, w, h).reduce((sum, piece) => sum + piece.share * piece.slope, 0) - gradient(t, w);

  // The largest step that crosses no kink: up to h.
  const safe = (t, w, h) => Math.min(h, ...kinks(t).map((place) => Math.abs(place - w)));

  const relative = (first, second) =>
    first === second ? 0 : Math.abs(first - second) / Math.max(Math.abs(first), Math.abs(second));

  // PASS, KINKS or FAIL, as gdfast judges a gradient that claims this slope at w, by a quotient with this h.
  const verdict = (t, w, h, claimed) => {
    const numerical = centered(t, w, h),
      corrected = numerical - excess(t, w, h);
    const sides = [slope(t, w, -1), slope(t, w, 1)];
    const error = relative(claimed, numerical);
    const scale = TOLERANCE * Math.max(Math.abs(claimed), ...sides.map(Math.abs));
    const between = claimed >= Math.min(...sides) - scale && claimed <= Math.max(...sides) + scale;
    const right = Math.abs(claimed - corrected) <= scale || between;
    const name = error <= TOLERANCE ? "PASS" : right ? "KINKS" : "FAIL";
    return { name, numerical, corrected, error, sides, atKink: kinks(t).includes(w) };
  };

  play.kink = { TOLERANCE, value, gradient, kinks, slope, pieces, centered, excess, safe, relative, verdict };
})((globalThis.play ??= {}));
