// The page from top to bottom.

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
    html(
      "p",
      { class: "soft" },
      `${values.run} · input ${times(values.input_shape)} · ${number(values.layers.length)} layers`,
    ),
    html(
      "dl",
      { class: "figures" },
      figures.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))),
    ),
    values.missing ? html("p", { class: "note" }, `What needs the data is left out: ${values.missing}`) : null,
  ];
}

function spec() {
  return section(
    "Spec",
    null,
    html(
      "details",
      {},
      html("summary", {}, "All that the run was told, with the defaults filled in"),
      html("pre", {}, JSON.stringify(values.spec, null, 2)),
    ),
  );
}

page.replaceChildren(
  ...[
    header(),
    curves(),
    network(),
    kernels(),
    confusion(),
    metrics(),
    worst(),
    spec(),
    html("footer", {}, `Made by nbcnn ${values.version}.`),
  ]
    .flat()
    .filter(Boolean),
);

// A wide graph is seen from its middle on, where its input is.
for (const each of document.querySelectorAll(".graph")) each.scrollLeft = (each.scrollWidth - each.clientWidth) / 2;
