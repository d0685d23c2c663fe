// Controls by mouse, finger and keyboard, and words for those who do not see the pictures.
//
//   play.element(tag, attributes, ...children)   a node; "onclick" etc. are listeners; children are nodes or texts
//   play.slider(host, { label, low, high, value, log, step, format, onInput })  -> { value, set(value), input }
//     onInput(value); log: the slider moves by equal factors, and its values have two digits (without a step of your own the
//     arrow keys go through round ones, 24 in a decade); format(value) -> words
//   play.choice(host, { label, options: { key: words }, value, onChange, list }) -> { value, set(key) }
//     radio buttons; list: true makes it a drop-down list. onChange(key)
//   play.button(host, words, onClick, { primary, key }) -> the button; key: words for its tooltip
//   play.toggle(host, words, isOn, onChange) -> the checkbox
//   play.table([heading, ...], body, { caption, ...attributes }) -> the table; "" heads the column of the rows' names
//   play.drag(chart, { grab(x, y, near, event), move(handle, x, y), drop(handle), click(x, y) })   pointer events in data
//     grab gives a handle or null; near(x0, y0) says whether the pointer is close to a point (closer for mouse than finger).
//     Where grab gives null a touch scrolls the page and a short tap is a click.
//   play.keys(chart, { ArrowLeft(event) { ... }, ... })   when the chart is focused; Shift is in event.shiftKey
//   play.announcer(host) -> say(text)   spoken politely, at most once a second
//   play.questions(host, [[question, answer], ...])   answers fold out; both may hold play.markup's signs
(function (play) {
  "use strict";
  let names = 0;
  const newName = () => `control-${(names += 1)}`;

  const element = (play.element = (tag, attributes = {}, ...children) => {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
    }
    node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  });

  play.table = (headings, body, { caption = null, ...attributes } = {}) =>
    element(
      "table",
      attributes,
      caption && element("caption", {}, caption),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          ...headings.map((name) => element(name ? "th" : "td", name ? { scope: "col" } : {}, name)),
        ),
      ),
      body,
    );

  const twoDigits = (value) => Number(value.toPrecision(2));
  const ROUND = [1, 1.1, 1.2, 1.3, 1.5, 1.6, 1.8, 2, 2.2, 2.4, 2.7, 3, 3.3, 3.6, 4, 4.3, 4.7, 5, 5.5, 6, 6.5, 7, 8, 9];

  /** The next round value above (sign 1) or below (-1). */
  function nextRound(value, sign) {
    const decade = Math.floor(Math.log10(value));
    const values = [-1, 0, 1].flatMap((more) => ROUND.map((digits) => Number(`${digits}e${decade + more}`)));
    const beyond = values.filter((candidate) => sign * (candidate - value) > 1e-9 * value);
    return sign > 0 ? Math.min(...beyond) : Math.max(...beyond);
  }

  play.slider = (host, { label, low, high, value, log = false, step, format = play.number, onInput }) => {
    const id = newName();
    const inner = log ? Math.log10 : (x) => x;
    const outer = log ? (x) => twoDigits(10 ** x) : (x) => x;
    const output = element("output", { for: id });
    const input = element("input", {
      type: "range",
      id,
      min: inner(low),
      max: inner(high),
      step: step ?? (log ? 0.005 : (high - low) / 100),
    });
    host.append(
      element("div", { class: "slider" }, element("label", { for: id }, ...play.markup(label)), output, input),
    );
    const slider = {
      input,
      value,
      set(wanted) {
        slider.value = Math.min(high, Math.max(low, wanted));
        input.value = inner(slider.value);
        show();
      },
      limits(newLow, newHigh) {
        [low, high] = [newLow, newHigh];
        [input.min, input.max] = [inner(low), inner(high)];
      },
    };
    const show = () => {
      output.textContent = format(slider.value);
      input.setAttribute("aria-valuetext", format(slider.value));
    };
    input.addEventListener("input", () => {
      slider.value = outer(Number(input.value));
      show();
      onInput?.(slider.value);
    });
    if (log && step === undefined) {
      const signs = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
      input.addEventListener("keydown", (event) => {
        if (!(event.key in signs) || event.ctrlKey || event.altKey || event.metaKey) return;
        event.preventDefault();
        slider.set(nextRound(slider.value, signs[event.key]));
        onInput?.(slider.value);
      });
    }
    slider.set(value);
    return slider;
  };

  play.choice = (host, { label, options, value, onChange, list = false }) => {
    const id = newName();
    const choice = { value, set: () => {} };
    const chosen = (key) => {
      choice.value = key;
      onChange?.(key);
    };
    if (list) {
      const select = element("select", { id, onchange: () => chosen(select.value) });
      for (const [key, words] of Object.entries(options)) select.append(element("option", { value: key }, words));
      host.append(element("div", { class: "field" }, element("label", { for: id }, label), select));
      choice.set = (key) => {
        choice.value = select.value = key;
      };
    } else {
      const buttons = Object.entries(options).map(([key, words]) => {
        const input = element("input", { type: "radio", name: id, value: key, onchange: () => chosen(key) });
        return [input, element("label", { class: "pill" }, input, element("span", {}, ...play.markup(words)))];
      });
      host.append(
        element(
          "fieldset",
          {},
          element("legend", {}, label),
          element(
            "div",
            { class: "pills" },
            buttons.map((pair) => pair[1]),
          ),
        ),
      );
      choice.set = (key) => {
        choice.value = key;
        for (const [input] of buttons) input.checked = input.value === key;
      };
    }
    choice.set(value);
    return choice;
  };

  play.button = (host, words, onClick, { primary = false, key = null } = {}) => {
    const button = element(
      "button",
      { type: "button", class: primary && "primary", title: key, onclick: onClick },
      words,
    );
    host.append(button);
    return button;
  };

  play.toggle = (host, words, isOn, onChange) => {
    const input = element("input", { type: "checkbox", onchange: () => onChange(input.checked) });
    input.checked = isOn;
    host.append(element("label", { class: "toggle" }, input, words));
    return input;
  };

  play.drag = (chart, { grab = () => null, move = () => {}, drop = () => {}, click = () => {} }) => {
    const { canvas } = chart;
    let held = null;
    let pressed = null;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    const grabbed = (event, isTouch) => {
      const [across, down] = place(event);
      const reach = isTouch ? 30 : 14;
      const near = (x, y) => Math.hypot(chart.toX(x) - across, chart.toY(y) - down) <= reach;
      return grab(chart.fromX(across), chart.fromY(down), near, event) ?? null;
    };
    const data = (event) => {
      const [across, down] = place(event);
      return [chart.fromX(across), chart.fromY(down)];
    };
    // A finger on a handle moves it; anywhere else it scrolls the page.
    canvas.addEventListener(
      "touchstart",
      (event) => {
        if (event.touches.length === 1 && grabbed(event.touches[0], true) !== null && event.cancelable)
          event.preventDefault();
      },
      { passive: false },
    );
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.focus({ preventScroll: true });
      pressed = place(event);
      held = grabbed(event, event.pointerType !== "mouse");
      if (held !== null) canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (held !== null) move(held, ...data(event), event);
    });
    canvas.addEventListener("pointerup", (event) => {
      const stayed = pressed && Math.hypot(place(event)[0] - pressed[0], place(event)[1] - pressed[1]) < 8;
      if (held !== null) drop(held, ...data(event));
      else if (stayed) click(...data(event));
      held = pressed = null;
    });
    canvas.addEventListener("pointercancel", () => {
      if (held !== null) drop(held);
      held = pressed = null;
    });
  };

  play.keys = (chart, actions) => {
    chart.canvas.addEventListener("keydown", (event) => {
      const action = actions[event.key];
      if (!action || event.ctrlKey || event.altKey || event.metaKey) return;
      event.preventDefault();
      action(event);
    });
  };

  play.announcer = (host) => {
    const status = element("p", { class: "spoken", role: "status" });
    host.append(status);
    let [next, timer] = ["", null];
    return (text) => {
      next = text;
      timer ??= setTimeout(() => {
        timer = null;
        status.textContent = next;
      }, 1000);
    };
  };

  play.questions = (host, pairs) => {
    const box = element("div", { class: "questions" }, element("h3", {}, "Try to answer, then try it out"));
    for (const [question, answer] of pairs) {
      box.append(
        element(
          "details",
          {},
          element("summary", {}, ...play.markup(question)),
          element("p", {}, ...play.markup(answer)),
        ),
      );
    }
    host.append(box);
  };
})((globalThis.play ??= {}));
