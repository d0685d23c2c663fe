// Pseudo-random numbers from a seed (the generator mulberry32): the same seed draws the same samples in every browser.
(function (play) {
  "use strict";
  // A function that returns the next number, uniform in [0, 1).
  const generator = (seed) => {
    let state = seed >>> 0;
    return () => {
      state = (state + 0x6d2b79f5) >>> 0;
      let t = state;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  };

  // Normal numbers by Box and Muller's transform.
  const normal = (uniform) => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  // `size` distinct numbers of 0, ..., n - 1: the first steps of Fisher and Yates's shuffle.
  const sample = (n, size, uniform) => {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(uniform() * (n - i));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order.slice(0, size);
  };

  play.random = { generator, normal, sample };
})((globalThis.play ??= {}));
