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
  made.append(
    ...children
      .flat(Infinity)
      .filter((each) => each !== null && each !== undefined)
      .map((each) => (each instanceof Node ? each : String(each))),
  );
  return made;
}
const html = (name, attributes, ...children) => element("http://www.w3.org/1999/xhtml", name, attributes, children);
const svg = (name, attributes, ...children) => element("http://www.w3.org/2000/svg", name, attributes, children);

const number = (value) => value.toLocaleString("en-US");
const percent = (share) => `${(100 * share).toFixed(2)}%`;
const times = (sizes) => sizes.join(" × ");
const compact = (value) =>
  new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 }).format(value);
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
const axisNames = [[], ["positions"], ["rows", "columns"], ["slices", "rows", "columns"]][
  values.input_shape.length - 1
];
const classNames = () => values.measured.per_class.map((each) => each.label);

function section(title, note, ...children) {
  return html("section", {}, html("h2", {}, title), note ? html("p", { class: "soft" }, note) : null, children);
}
