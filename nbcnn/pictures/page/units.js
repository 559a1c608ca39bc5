// The units of the chosen layer, and which pixels of a sample each sees.

function runsOf(layer, axis, position) {
  const along = layer.windows.axes[axis];
  if (along.runs) return along.runs[position];
  const start = along.start + along.jump * position;
  const first = Math.max(start, 0),
    last = Math.min(start + along.size, values.input_shape[axis + 1]) - 1;
  return first <= last ? [[first, last]] : [];
}

function windowOf(layer, axis, position) {
  if (layer.receptive_field === null) return null;
  const start = layer.rf_start[axis] + layer.jump[axis] * position;
  return [start, start + layer.receptive_field[axis]];
}

const runsText = (runs) => {
  const texts = runs.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  return texts.length > 7
    ? `${texts.slice(0, 3).join(", ")}, … ${texts.length - 4} more …, ${texts.at(-1)}`
    : texts.join(", ") || "nothing";
};

function inspector() {
  const title = html("h3", { "aria-live": "polite" });
  const views = html("div", { class: "views" });
  const words = html("div", { class: "words" });
  const root = html("div", { class: "inspector card" }, title, views, words);
  let layer = null,
    unit = [];

  function show(number) {
    layer = values.layers[number];
    title.textContent = `${layer.name} (${layer.type}), ${times(layer.output_shape)}`;
    const space = layer.output_shape.slice(1);
    if (!layer.windows) {
      const text =
        layer.output_shape.length === 1
          ? "Its features have no positions: what they see together is all that the layer before sees."
          : "Reshaping has dealt its numbers out anew, so that every unit sees another part.";
      views.replaceChildren();
      words.replaceChildren(html("p", { class: "soft" }, text));
      return;
    }
    unit = space.map((size) => Math.floor(size / 2));
    views.classList.toggle("stacked", space.length === 1);
    const canvas = grid(space);
    const slider =
      space.length < 3
        ? null
        : html(
            "label",
            {},
            "slice ",
            html("input", {
              type: "range",
              min: 0,
              max: space[0] - 1,
              value: unit[0],
              oninput: (event) => {
                unit[0] = Number(event.target.value);
                refresh();
              },
            }),
          );
    const seen = html("div", {});
    views.replaceChildren(
      html("figure", {}, html("figcaption", {}, `its ${times(space)} units: point at one`), canvas, slider),
      html("figure", {}, html("figcaption", {}, values.sample ? values.sample.words : "the input"), seen),
    );
    function refresh() {
      drawGrid(canvas, space, unit);
      seen.replaceChildren(seenBy(layer, unit));
      const names = space.map((size, axis) => `${axisNames[axis].replace(/s$/, "")} ${unit[axis]}`).join(", ");
      const described = space.flatMap((size, axis) => {
        const window = windowOf(layer, axis, unit[axis]);
        const beyond = window && (window[0] < 0 || window[1] > values.input_shape[axis + 1]);
        return [
          html("dt", {}, axisNames[axis]),
          html(
            "dd",
            {},
            runsText(runsOf(layer, axis, unit[axis])) +
              (beyond ? ` (the window is ${window[0]} to ${window[1] - 1}, the rest is padding)` : ""),
          ),
        ];
      });
      const only = layer.windows.product ? "" : "Not every crossing of these is seen.";
      words.replaceChildren(
        html("dl", {}, html("dt", {}, "unit"), html("dd", {}, names), described),
        html("span", { class: "soft" }, only),
      );
    }
    const point = (event) => {
      const box = canvas.getBoundingClientRect();
      const [rows, columns] = space.length === 1 ? [1, space[0]] : space.slice(-2);
      const across = Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns)));
      const down = Math.min(rows - 1, Math.max(0, Math.floor(((event.clientY - box.top) / box.height) * rows)));
      unit[space.length - 1] = across;
      if (space.length > 1) unit[space.length - 2] = down;
      refresh();
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("keydown", (event) => {
      const moves = {
        ArrowLeft: [space.length - 1, -1],
        ArrowRight: [space.length - 1, 1],
        ArrowUp: [space.length - 2, -1],
        ArrowDown: [space.length - 2, 1],
      };
      const move = moves[event.key];
      if (!move || move[0] < 0) return;
      event.preventDefault();
      unit[move[0]] = Math.min(space[move[0]] - 1, Math.max(0, unit[move[0]] + move[1]));
      refresh();
    });
    refresh();
    again = refresh;
  }
  let again = () => {};
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => again());
  return { root, show };
}

