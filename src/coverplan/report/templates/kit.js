"use strict";
/** What the scripts of all reports share: numbers in words, themes, controls, axes, tables. */
const kit = (() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const THEMES = {
    light: { paper: "#ffffff", ink: "#16191f", quiet: "#5a6270", line: "#dfe2e8", band: "#e3e8ef", plan: "#0b62b8", today: "#7d8592", faint: "#d3d7de" },
    dark: { paper: "#14171c", ink: "#eceef2", quiet: "#a3abb8", line: "#343a45", band: "#2b323d", plan: "#79b4f2", today: "#8d95a3", faint: "#3a404b" },
  };
  // Paul Tol's vibrant scheme, safe for colour-blind readers, with two colours more; shapes tell the rest apart.
  const COLOURS = {
    light: ["#0077bb", "#ee7733", "#009988", "#cc3311", "#33bbee", "#ee3377", "#b08a00", "#7a5195"],
    dark: ["#4aa5e8", "#f59a5c", "#2fc2b0", "#f0694c", "#6fd3f7", "#f770a0", "#d9b63c", "#b18cd0"],
  };
  const SHAPES = ["circle", "square", "diamond"];
  const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  let printing = false;

  const mode = () => (dark.matches && !printing ? "dark" : "light");
  const theme = () => THEMES[mode()];
  const narrow = () => innerWidth < 640;
  // Plotly reads a little HTML in its texts; names are never meant as such.
  const safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const clip = (text, size) => (text.length > size ? text.slice(0, size - 1) + "…" : text);
  const number = (value, digits = 0) => value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
  const cents = (value) => (Math.abs(value) < 1000 ? 2 : 0);
  const amount = (value, digits) => `${safe(data.currency)}\u202f${number(value, digits)}`;
  const money = (value) => amount(value, cents(value));
  const percent = (share) => `${number(100 * share, share >= 0.01 ? 1 : share >= 0.001 ? 2 : share > 1e-9 ? -Math.floor(Math.log10(share)) - 1 : 0)}\u202f%`;
  // What is proven is rounded to the safe side, as the page itself does: what is read back is never below the value.
  const up = (value, digits, units = 1) => {
    const steps = Math.round(value * units * 10 ** digits);
    return (steps / 10 ** digits / units >= value ? steps : steps + 1) / 10 ** digits;
  };
  const upMoney = (value, sign) => {
    const digits = up(sign * value, cents(value)) - sign * value > 0.999 ? 2 : cents(value);
    return amount(sign * up(sign * value, digits), digits);
  };
  const moneyAtMost = (value) => upMoney(value, 1), moneyAtLeast = (value) => upMoney(value, -1);
  const percentAtMost = (share) => {
    const digits = share > 0 && share < 1 ? Math.max(1, Math.min(7, -Math.floor(Math.log10(share)) - 1)) : 0;
    return `${number(up(share, digits, 100), digits)}\u202f%`;
  };
  const element = (name, attributes = {}, text = "") => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.textContent = text;
    return made;
  };

  function axis(more) {
    const { quiet, line } = theme();
    return { color: quiet, gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, fixedrange: true, ...more };
  }

  function layout(more) {
    const { ink, paper, line } = theme();
    return {
      font: { family: FONT, size: 13, color: ink },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 8, r: 12, t: 8, b: 36 }, dragmode: false, hovermode: "closest",
      hoverlabel: { bgcolor: paper, bordercolor: line, font: { family: FONT, size: 13, color: ink }, align: "left", namelength: 0 },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: theme().today, activecolor: ink },
      showlegend: false,
      ...more,
    };
  }

  const CONFIG = { responsive: true, displayModeBar: false, displaylogo: false };

  /** A row of buttons of which one is on; calls back with its value. */
  function choice(place, options, chosen, onChange) {
    const group = element("div", { class: "switch", role: "group" });
    for (const [value, label] of options) {
      const button = element("button", { type: "button", "aria-pressed": String(value === chosen) }, label);
      button.addEventListener("click", () => {
        for (const other of group.children) other.setAttribute("aria-pressed", String(other === button));
        onChange(value);
      });
      group.append(button);
    }
    place.append(group);
  }

  function picker(place, options, label, onChange) {
    const select = element("select", { "aria-label": label });
    for (const [value, text] of options) select.append(element("option", { value }, text));
    select.addEventListener("change", () => onChange(select.value));
    place.append(select);
  }

  /** What the marks of a chart mean. */
  function key(name, entries) {
    const made = entries.map(([mark, label]) => {
      const entry = element("span");
      entry.append(element("i", { class: mark }), label);
      return entry;
    });
    document.getElementById(`${name}-key`).replaceChildren(...made);
  }

  const controls = (chart) => document.querySelector(`.controls[data-for="${chart}"]`);

  /** 1, 2, 5 in every decade that the gaps touch; 1 only where there are many. */
  function ticks(gaps) {
    const low = Math.floor(Math.log10(Math.max(1e-6, Math.min(...gaps)))), high = Math.ceil(Math.log10(Math.max(...gaps)));
    const steps = high - low > 3 ? [1] : [1, 2, 5];
    const tickvals = [];
    for (let power = low; power <= high; power += 1) tickvals.push(...steps.map((step) => step * 10 ** power));
    return { tickvals, ticktext: tickvals.map((value) => `${number(100 * value, 6)}\u202f%`) };
  }

  // ---- tables

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = element("button", { type: "button" });
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const numeric = head.classList.contains("number");
        const now = head.getAttribute("aria-sort");
        const down = now ? now === "ascending" : numeric;
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
        const compare = numeric ? (one, two) => parseFloat(one) - parseFloat(two) : (one, two) => one.localeCompare(two, undefined, { numeric: true });
        const rows = [...table.tBodies[0].rows].sort((one, two) => compare(key(one), key(two)) * (down ? -1 : 1));
        table.tBodies[0].append(...rows);
      });
    });
  }

  /** Draw now, and again whenever what it hangs on changes; sort tables on request. */
  function start(drawings) {
    document.querySelectorAll("table.sortable").forEach(sortable);
    const drawAll = () => drawings.forEach((draw) => draw());
    drawAll();
    dark.addEventListener("change", drawAll);
    let width = innerWidth;
    addEventListener("resize", () => { if (width !== innerWidth) { width = innerWidth; drawAll(); } });
    addEventListener("beforeprint", () => { printing = true; drawAll(); });
    addEventListener("afterprint", () => { printing = false; drawAll(); });
  }

  return { data, COLOURS, SHAPES, CONFIG, mode, theme, narrow, safe, clip, number, money, moneyAtMost, moneyAtLeast, percent, percentAtMost, element, axis, layout, choice, picker, key, controls, ticks, start };
})();
