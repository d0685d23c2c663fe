// Gradients of random mini-batches, and how far they spread around the full gradient.
(function (play) {
  "use strict";
  // `count` gradients, each of `size` distinct samples; `gradient` gives that of the samples with given numbers.
  const gradients = (gradient, n, size, count, sample) =>
    Array.from({ length: count }, () => gradient(sample(n, size)));

  const length = (gradient) => Math.hypot(...gradient.flat());

  // The root of the mean squared distance from the full gradient, relative to its length.
  const spread = (drawn, full) => {
    const squares = drawn.map((gradient) =>
      gradient.flat().reduce((sum, number, i) => sum + (number - full.flat()[i]) ** 2, 0),
    );
    return Math.sqrt(squares.reduce((a, b) => a + b, 0) / drawn.length) / length(full);
  };

  play.miniBatches = { gradients, length, spread };
})((globalThis.play ??= {}));