function grid(space) {
  const [rows, columns] = space.length === 1 ? [1, space[0]] : space.slice(-2);
  const cell = Math.max(2, Math.min(48, Math.floor(680 / Math.max(rows, columns))));
  return html("canvas", {
    width: columns * cell,
    height: space.length === 1 ? 48 : rows * cell,
    tabindex: 0,
    role: "img",
    "aria-label": `Units of the layer, ${times(space)}; arrow keys move to others`,
  });
}

function drawGrid(canvas, space, unit) {
  const [rows, columns] = space.length === 1 ? [1, space[0]] : space.slice(-2);
  const [height, width] = [canvas.height / rows, canvas.width / columns];
  const style = getComputedStyle(document.documentElement);
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = style.getPropertyValue("--unit");
  const gap = Math.min(width, height) >= 6 ? Math.ceil(width / 16) : 0;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1)
      context.fillRect(column * width, row * height, width - gap, height - gap);
  }
  context.fillStyle = style.getPropertyValue("--window");
  const [down, across] = space.length === 1 ? [0, unit[0]] : unit.slice(-2);
  const least = Math.max(0, (6 - Math.min(width, height)) / 2);
  context.fillRect(across * width - least, down * height - least, width - gap + 2 * least, height - gap + 2 * least);
}

function seenBy(layer, unit) {
  const sizes = values.input_shape.slice(1);
  const flat = sizes.length === 1;
  const [rows, columns] = flat ? [1, sizes[0]] : sizes.slice(-2);
  const axes = flat ? [null, 0] : [sizes.length - 2, sizes.length - 1];
  const along = axes.map((axis) => (axis === null ? [[0, 0]] : runsOf(layer, axis, unit[axis])));
  const window = axes.map((axis) => (axis === null ? [0, 1] : windowOf(layer, axis, unit[axis])));
  // As much of the padding as any unit's window reaches into, but never more than half the input again.
  const margin = axes.map((axis, at) => {
    const size = [rows, columns][at];
    if (axis === null || layer.receptive_field === null) return 0;
    const end = windowOf(layer, axis, layer.output_shape[axis + 1] - 1)[1];
    return Math.min(Math.max(0, -layer.rf_start[axis], end - size), Math.ceil(size / 2));
  });
  const frame = [-margin[1], -margin[0], columns + 2 * margin[1], rows + 2 * margin[0]];
  const holes = along[0]
    .flatMap(([top, bottom]) =>
      along[1].map(([left, right]) => `M${left} ${top}h${right - left + 1}v${bottom - top + 1}h${left - right - 1}z`),
    )
    .join("");
  const sample = values.sample;
  const pictured = !sample
    ? svg("rect", { class: "outside", width: columns, height: rows })
    : sample.image
      ? svg("image", {
          class: "pixelated",
          href: sample.image,
          width: columns,
          height: rows,
          preserveAspectRatio: "none",
        })
      : lines(sample);
  const bounded = window[0] && window[1];
  return svg(
    "svg",
    {
      class: "seen",
      viewBox: frame.join(" "),
      preserveAspectRatio: flat ? "none" : null,
      role: "img",
      "aria-label": `What the unit sees: ${axes
        .filter((axis) => axis !== null)
        .map((axis) => `${axisNames[axis]} ${runsText(runsOf(layer, axis, unit[axis]))}`)
        .join("; ")}`,
    },
    svg("rect", { class: "outside", x: frame[0], y: frame[1], width: frame[2], height: frame[3] }),
    pictured,
    svg("path", { class: "veil", "fill-rule": "evenodd", d: `M0 0h${columns}v${rows}h${-columns}z${holes}` }),
    bounded
      ? svg("rect", {
          class: "window",
          x: window[1][0],
          y: window[0][0],
          width: window[1][1] - window[1][0],
          height: window[0][1] - window[0][0],
        })
      : null,
    svg("path", { class: "pixels", d: holes }),
  );
}

function lines(sample) {
  return sample.lines.map((line, channel) => {
    const high = 1 / sample.lines.length;
    return svg("polyline", {
      points: line.map((value, at) => `${at + 0.5},${((channel + 0.95 - 0.9 * value) * high).toFixed(4)}`).join(" "),
    });
  });
}
