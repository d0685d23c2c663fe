// The line of a class, where its score is 0, and its arrow: their handles in the plane, and the weights after a handle has moved.
//
// A handle's state is { anchor: a point that the line goes through, direction: of the arrow, of length 1 }; both are kept
// beside the weights, because weights of 0 have neither. The arrow's length grows with |w|, up to REACH beyond SHORTEST.
(function (play) {
  "use strict";
  const [SHORTEST, REACH, HALF, LARGEST] = [0.3, 2.4, 2, 20];

  const size = ([first, second]) => Math.hypot(first, second);
  const arrowLength = (length) => SHORTEST + (REACH * length) / (length + HALF);
  const weightLength = (arrow) => {
    const part = Math.min(Math.max(arrow - SHORTEST, 0), REACH * 0.999);
    return Math.min((HALF * part) / (REACH - part), LARGEST);
  };

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  // The point of the line that is nearest to another; not finite where the weights are 0.
  const nearest = ([first, second, bias], [x, y]) => {
    const off = (first * x + second * y + bias) / (first * first + second * second);
    return [x - off * first, y - off * second];
  };

  // The handles of new weights: the anchor is the nearest point of the line to the old one, within `room` if it can be.
  const follow = (row, handle, room) => {
    const [first, second] = row,
      length = size(row);
    if (length < 1e-9) return handle;
    const direction = [first / length, second / length];
    let anchor = nearest(row, handle.anchor);
    const within = ([x, y]) => x >= room.left && x <= room.right && y >= room.bottom && y <= room.top;
    const seen = within(anchor) ? null : play.regions.line(row, room);
    if (seen) {
      // the end of the visible part that is nearer
      const away = (end) => Math.hypot(end[0] - anchor[0], end[1] - anchor[1]);
      anchor = away(seen[0]) < away(seen[1]) ? seen[0] : seen[1];
    }
    return { anchor, direction };
  };

  // Where the handles are drawn: within the room also where the line is not; then `outside` is true.
  const place = (row, { anchor, direction }, room) => {
    const at = [clamp(anchor[0], room.left, room.right), clamp(anchor[1], room.bottom, room.top)];
    const outside = Math.hypot(at[0] - anchor[0], at[1] - anchor[1]) > 1e-6 * (room.right - room.left);
    const length = arrowLength(size(row));
    return { anchor: at, tip: [at[0] + length * direction[0], at[1] + length * direction[1]], outside };
  };

  // The line through another point: only the bias changes.
  const moveAnchor = ([first, second], { direction }, to) => ({
    row: [first, second, -(first * to[0] + second * to[1])],
    handle: { anchor: to, direction },
  });

  // The arrow turned and stretched to another tip: the weights change, and the bias so that the line keeps its anchor.
  const moveTip = (row, { anchor, direction }, to) => {
    const [across, up] = [to[0] - anchor[0], to[1] - anchor[1]],
      arrow = Math.hypot(across, up);
    const turned = arrow > 1e-9 ? [across / arrow, up / arrow] : direction,
      length = weightLength(arrow);
    const [first, second] = [turned[0] * length, turned[1] * length];
    return { row: [first, second, -(first * anchor[0] + second * anchor[1])], handle: { anchor, direction: turned } };
  };

  play.weightLines = { nearest, follow, place, moveAnchor, moveTip };
})((globalThis.play ??= {}));
