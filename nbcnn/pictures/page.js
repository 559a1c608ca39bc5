"use strict";
// Draws the report from the values in the page. Whatever comes from a spec or from data goes in as text or as an
// attribute, never as markup.

const values = JSON.parse(document.getElementById("values").textContent);
const page = document.getElementById("page");

function element(namespace, name, attributes, children) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined).map((each) => (each instanceof Node ? each : String(each))));
  return made;
}
const html = (name, attributes, ...children) => element("http://www.w3.org/1999/xhtml", name, attributes, children);
const svg = (name, attributes, ...children) => element("http://www.w3.org/2000/svg", name, attributes, children);

const number = (value) => value.toLocaleString("en-US");
const percent = (share) => `${(100 * share).toFixed(2)}%`;
const times = (sizes) => sizes.join(" × ");
const compact = (value) => new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value);
const bytes = (count) => {
  let size = count;
  for (const unit of ["bytes", "KiB", "MiB"]) {
    if (size < 1024) return unit === "bytes" ? `${size} bytes` : `${size.toFixed(1)} ${unit}`;
    size /= 1024;
  }
  return `${size.toFixed(1)} GiB`;
};
const duration = (seconds) => {
  const whole = Math.round(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours, minutes, rest] = parts.map((each) => String(each).padStart(2, "0"));
  return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${parts[1]}:${rest}`;
};
const axisNames = [[], ["positions"], ["rows", "columns"], ["slices", "rows", "columns"]][values.input_shape.length - 1];
const classNames = () => values.measured.per_class.map((each) => each.label);

function section(title, note, ...children) {
  return html("section", {}, html("h2", {}, title), note ? html("p", { class: "soft" }, note) : null, children);
}

function header() {
  const { totals, history, measured } = values;
  const figures = [];
  if (measured && measured.accuracy !== null) figures.push([`${measured.split} accuracy`, percent(measured.accuracy)]);
  if (measured && measured.loss !== null) figures.push([`${measured.split} loss`, measured.loss.toFixed(4)]);
  figures.push(
    ["best of epochs", values.best === null ? number(history.length) : `${values.best} of ${number(history.length)}`],
    ["training time", duration(history.reduce((sum, each) => sum + (each.seconds || 0), 0))],
    ["parameters", number(totals.params)],
    ["multiply-adds", compact(totals.macs)],
    ["weights", bytes(totals.weights_bytes)],
  );
  return [
    html("h1", {}, values.name),
    html("p", { class: "soft" }, `${values.run} · input ${times(values.input_shape)} · ${number(values.layers.length)} layers`),
    html("dl", { class: "figures" }, figures.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value)))),
    values.missing ? html("p", { class: "note" }, `What needs the data is left out: ${values.missing}`) : null,
  ];
}

// Curves

function chart(title, key, text) {
  const rows = values.history;
  const series = [["training", key], ["validation", `val_${key}`]].filter(([, name]) => rows.some((row) => typeof row[name] === "number"));
  const all = series.flatMap(([, name]) => rows.map((row) => row[name])).filter((each) => typeof each === "number");
  if (!all.length) return null;
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const [width, height, left, right, top, bottom] = [520, 260, 52, 14, 12, 34];
  const first = rows[0].epoch, last = rows[rows.length - 1].epoch;
  const x = (epoch) => (first === last ? (left + width - right) / 2 : left + ((epoch - first) / (last - first)) * (width - left - right));
  const y = (value) => top + ((high - value) / (high - low)) * (height - top - bottom);
  const step = niceStep((high - low) / 5);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) ticks.push(tick);
  const epochStep = Math.max(1, Math.round(niceStep((last - first) / 6)));
  const epochs = rows.map((row) => row.epoch).filter((epoch) => epoch % epochStep === 0 || first === last);
  const cursor = svg("line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" });
  const legend = html("div", { class: "legend" });
  const tell = (row) =>
    legend.replaceChildren(
      ...series.map(([name, column]) => {
        const value = row && typeof row[column] === "number" ? ` ${text(row[column])}` : "";
        return html("span", {}, html("i", { class: name }), `${name}${value}`);
      }),
      html("span", {}, row ? `epoch ${row.epoch}` : ""),
    );
  tell(null);
  const best = values.best !== null && rows.length > 1 ? svg("line", { class: "best", x1: x(values.best), x2: x(values.best), y1: top, y2: height - bottom }, svg("title", {}, `best epoch, ${values.best}`)) : null;
  const drawing = svg(
    "svg",
    {
      class: "chart",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-label": `${title} by epoch: ${series.map(([name, column]) => `${name} ${text(lastOf(rows, column))} at the end`).join(", ")}`,
      onpointermove: (event) => {
        const box = drawing.getBoundingClientRect();
        const place = ((event.clientX - box.left) / box.width) * width;
        const row = rows.reduce((near, each) => (Math.abs(x(each.epoch) - place) < Math.abs(x(near.epoch) - place) ? each : near));
        cursor.setAttribute("x1", x(row.epoch));
        cursor.setAttribute("x2", x(row.epoch));
        cursor.setAttribute("visibility", "visible");
        tell(row);
      },
      onpointerleave: () => {
        cursor.setAttribute("visibility", "hidden");
        tell(null);
      },
    },
    ticks.map((tick) => [
      svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: left - 8, y: y(tick) + 4, "text-anchor": "end" }, tickText(tick, step)),
    ]),
    epochs.map((epoch) => svg("text", { x: x(epoch), y: height - 14, "text-anchor": "middle" }, epoch)),
    best,
    cursor,
    series.map(([name, column]) => {
      const points = rows.filter((row) => typeof row[column] === "number").map((row) => [x(row.epoch), y(row[column])]);
      const dots = points.length < 40 ? points.map(([cx, cy]) => svg("circle", { class: `dot ${name}`, cx, cy, r: 2.5 })) : [];
      return [svg("polyline", { class: `line ${name}`, points: points.join(" ") }), dots];
    }),
  );
  return html("div", { class: "card" }, html("h3", {}, title), drawing, legend);
}

const lastOf = (rows, column) => rows.map((row) => row[column]).filter((each) => typeof each === "number").at(-1);
const tickText = (tick, step) => tick.toFixed(Math.max(0, Math.min(8, Math.ceil(-Math.log10(step) - 1e-9))));
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return power * ([1, 2, 5].find((each) => each * power >= rough) || 10);
}

function curves() {
  const charts = [chart("Loss", "loss", (value) => value.toFixed(4)), chart("Accuracy", "accuracy", percent)].filter(Boolean);
  const note = values.best === null ? null : `The weights are those of epoch ${values.best}, which is marked.`;
  return section("Training", note, html("div", { class: "columns" }, charts));
}

// The network: a graph, the units of a layer and what each sees, and a table

const chosenMarks = [];
let choose = () => {};

function drawnGraph() {
  const drawn = values.graph;
  if (!drawn) return html("p", { class: "soft" }, "There are too many layers to draw; the table below has them all.");
  const [boxWidth, boxHeight] = drawn.box;
  const curve = (points) =>
    points.reduce((path, [x, y], at) => {
      if (!at) return `M${x} ${y}`;
      const [before, above] = points[at - 1];
      const half = (above + y) / 2;
      return x === before ? `${path}V${y}` : `${path}C${before} ${half} ${x} ${half} ${x} ${y}`;
    }, "");
  const boxes = drawn.boxes.map((box) => {
    const layer = box.layers.length ? box.layers[0] : null;
    const label = `${box.title}${box.subtitle ? `, ${box.subtitle}` : ""}, ${times(box.shape)}`;
    const pick = () => layer !== null && choose(layer);
    const group = svg(
      "g",
      {
        class: "box",
        transform: `translate(${box.x} ${box.y})`,
        tabindex: layer === null ? null : 0,
        role: layer === null ? "img" : "button",
        "aria-label": label,
        onclick: pick,
        onkeydown: (event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            pick();
          }
        },
      },
      svg("title", {}, label),
      svg("rect", { width: boxWidth, height: boxHeight, rx: 8 }),
      svg("text", { class: "title", x: 10, y: 19 }, box.title.length > 24 ? `…${box.title.slice(-23)}` : box.title),
      svg("text", { class: "subtitle", x: 10, y: 36 }, shortened(box.subtitle, 30)),
      svg("text", { class: "shape", x: 10, y: 51 }, times(box.shape)),
    );
    chosenMarks.push({ mark: group, has: (number) => box.layers.includes(number) });
    return group;
  });
  return html(
    "div",
    { class: "scroll graph", tabindex: 0, role: "group", "aria-label": "The network as a graph" },
    svg("svg", { width: drawn.width + 4, height: drawn.height + 4, viewBox: `-2 -2 ${drawn.width + 4} ${drawn.height + 4}` }, drawn.lines.map((line) => svg("path", { class: "line", d: curve(line) })), boxes),
  );
}
const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function runsOf(layer, axis, position) {
  const along = layer.windows.axes[axis];
  if (along.runs) return along.runs[position];
  const start = along.start + along.jump * position;
  const first = Math.max(start, 0), last = Math.min(start + along.size, values.input_shape[axis + 1]) - 1;
  return first <= last ? [[first, last]] : [];
}

function windowOf(layer, axis, position) {
  if (layer.receptive_field === null) return null;
  const start = layer.rf_start[axis] + layer.jump[axis] * position;
  return [start, start + layer.receptive_field[axis]];
}

const runsText = (runs) => {
  const texts = runs.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  return texts.length > 7 ? `${texts.slice(0, 3).join(", ")}, … ${texts.length - 4} more …, ${texts.at(-1)}` : texts.join(", ") || "nothing";
};

function inspector() {
  const title = html("h3", { "aria-live": "polite" });
  const views = html("div", { class: "views" });
  const words = html("div", { class: "words" });
  const root = html("div", { class: "inspector card" }, title, views, words);
  let layer = null, unit = [];

  function show(number) {
    layer = values.layers[number];
    title.textContent = `${layer.name} (${layer.type}), ${times(layer.output_shape)}`;
    const space = layer.output_shape.slice(1);
    if (!layer.windows) {
      const text = layer.output_shape.length === 1 ? "Its features have no positions: what they see together is all that the layer before sees." : "Reshaping has dealt its numbers out anew, so that every unit sees another part.";
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
        : html("label", {}, "slice ", html("input", { type: "range", min: 0, max: space[0] - 1, value: unit[0], oninput: (event) => { unit[0] = Number(event.target.value); refresh(); } }));
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
        return [html("dt", {}, axisNames[axis]), html("dd", {}, runsText(runsOf(layer, axis, unit[axis])) + (beyond ? ` (the window is ${window[0]} to ${window[1] - 1}, the rest is padding)` : ""))];
      });
      const only = layer.windows.product ? "" : "Not every crossing of these is seen.";
      words.replaceChildren(html("dl", {}, html("dt", {}, "unit"), html("dd", {}, names), described), html("span", { class: "soft" }, only));
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
      const moves = { ArrowLeft: [space.length - 1, -1], ArrowRight: [space.length - 1, 1], ArrowUp: [space.length - 2, -1], ArrowDown: [space.length - 2, 1] };
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
  return html("canvas", { width: columns * cell, height: space.length === 1 ? 48 : rows * cell, tabindex: 0, role: "img", "aria-label": `Units of the layer, ${times(space)}; arrow keys move to others` });
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
    for (let column = 0; column < columns; column += 1) context.fillRect(column * width, row * height, width - gap, height - gap);
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
  const holes = along[0].flatMap(([top, bottom]) => along[1].map(([left, right]) => `M${left} ${top}h${right - left + 1}v${bottom - top + 1}h${left - right - 1}z`)).join("");
  const sample = values.sample;
  const pictured = !sample ? svg("rect", { class: "outside", width: columns, height: rows }) : sample.image ? svg("image", { class: "pixelated", href: sample.image, width: columns, height: rows, preserveAspectRatio: "none" }) : lines(sample);
  const bounded = window[0] && window[1];
  return svg(
    "svg",
    { class: "seen", viewBox: frame.join(" "), preserveAspectRatio: flat ? "none" : null, role: "img", "aria-label": `What the unit sees: ${axes.filter((axis) => axis !== null).map((axis) => `${axisNames[axis]} ${runsText(runsOf(layer, axis, unit[axis]))}`).join("; ")}` },
    svg("rect", { class: "outside", x: frame[0], y: frame[1], width: frame[2], height: frame[3] }),
    pictured,
    svg("path", { class: "veil", "fill-rule": "evenodd", d: `M0 0h${columns}v${rows}h${-columns}z${holes}` }),
    bounded ? svg("rect", { class: "window", x: window[1][0], y: window[0][0], width: window[1][1] - window[1][0], height: window[0][1] - window[0][0] }) : null,
    svg("path", { class: "pixels", d: holes }),
  );
}

function lines(sample) {
  return sample.lines.map((line, channel) => {
    const high = 1 / sample.lines.length;
    return svg("polyline", { points: line.map((value, at) => `${at + 0.5},${((channel + 0.95 - 0.9 * value) * high).toFixed(4)}`).join(" ") });
  });
}

function layerTable() {
  const columns = ["layer", "type", "reads", "output", "parameters", "MACs", "sees", "step"];
  const right = new Set(["parameters", "MACs"]);
  let previous = "input";
  const rows = values.layers.map((layer, at) => {
    const reads = layer.inputs.length === 1 && layer.inputs[0] === previous ? "" : layer.inputs.join(", ");
    previous = layer.name;
    const name = html("button", { type: "button" }, layer.name);
    const sees = layer.receptive_field ? times(layer.receptive_field) : "all";
    const cells = [name, layer.type, reads, times(layer.output_shape), number(layer.params), number(layer.macs), sees, layer.jump ? times(layer.jump) : ""];
    const row = html("tr", { onclick: () => choose(at) }, cells.map((cell, column) => html("td", { class: right.has(columns[column]) ? "number" : null }, cell)));
    chosenMarks.push({ mark: row, has: (chosen) => chosen === at });
    return row;
  });
  return html(
    "div",
    { class: "table", tabindex: 0, role: "group", "aria-label": "Table of the layers" },
    html("table", { class: "layers" }, html("thead", {}, html("tr", {}, columns.map((name) => html("th", { scope: "col", class: right.has(name) ? "number" : null }, name)))), html("tbody", {}, rows)),
  );
}

function network() {
  const { root, show } = inspector();
  choose = (chosen) => {
    for (const { mark, has } of chosenMarks) mark.classList.toggle("chosen", has(chosen));
    show(chosen);
  };
  const drawn = section(
    "Network",
    "Choose a layer in the graph or in the table, then point at one of its units to see its window: the pixels that it depends on.",
    html("div", { class: "network" }, drawnGraph(), root),
    layerTable(),
  );
  const withPositions = values.layers.map((layer, at) => [layer, at]).filter(([layer]) => layer.windows);
  const convs = withPositions.filter(([layer]) => layer.macs > 0);
  const [, first] = convs[Math.min(1, convs.length - 1)] || withPositions[0] || [null, 0];
  choose(first);
  return drawn;
}

// What was learnt, and what is got wrong

function kernels() {
  const found = values.kernels;
  if (!found) return null;
  const scale = found.most === null ? null : html("div", { class: "scale" }, `−${found.most.toPrecision(2)}`, html("i", {}), found.most.toPrecision(2));
  // As large as the page allows, with whole points for every number where there are few.
  const width = Math.min(520, found.width * Math.max(1, Math.floor(520 / found.width)));
  return section("Kernels", `Of ${found.layer}, the first convolution: ${found.caption}.`, html("img", { class: "kernels pixelated", src: found.image, style: `width:${width}px`, alt: `Kernels of ${found.layer}: ${found.caption}` }), scale);
}

const MOST_CELLS = 24;

function confusion() {
  const matrix = values.measured && values.measured.confusion_matrix;
  if (!matrix) return null;
  const labels = classNames();
  const sums = matrix.map((row) => row.reduce((sum, each) => sum + each, 0));
  const pairs = matrix
    .flatMap((row, own) => row.map((count, other) => [count, own, other]))
    .filter(([count, own, other]) => own !== other && count)
    .sort((one, other) => other[0] - one[0])
    .slice(0, 8);
  const mixed = html(
    "div",
    {},
    html("h3", {}, "Taken for one another most often"),
    pairs.length ? html("ol", {}, pairs.map(([count, own, other]) => html("li", {}, `${labels[own]} for ${labels[other]}: ${number(count)} of ${number(sums[own])}`))) : html("p", {}, "Nothing was taken for anything else."),
  );
  const drawn = matrix.length <= MOST_CELLS ? confusionTable(matrix, labels, sums) : confusionPicture(matrix, sums);
  return section(
    "Confusion matrix",
    `On ${number(values.measured.samples)} samples of the ${values.measured.split} split: rows are what they are, columns what they were taken for.`,
    html("div", { class: "columns" }, html("div", { class: "confusion" }, drawn), html("div", {}, mixed)),
    perClass(),
  );
}

function confusionTable(matrix, labels, sums) {
  const long = labels.some((label) => label.length > 3);
  const head = html("tr", {}, html("td", { style: "border:0" }), labels.map((label) => html("th", { scope: "col", class: long ? "upright" : null }, html("span", {}, label))));
  const rows = matrix.map((row, own) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, labels[own]),
      row.map((count, other) => {
        const share = sums[own] ? count / sums[own] : 0;
        const colour = own === other ? "var(--blue)" : "var(--orange)";
        return html("td", { class: own === other ? "own" : null, style: `background:color-mix(in srgb, ${colour} ${Math.round(share * 45)}%, transparent)`, title: `${labels[own]} for ${labels[other]}: ${number(count)}, ${percent(share)}` }, count || "");
      }),
    ),
  );
  return html("table", {}, html("thead", {}, head), html("tbody", {}, rows));
}

function confusionPicture(matrix, sums) {
  const cell = Math.max(1, Math.floor(800 / matrix.length));
  const canvas = html("canvas", { width: matrix.length * cell, height: matrix.length * cell, role: "img", "aria-label": `Confusion matrix of ${matrix.length} classes; the list beside it has what is mixed up most` });
  const context = canvas.getContext("2d");
  matrix.forEach((row, own) =>
    row.forEach((count, other) => {
      const share = sums[own] ? count / sums[own] : 0;
      context.fillStyle = `rgba(${own === other ? "64, 132, 230" : "224, 108, 20"}, ${count ? 0.25 + 0.75 * share : 0.06})`;
      context.fillRect(other * cell, own * cell, cell, cell);
    }),
  );
  return canvas;
}

function perClass() {
  const cell = (share) => html("td", { class: "number" }, share === null ? "–" : percent(share));
  const rows = values.measured.per_class.map((each) => html("tr", {}, html("td", {}, each.label), html("td", { class: "number" }, number(each.samples)), cell(each.precision), cell(each.recall), cell(each.f1)));
  const names = ["class", "samples", "precision", "recall", "F1"];
  return html("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Figures by class" }, html("table", {}, html("thead", {}, html("tr", {}, names.map((name, at) => html("th", { scope: "col", class: at ? "number" : null }, name)))), html("tbody", {}, rows)));
}

function metrics() {
  if (!values.measured) return null;
  const found = Object.entries(values.measured.metrics).filter(([, value]) => value !== null);
  if (!found.length) return null;
  return section("Figures", `Of the ${values.measured.split} split.`, html("dl", { class: "figures" }, found.map(([name, value]) => html("div", {}, html("dt", {}, name.replaceAll("_", " ")), html("dd", {}, value.toFixed(4))))));
}

function worst() {
  if (!values.worst) return null;
  if (!values.worst.length) return section("Errors", `None: every sample of the ${values.measured.split} split was recognised.`);
  const items = values.worst.map((each) => {
    const words = `sample ${each.number}: ${each.true}, taken for ${each.guess}`;
    const drawn = each.image ? html("img", { class: "pixelated", src: each.image, alt: words }) : svg("svg", { viewBox: `0 0 ${each.width} 1`, preserveAspectRatio: "none", role: "img", "aria-label": words }, lines(each));
    return html("li", {}, drawn, html("div", {}, "is ", html("b", {}, each.true), ` (${percent(each.share_of_true)})`), html("div", {}, "taken for ", html("b", {}, each.guess), ` (${percent(each.share_of_guess)})`), html("div", { class: "soft" }, `sample ${each.number}`));
  });
  return section("Worst errors", `Samples of the ${values.measured.split} split with the highest loss, and how probable both classes were held.`, html("ul", { class: "gallery" }, items));
}

function spec() {
  return section("Spec", null, html("details", {}, html("summary", {}, "All that the run was told, with the defaults filled in"), html("pre", {}, JSON.stringify(values.spec, null, 2))));
}

page.replaceChildren(
  ...[header(), curves(), network(), kernels(), confusion(), metrics(), worst(), spec(), html("footer", {}, `Made by nbcnn ${values.version}.`)].flat().filter(Boolean),
);

// A wide graph is seen from its middle on, where its input is.
for (const each of document.querySelectorAll(".graph")) each.scrollLeft = (each.scrollWidth - each.clientWidth) / 2;
