(() => {
  const { data, COLOURS, SHAPES, CONFIG, mode, theme, narrow, safe, clip, number, money, moneyAtMost, percent, percentAtMost, element, axis, layout, choice, picker, key, controls, ticks, start } = kit;
  const NAMED = 24;
  const MOST_BARS = 40;

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
        bound === null ? "no bound yet" : `bound ${moneyAtMost(bound)}`,
        ...(gap === null ? [] : [`gap ${percentAtMost(gap)}`]),
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

  start([books(), map(), progress()].filter(Boolean));
})();
