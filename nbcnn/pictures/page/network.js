// The network: a graph and a table, in which a layer is chosen.

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
      svg("text", { class: "subtitle", x: 10, y: 36 }, shortened(box.subtitle, 27)),
      svg("text", { class: "shape", x: 10, y: 51 }, times(box.shape)),
    );
    chosenMarks.push({ mark: group, has: (number) => box.layers.includes(number) });
    return group;
  });
  return html(
    "div",
    { class: "scroll graph", tabindex: 0, role: "group", "aria-label": "The network as a graph" },
    svg(
      "svg",
      { width: drawn.width + 4, height: drawn.height + 4, viewBox: `-2 -2 ${drawn.width + 4} ${drawn.height + 4}` },
      drawn.lines.map((line) => svg("path", { class: "line", d: curve(line) })),
      boxes,
    ),
  );
}
const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function layerTable() {
  const columns = ["layer", "type", "reads", "output", "parameters", "MACs", "sees", "step"];
  const right = new Set(["parameters", "MACs"]);
  let previous = "input";
  const rows = values.layers.map((layer, at) => {
    const reads = layer.inputs.length === 1 && layer.inputs[0] === previous ? "" : layer.inputs.join(", ");
    previous = layer.name;
    const name = html("button", { type: "button" }, layer.name);
    const sees = layer.receptive_field ? times(layer.receptive_field) : "all";
    const cells = [
      name,
      layer.type,
      reads,
      times(layer.output_shape),
      number(layer.params),
      number(layer.macs),
      sees,
      layer.jump ? times(layer.jump) : "",
    ];
    const row = html(
      "tr",
      { onclick: () => choose(at) },
      cells.map((cell, column) => html("td", { class: right.has(columns[column]) ? "number" : null }, cell)),
    );
    chosenMarks.push({ mark: row, has: (chosen) => chosen === at });
    return row;
  });
  return html(
    "div",
    { class: "table", tabindex: 0, role: "group", "aria-label": "Table of the layers" },
    html(
      "table",
      { class: "layers" },
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          columns.map((name) => html("th", { scope: "col", class: right.has(name) ? "number" : null }, name)),
        ),
      ),
      html("tbody", {}, rows),
    ),
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
