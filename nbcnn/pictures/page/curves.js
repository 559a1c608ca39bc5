// Curves of loss and accuracy. Training is measured as validation is where the history has that.

function chart(title, key, text) {
  const rows = values.history;
  const series = [
    ["training", rows.some((row) => typeof row[`train_${key}`] === "number") ? `train_${key}` : key],
    ["validation", `val_${key}`],
  ].filter(([, name]) => rows.some((row) => typeof row[name] === "number"));
  const all = series.flatMap(([, name]) => rows.map((row) => row[name])).filter((each) => typeof each === "number");
  if (!all.length) return null;
  let [low, high] = [Math.min(...all), Math.max(...all)];
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const [width, height, left, right, top, bottom] = [520, 260, 52, 14, 12, 34];
  const first = rows[0].epoch,
    last = rows[rows.length - 1].epoch;
  const x = (epoch) =>
    first === last ? (left + width - right) / 2 : left + ((epoch - first) / (last - first)) * (width - left - right);
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
  const best =
    values.best !== null && rows.length > 1
      ? svg(
          "line",
          { class: "best", x1: x(values.best), x2: x(values.best), y1: top, y2: height - bottom },
          svg("title", {}, `best epoch, ${values.best}`),
        )
      : null;
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
        const row = rows.reduce((near, each) =>
          Math.abs(x(each.epoch) - place) < Math.abs(x(near.epoch) - place) ? each : near,
        );
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
      const dots =
        points.length < 40 ? points.map(([cx, cy]) => svg("circle", { class: `dot ${name}`, cx, cy, r: 2.5 })) : [];
      return [svg("polyline", { class: `line ${name}`, points: points.join(" ") }), dots];
    }),
  );
  return html("div", { class: "card" }, html("h3", {}, title), drawing, legend);
}

const lastOf = (rows, column) =>
  rows
    .map((row) => row[column])
    .filter((each) => typeof each === "number")
    .at(-1);
const tickText = (tick, step) => tick.toFixed(Math.max(0, Math.min(8, Math.ceil(-Math.log10(step) - 1e-9))));
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return power * ([1, 2, 5].find((each) => each * power >= rough) || 10);
}

function curves() {
  const charts = [chart("Loss", "loss", (value) => value.toFixed(4)), chart("Accuracy", "accuracy", percent)].filter(
    Boolean,
  );
  const note = values.best === null ? null : `The weights are those of epoch ${values.best}, which is marked.`;
  return section("Training", note, html("div", { class: "columns" }, charts));
}
