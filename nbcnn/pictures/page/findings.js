// What was learnt, and what is got wrong.

function kernels() {
  const found = values.kernels;
  if (!found) return null;
  const scale =
    found.most === null
      ? null
      : html("div", { class: "scale" }, `−${found.most.toPrecision(2)}`, html("i", {}), found.most.toPrecision(2));
  // As large as the page allows, with whole points for every number where there are few.
  const width = Math.min(520, found.width * Math.max(1, Math.floor(520 / found.width)));
  return section(
    "Kernels",
    `Of ${found.layer}, the first convolution: ${found.caption}.`,
    html("img", {
      class: "kernels pixelated",
      src: found.image,
      style: `width:${width}px`,
      alt: `Kernels of ${found.layer}: ${found.caption}`,
    }),
    scale,
  );
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
    pairs.length
      ? html(
          "ol",
          {},
          pairs.map(([count, own, other]) =>
            html("li", {}, `${labels[own]} for ${labels[other]}: ${number(count)} of ${number(sums[own])}`),
          ),
        )
      : html("p", {}, "Nothing was taken for anything else."),
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
  const head = html(
    "tr",
    {},
    html("td", { style: "border:0" }),
    labels.map((label) => html("th", { scope: "col", class: long ? "upright" : null }, html("span", {}, label))),
  );
  const rows = matrix.map((row, own) =>
    html(
      "tr",
      {},
      html("th", { scope: "row" }, labels[own]),
      row.map((count, other) => {
        const share = sums[own] ? count / sums[own] : 0;
        const colour = own === other ? "var(--blue)" : "var(--orange)";
        return html(
          "td",
          {
            class: own === other ? "own" : null,
            style: `background:color-mix(in srgb, ${colour} ${Math.round(share * 45)}%, transparent)`,
            title: `${labels[own]} for ${labels[other]}: ${number(count)}, ${percent(share)}`,
          },
          count || "",
        );
      }),
    ),
  );
  return html("table", {}, html("thead", {}, head), html("tbody", {}, rows));
}

function confusionPicture(matrix, sums) {
  const cell = Math.max(1, Math.floor(800 / matrix.length));
  const canvas = html("canvas", {
    width: matrix.length * cell,
    height: matrix.length * cell,
    role: "img",
    "aria-label": `Confusion matrix of ${matrix.length} classes; the list beside it has what is mixed up most`,
  });
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
  const rows = values.measured.per_class.map((each) =>
    html(
      "tr",
      {},
      html("td", {}, each.label),
      html("td", { class: "number" }, number(each.samples)),
      cell(each.precision),
      cell(each.recall),
      cell(each.f1),
    ),
  );
  const names = ["class", "samples", "precision", "recall", "F1"];
  return html(
    "div",
    { class: "table", tabindex: 0, role: "group", "aria-label": "Figures by class" },
    html(
      "table",
      {},
      html(
        "thead",
        {},
        html(
          "tr",
          {},
          names.map((name, at) => html("th", { scope: "col", class: at ? "number" : null }, name)),
        ),
      ),
      html("tbody", {}, rows),
    ),
  );
}

function metrics() {
  if (!values.measured) return null;
  const found = Object.entries(values.measured.metrics).filter(([, value]) => value !== null);
  if (!found.length) return null;
  return section(
    "Figures",
    `Of the ${values.measured.split} split.`,
    html(
      "dl",
      { class: "figures" },
      found.map(([name, value]) =>
        html("div", {}, html("dt", {}, name.replaceAll("_", " ")), html("dd", {}, value.toFixed(4))),
      ),
    ),
  );
}

function worst() {
  if (!values.worst) return null;
  if (!values.worst.length)
    return section("Errors", `None: every sample of the ${values.measured.split} split was recognised.`);
  const items = values.worst.map((each) => {
    const words = `sample ${each.number}: ${each.true}, taken for ${each.guess}`;
    const drawn = each.image
      ? html("img", { class: "pixelated", src: each.image, alt: words })
      : svg(
          "svg",
          { viewBox: `0 0 ${each.width} 1`, preserveAspectRatio: "none", role: "img", "aria-label": words },
          lines(each),
        );
    return html(
      "li",
      {},
      drawn,
      html("div", {}, "is ", html("b", {}, each.true), ` (${percent(each.share_of_true)})`),
      html("div", {}, "taken for ", html("b", {}, each.guess), ` (${percent(each.share_of_guess)})`),
      html("div", { class: "soft" }, `sample ${each.number}`),
    );
  });
  return section(
    "Worst errors",
    `Samples of the ${values.measured.split} split with the highest loss, and how probable both classes were held.`,
    html("ul", { class: "gallery" }, items),
  );
}
