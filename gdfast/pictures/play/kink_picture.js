// The pictures of the bench of a kink: the loss with the stencil, its slopes, the check's error against h.
(function (play) {
  "use strict";
  const { kink } = play;
  const [SMALLEST, LARGEST] = [1e-6, 1];
  const [LOWEST_ERROR, HIGHEST_ERROR] = [1e-13, 10];
  const RIGHT = { colour: "--blue", dash: [] },
    BUG = { colour: "--vermilion", dash: [7, 4] };

  const corners = (t, [low, high]) => [low, ...kink.kinks(t).filter((w) => w > low && w < high), high];

  function drawLoss(chart, t, { w, h }, { right, wrong }) {
    chart.band(w - h, w + h);
    chart.line(
      corners(t, chart.x).map((place) => [place, kink.value(t, place)]),
      { colour: "--ink", width: 2.5 },
    );
    for (const place of kink.kinks(t))
      chart.dot(place, kink.value(t, place), { colour: "--ink", radius: t.length > 5 ? 2 : 3 });
    const here = kink.value(t, w),
      ends = [w - h, w + h].map((place) => [place, kink.value(t, place)]);
    const reach = Math.max(0.5, h);
    const tangent = (slope, style) =>
      chart.line(
        [
          [w - reach, here - reach * slope],
          [w + reach, here + reach * slope],
        ],
        style,
      );
    tangent(wrong.claimed, { ...BUG, width: 2 });
    tangent(right.claimed, { colour: "--quiet", width: 2, dash: [2, 4] });
    chart.line(ends, { ...RIGHT, width: 2.5 });
    for (const end of ends) chart.dot(...end, { colour: "--blue", radius: 5 });
    chart.dot(w, here, { colour: "--ink", radius: 7, fill: "--paper" });
  }

  function drawSlopes(chart, t, { w, h }, claim, { right }) {
    chart.band(w - h, w + h);
    const [low, high] = chart.x;
    chart.line(
      [
        [low, 0],
        [high, 0],
      ],
      { colour: "--grey", width: 1 },
    );
    const places = corners(t, chart.x);
    const levels = places.slice(1).map((end, i) => kink.gradient(t, (places[i] + end) / 2));
    const stairs = (of) =>
      levels.flatMap((level, i) => [
        [places[i], of(level)],
        [places[i + 1], of(level)],
        [NaN, NaN],
      ]);
    chart.line(stairs(claim), { ...BUG, width: 1.5 });
    chart.line(
      stairs((level) => level),
      { colour: "--ink", width: 2.5 },
    );
    const wide = Math.max(h, 1e-3); // narrower than a pixel nothing is seen but rounding
    const bends = kink
      .kinks(t)
      .flatMap((place) => [place - wide, place + wide])
      .filter((place) => place > low && place < high)
      .sort((a, b) => a - b);
    chart.line(
      [low, ...bends, high].map((place) => [place, kink.centered(t, place, wide)]),
      { ...RIGHT, width: 2 },
    );
    chart.dot(w, right.numerical, { colour: "--blue", radius: 5 });
    chart.dot(w, right.claimed, { colour: "--ink", radius: 5, fill: "--paper" });
  }

  const drawable = (error) => Math.min(HIGHEST_ERROR, Math.max(error, LOWEST_ERROR));

  function drawErrors(chart, right, wrong, h, distance, { right: now, wrong: bug }) {
    if (distance < LARGEST) chart.band(Math.max(distance, SMALLEST), LARGEST);
    chart.line(
      [
        [SMALLEST, kink.TOLERANCE],
        [LARGEST, kink.TOLERANCE],
      ],
      { colour: "--quiet", width: 1.5, dash: [2, 4] },
    );
    const path = (errors) => errors.map(([step, error]) => [step, drawable(error)]);
    chart.line(path(wrong), { ...BUG, width: 2 });
    chart.line(path(right), { ...RIGHT, width: 2.5 });
    chart.line(
      [
        [h, LOWEST_ERROR],
        [h, HIGHEST_ERROR],
      ],
      { colour: "--ink", width: 1.5 },
    );
    chart.dot(h, drawable(bug.error), { colour: BUG.colour, radius: 5 });
    chart.dot(h, drawable(now.error), { colour: RIGHT.colour, radius: 5 });
  }

  play.kinkPicture = { SMALLEST, LARGEST, LOWEST_ERROR, HIGHEST_ERROR, drawLoss, drawSlopes, drawErrors };
})((globalThis.play ??= {}));
