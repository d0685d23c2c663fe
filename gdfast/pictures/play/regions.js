// Decision regions of a linear classifier: where a class has the largest score is a convex polygon.
(function (play) {
  "use strict";
  // The part of a convex polygon [[x1, x2], ...] where a x1 + b x2 + c >= 0 (Sutherland and Hodgman).
  const clipped = (polygon, [a, b, c]) => {
    const height = ([x1, x2]) => a * x1 + b * x2 + c;
    return polygon.flatMap((point, i) => {
      const before = polygon[(i + polygon.length - 1) % polygon.length];
      const here = height(point),
        there = height(before);
      const kept = here >= 0 ? [point] : [];
      if ((here > 0 && there < 0) || (here < 0 && there > 0)) {
        const share = there / (there - here);
        kept.unshift([before[0] + share * (point[0] - before[0]), before[1] + share * (point[1] - before[1])]);
      }
      return kept;
    });
  };

  const rectangle = ({ left, right, bottom, top }) => [
    [left, bottom],
    [right, bottom],
    [right, top],
    [left, top],
  ];

  // One polygon per class, empty where the class never has the largest score; of equal classes the first one has it.
  const decision = (W, view) =>
    W.map((own, j) =>
      W.reduce((polygon, other, k) => {
        const difference = own.map((weight, i) => weight - other[i]);
        if (difference.some((weight) => weight !== 0)) return clipped(polygon, difference);
        return k < j ? [] : polygon;
      }, rectangle(view)),
    );

  // Both ends of the line a x1 + b x2 + c = 0 within the view; null where it is outside.
  const line = ([a, b, c], view) => {
    const half = clipped(rectangle(view), [a, b, c]);
    const size = Math.hypot(a, b);
    const ends = half.filter(([x1, x2]) => Math.abs(a * x1 + b * x2 + c) <= 1e-9 * size * (view.right - view.left));
    return size > 0 && ends.length >= 2 ? [ends[0], ends[ends.length - 1]] : null;
  };

  play.regions = { clipped, decision, line };
})((globalThis.play ??= {}));
