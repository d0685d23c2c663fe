// The one animation loop of the page: work asked for is done once before the next picture, and its time is measured.
//
//   play.onFrame(action)      action(now) runs once, before the browser's next picture; asked for twice, it runs once
//   play.animation(action)    -> { start(), stop(), running }: action(now, seconds since the last call) before each picture
//   play.movesLittle()        whether the reader asked the system for reduced motion: then nothing may glide, only jump
//   play.frames               { count, last: milliseconds of the last pictures' work (at most 600), newest at the end }
(function (play) {
  "use strict";
  const KEPT = 600;
  const waiting = new Set();
  const frames = (play.frames = { count: 0, last: [] });

  function work(now) {
    const actions = [...waiting];
    waiting.clear();
    const start = performance.now();
    for (const action of actions) action(now);
    frames.count += 1;
    frames.last.push(performance.now() - start);
    if (frames.last.length > KEPT) frames.last.shift();
  }

  play.onFrame = (action) => {
    if (waiting.size === 0) requestAnimationFrame(work);
    waiting.add(action);
  };

  play.animation = (action) => {
    let before = null;
    const animation = {
      running: false,
      start() {
        if (animation.running) return;
        animation.running = true;
        before = null;
        play.onFrame(tick);
      },
      stop() {
        animation.running = false;
      },
    };
    const tick = (now) => {
      if (!animation.running) return;
      const seconds = before === null ? 0 : Math.min((now - before) / 1000, 0.1); // a hidden window catches nothing up
      before = now;
      action(now, seconds);
      if (animation.running) play.onFrame(tick);
    };
    return animation;
  };

  play.movesLittle = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
})((globalThis.play ??= {}));
