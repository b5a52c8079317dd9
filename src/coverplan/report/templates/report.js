"use strict";
(() => {
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
  const NAMED = 24;
  const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const MOST_BARS = 40;
  let printing = false;

  const mode = () => (dark.matches && !printing ? "dark" : "light");
  const theme = () => THEMES[mode()];
  const narrow = () => innerWidth < 640;
  // Plotly reads a little HTML in its texts; names are never meant as such.
  const safe = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const clip = (text, size) => (text.length > size ? text.slice(0, size - 1) + "…" : text);
  const number = (value, digits = 0) => value.toLocaleString("en-US", { maximumFractionDigits: digits }).replace("-", "−");
  const money = (value) => `${safe(data.currency)}\u202f${number(value, Math.abs(value) < 1000 ? 2 : 0)}`;
  const percent = (share) => `${number(100 * share, share >= 0.01 ? 1 : share >= 0.001 ? 2 : share > 1e-9 ? -Math.floor(Math.log10(share)) - 1 : 0)}\u202f%`;
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

  // ---- balance of the books

  const MEASURES = {
    revenue: { name: "Revenue", show: money },
    hours: { name: "Hours", show: (value) => `${number(value)}\u202fh` },
    accounts: { name: "Accounts", show: (value) => number(value) },
  };

  function books() {
    const chart = document.getElementById("books-chart");
    const note = document.getElementById("books-note");
    if (!chart || !data.books.length) return null;
    const state = { measure: "revenue", role: data.books[0].role };
    const roles = [...new Set(data.books.map((book) => book.role))];
    const place = controls("books-chart");

    function draw() {
      const shown = data.books.filter((book) => book.role === state.role);
      const many = shown.length > MOST_BARS;
      Plotly.react(chart, ...(many ? ranked(shown, state.measure, note) : paired(shown, state.measure, note)), CONFIG);
    }

    const change = (key) => (value) => { state[key] = value; draw(); };
    choice(place, Object.entries(MEASURES).map(([key, { name }]) => [key, name]), state.measure, change("measure"));
    if (roles.length > 1) picker(place, roles.map((role) => [role, role]), "Role", change("role"));
    return draw;
  }

  const limits = (book, measure) => (measure === "hours" ? (book.capacity === null ? null : [0, book.capacity]) : book.band[measure] || null);

  function paired(shown, measure, note) {
    const { band, plan, today, paper } = theme();
    const sorted = [...shown].sort((one, two) => one.plan[measure] - two.plan[measure]);
    const rows = sorted.map((_, row) => row);
    const { name, show } = MEASURES[measure];
    const bands = sorted.map((book) => limits(book, measure));
    const most = Math.max(...sorted.flatMap((book, row) => [book.plan[measure], book.today[measure], bands[row]?.[1] ?? 0])) || 1;
    const ends = bands.map((bound) => bound && [bound[0] ?? 0, bound[1] ?? most]);
    const hover = sorted.map((book, row) => {
      const lines = [`<b>${safe(book.name)}</b>`, `plan: ${show(book.plan[measure])}`, `today: ${show(book.today[measure])}`];
      if (measure === "hours" && bands[row]) lines.push(`capacity: ${show(bands[row][1])}`);
      else if (bands[row]) lines.push(`asked for: ${bands[row].map((bound) => (bound === null ? "no limit" : show(bound))).join(" to ")}`);
      return lines.join("<br>");
    });
    const marks = { y: rows, text: hover, hovertemplate: "%{text}<extra></extra>", type: "scatter", mode: "markers", cliponaxis: false };
    const traces = [
      { type: "bar", orientation: "h", y: rows, base: ends.map((end) => end?.[0] ?? 0), x: ends.map((end) => (end ? end[1] - end[0] : 0)),
        width: 0.72, marker: { color: band, line: { width: 0 } }, hoverinfo: "skip" },
      { type: "scatter", mode: "lines", hoverinfo: "skip", line: { color: today, width: 1.5 },
        x: sorted.flatMap((book) => [book.today[measure], book.plan[measure], null]), y: rows.flatMap((row) => [row, row, null]) },
      { ...marks, x: sorted.map((book) => book.today[measure]), marker: { size: 9, color: paper, line: { color: today, width: 2 } } },
      { ...marks, x: sorted.map((book) => book.plan[measure]), marker: { size: 10, color: plan, line: { color: paper, width: 1 } } },
    ];
    const range = measure === "hours" ? "capacity after start, end and ramp" : "range that the policy asks for";
    key("books", [["today", "today"], ["plan", "plan"], ...(bands.some(Boolean) ? [["band", range]] : [])]);
    note.textContent = "";
    const size = narrow() ? 14 : 28;
    return [traces, layout({
      height: 26 * sorted.length + 60, barmode: "overlay", margin: { l: 8, r: 12, t: 4, b: 36 },
      xaxis: axis({ side: "bottom", tickformat: "~s", range: [-0.02 * most, most * 1.04], nticks: narrow() ? 5 : 9, title: { text: measure === "revenue" ? safe(data.currency) : name.toLowerCase(), font: { size: 12 } } }),
      yaxis: axis({ tickvals: rows, ticktext: sorted.map((book) => safe(clip(book.name, size))), showgrid: false, zeroline: false, range: [-0.7, sorted.length - 0.3], color: theme().ink }),
    })];
  }

  /** Too many reps for a line each: the books from largest to smallest, today and in the plan. */
  function ranked(shown, measure, note) {
    const { plan, today } = theme();
    const share = measure === "hours" && shown.every((book) => book.capacity);
    const value = (book, when) => (share ? book[when].hours / book.capacity : book[when][measure]);
    const show = share ? percent : MEASURES[measure].show;
    const traces = [["today", today], ["plan", plan]].map(([when, colour]) => {
      const sorted = [...shown].sort((one, two) => value(two, when) - value(one, when));
      return {
        type: "scatter", mode: "lines", line: { color: colour, width: when === "plan" ? 3 : 2, dash: when === "plan" ? "solid" : "dot" },
        x: sorted.map((_, rank) => rank + 1), y: sorted.map((book) => value(book, when)),
        text: sorted.map((book) => `<b>${safe(book.name)}</b><br>${when}: ${show(value(book, when))}`), hovertemplate: "%{text}<extra></extra>",
      };
    });
    key("books", [["today-line", "today"], ["plan-line", "plan"]]);
    note.textContent = `${number(shown.length)} books from the largest to the smallest: the flatter the line, the more even they are.`;
    return [traces, layout({
      height: 320, margin: { l: 8, r: 12, t: 8, b: 40 },
      xaxis: axis({ title: { text: "rank of the book", font: { size: 12 } }, showgrid: false, nticks: 6 }),
      yaxis: axis({ rangemode: "tozero", tickformat: share ? ".0%" : "~s", nticks: 6 }),
    })];
  }

  // ---- map

  function map() {
    const chart = document.getElementById("map-chart");
    const marks = data.map;
    if (!chart || !marks) return null;
    const used = [...new Set([...marks.today, ...marks.plan])].filter((rep) => rep >= 0).sort((one, two) => one - two);
    const place = new Map(used.map((rep, index) => [rep, index]));
    const state = { when: "plan", rep: -1 };
    const span = (axisValues) => Math.max(...axisValues) - Math.min(...axisValues) || 1;
    const ratio = Math.min(1.3, Math.max(0.45, span(marks.y) / span(marks.x)));
    const who = (rep) => (rep >= 0 ? safe(data.reps[rep]) : "nobody");
    const colour = (rep) => (rep < 0 ? theme().today : COLOURS[mode()][place.get(rep) % 8]);
    const shape = (rep) => (rep < 0 ? "x-thin" : SHAPES[Math.floor(place.get(rep) / 8) % 3]);

    function text(index) {
      const head = marks.grouped ? `<b>${number(marks.sizes[index])} accounts</b>` : `<b>${safe(marks.names[index])}</b>`;
      const before = marks.today[index], after = marks.plan[index];
      return `${head}<br>${before === after ? who(after) : `${who(before)} → ${who(after)}`}<br>revenue ${money(marks.revenue[index])}`;
    }

    function draw() {
      const { ink, paper, faint } = theme();
      const rep = marks[state.when === "today" ? "today" : "plan"];
      const lit = rep.map((one, index) => (state.rep < 0 || one === state.rep) && (state.when !== "moves" || one !== marks.today[index]));
      const order = lit.map((_, index) => index).sort((one, two) => lit[one] - lit[two]);
      const pick = (make) => order.map(make);
      const base = marks.x.length > 1500 ? 5 : narrow() ? 6 : 8;
      const homes = state.rep >= 0 && marks.homes[state.rep] ? [marks.homes[state.rep]] : [];
      Plotly.react(chart, [
        { type: "scatter", mode: "markers", x: pick((index) => marks.x[index]), y: pick((index) => marks.y[index]),
          text: pick(text), hovertemplate: "%{text}<extra></extra>",
          marker: {
            color: pick((index) => (lit[index] ? colour(rep[index]) : faint)), symbol: pick((index) => (lit[index] ? shape(rep[index]) : "circle")),
            size: pick((index) => (marks.grouped ? Math.min(22, 4 + 2 * Math.sqrt(marks.sizes[index])) : lit[index] ? base : base - 2)),
            opacity: 0.9, line: { width: pick((index) => (rep[index] < 0 && lit[index] ? 2 : 0.5)), color: pick((index) => (rep[index] < 0 && lit[index] ? ink : paper)) },
          } },
        { type: "scatter", mode: "markers", x: homes.map((home) => home[0]), y: homes.map((home) => home[1]),
          hovertemplate: `${who(state.rep)}, home<extra></extra>`, marker: { symbol: "star", size: 16, color: ink, line: { color: paper, width: 1 } } },
      ], layout({
        height: Math.round(Math.min(620, Math.max(260, chart.clientWidth * ratio))), margin: { l: 4, r: 4, t: 4, b: 4 }, uirevision: "map",
        dragmode: matchMedia("(pointer: coarse)").matches ? false : "pan",
        xaxis: axis({ visible: false, fixedrange: false }), yaxis: axis({ visible: false, fixedrange: false, scaleanchor: "x", scaleratio: 1 }),
      }), { ...CONFIG, displayModeBar: true, modeBarButtons: [["zoomIn2d", "zoomOut2d", "resetScale2d"]] });
    }

    const change = (key) => (value) => { state[key] = value; draw(); };
    choice(controls("map-chart"), [["today", "Today"], ["plan", "Plan"], ["moves", "Moves"]], "plan", change("when"));
    const pickRep = (value) => change("rep")(Number(value));
    const redraw = used.length > NAMED
      ? (picker(controls("map-chart"), [[-1, `All ${number(used.length)} reps`], ...used.map((rep) => [rep, data.reps[rep]])], "Rep", pickRep), draw)
      : legend(used, colour, shape, pickRep, draw);
    return redraw;
  }

  const OUTLINES = { circle: "M6 1a5 5 0 1 0 .01 0z", square: "M1.5 1.5h9v9h-9z", diamond: "M6 0l6 6-6 6-6-6z" };

  /** One button per rep that lights up its accounts; returns the drawing of chart and legend. */
  function legend(used, colour, shape, onPick, draw) {
    const list = document.getElementById("map-legend");
    const paths = used.map((rep) => {
      const button = element("button", { type: "button", "aria-pressed": "false" });
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      svg.setAttribute("viewBox", "0 0 12 12");
      svg.setAttribute("aria-hidden", "true");
      path.setAttribute("d", OUTLINES[shape(rep)]);
      svg.append(path);
      button.append(svg, element("bdi", {}, data.reps[rep]));
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") === "true";
        for (const other of list.children) other.setAttribute("aria-pressed", String(other === button && !on));
        onPick(on ? -1 : rep);
      });
      list.append(button);
      return [path, rep];
    });
    return () => {
      for (const [path, rep] of paths) path.setAttribute("fill", colour(rep));
      draw();
    };
  }

  // ---- gap over time

  function progress() {
    const chart = document.getElementById("progress-chart");
    if (!chart || !data.progress.length) return null;
    let view = "gap";

    function draw() {
      const { plan, today } = theme();
      const steps = data.progress;
      const text = steps.map(([t, objective, bound, gap, phase]) => [
        `<b>${number(t, 2)}\u202fs</b> ${safe(phase)}`,
        objective === null ? "no plan yet" : `objective ${money(objective)}`,
        bound === null ? "no bound yet" : `bound ${money(bound)}`,
        ...(gap === null ? [] : [`gap ${percent(gap)}`]),
      ].join("<br>"));
      const shared = { type: "scatter", mode: "lines+markers", marker: { size: 5 }, x: steps.map((step) => step[0]), text, hovertemplate: "%{text}<extra></extra>" };
      const traces = view === "gap"
        ? [{ ...shared, y: steps.map((step) => (step[3] === null ? null : Math.max(step[3], 1e-6))), line: { color: plan, width: 2.5, shape: "hv" } }]
        : [
          { ...shared, y: steps.map((step) => step[2]), line: { color: today, width: 2, dash: "dot", shape: "hv" } },
          { ...shared, y: steps.map((step) => step[1]), line: { color: plan, width: 2.5, shape: "hv" } },
        ];
      key("progress", view === "gap" ? [] : [["plan-line", "objective"], ["today-line", "bound"]]);
      Plotly.react(chart, traces, layout({
        height: 290, margin: { l: 8, r: 12, t: 8, b: 40 },
        xaxis: axis({ title: { text: "seconds", font: { size: 12 } }, rangemode: "tozero", nticks: 7 }),
        yaxis: view === "gap" ? axis({ type: "log", ...ticks(steps.map((step) => step[3]).filter((gap) => gap !== null)) }) : axis({ tickformat: ".4~s", nticks: 6 }),
      }), CONFIG);
    }

    choice(controls("progress-chart"), [["gap", "Gap"], ["values", "Objective and bound"]], view, (value) => { view = value; draw(); });
    return draw;
  }

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
      const button = element("button", { type: "button" }, head.textContent);
      head.replaceChildren(button);
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

  document.querySelectorAll("table.sortable").forEach(sortable);
  const drawings = [books(), map(), progress()].filter(Boolean);
  const drawAll = () => drawings.forEach((draw) => draw());
  drawAll();
  dark.addEventListener("change", drawAll);
  let width = innerWidth;
  addEventListener("resize", () => { if (width !== innerWidth) { width = innerWidth; drawAll(); } });
  addEventListener("beforeprint", () => { printing = true; drawAll(); });
  addEventListener("afterprint", () => { printing = false; drawAll(); });
})();
