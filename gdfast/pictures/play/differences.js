// Difference quotients of a function of one variable: forward, centred, their errors against h, and the best h.
(function (play) {
  "use strict";
  const EPSILON = Number.EPSILON / 2; // the relative rounding error of one operation

  // The two points and the quotient of either scheme. It is divided by the step that was really taken, because x + h
  // is rounded; of the centred one x stays the middle to the last bit. NaN where x + h is x.
  const forward = (f, x, h) => quotient(f, x + h, x);
  const centered = (f, x, h) => {
    const step = Math.abs((x >= 0 ? x + h : x - h) - x);
    return quotient(f, x + step, x - step);
  };
  const quotient = (f, high, low) => {
    const ahead = f(high),
      behind = f(low),
      taken = high - low;
    return { high, low, ahead, behind, value: taken > 0 ? (ahead - behind) / taken : NaN };
  };

  const schemes = { forward, centered };

  // From large to small, evenly on a logarithmic scale, both ends included.
  const steps = (largest, smallest, perDecade) => {
    const from = Math.log10(largest),
      count = Math.round(perDecade * (from - Math.log10(smallest)));
    return Array.from({ length: count + 1 }, (_, i) => 10 ** (from - i / perDecade));
  };

  // The relative error for each h (absolute where the derivative is 0); NaN where h is lost.
  const errors = (scheme, f, derivative, x, hs) => {
    const exact = derivative(x),
      scale = Math.abs(exact) || 1;
    return hs.map((h) => Math.abs(schemes[scheme](f, x, h).value - exact) / scale);
  };

  // The index of the best h: the lowest error once each is replaced by the largest of itself and its neighbours, so that one lucky hit is not chosen.
  const best = (error) => {
    const known = error.map((_, i) => i).filter((i) => !Number.isNaN(error[i]));
    const robust = known.map((i, k) =>
      Math.max(error[i], error[known[Math.max(k - 1, 0)]], error[known[Math.min(k + 1, known.length - 1)]]),
    );
    return known[robust.indexOf(Math.min(...robust))];
  };

  // What theory says of the two parts of the relative error: the first term that Taylor's series leaves out, and the
  // rounding of two values of f, which the division by h magnifies. `second` and `third` are f's derivatives.
  const parts = (scheme, { f, derivative, second, third }, x, h) => {
    const scale = Math.abs(derivative(x)) || 1;
    const truncation = scheme === "forward" ? (Math.abs(second(x)) * h) / 2 : (Math.abs(third(x)) * h * h) / 6;
    const cancellation = ((scheme === "forward" ? 2 : 1) * EPSILON * Math.abs(f(x))) / h;
    return { truncation: truncation / scale, cancellation: cancellation / scale };
  };

  play.differences = { EPSILON, forward, centered, schemes, steps, errors, best, parts };
})((globalThis.play ??= {}));
