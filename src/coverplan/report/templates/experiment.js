(() => {
  const { data, COLOURS, SHAPES, CONFIG, mode, theme, narrow, safe, clip, number, money, moneyAtMost, moneyAtLeast, percentAtMost, element, axis, layout, choice, picker, key, controls, ticks, start } = kit;
  const GOOD = { light: "#0c7a5b", dark: "#6bd3ae" }, BAD = { light: "#b3261e", dark: "#ff9c92" }, OPEN = { light: "#cc5a1b", dark: "#ec8b52" };
  const DASHES = ["solid", "dash", "dot"], BORDERS = ["solid", "dashed", "dotted"];
  const NAMED = 24;
  const MOST_COLUMNS = 30;
  const good = () => GOOD[mode()];
  const proven = (value, say) => (value === null ? "not proven" : say(value).replace(/^\u202f/, ""));
  const worth = (value) => proven(value, money), atMost = (value) => proven(value, moneyAtMost), atLeast = (value) => proven(value, moneyAtLeast);
  const titled = (text) => ({ title: { text, font: { size: 12 } } });
  const hover = { hovertemplate: "%{text}<extra></extra>" };

  /** A name in lines: at its commas, as grids join theirs; of long parts the end, which holds the value. */
  const ending = (text, size) => (text.length > size ? `…${text.slice(1 - size)}` : text);
  const lines = (name) => name.split(", ").map((part) => ending(part, narrow() ? 26 : 38));
  const named = (name) => lines(name).slice(0, 4).map(safe).join("<br>");

  /** Names from top to bottom, one row each; high enough for their lines. A chart that needs more room scrolls. */
  function rows(chart, names, width = 240) {
    const widest = Math.max(0, ...names.flatMap((name) => lines(name).map((line) => line.length)));
    document.getElementById(`${chart}-chart`).style.minWidth = `${Math.round(7.5 * widest + width)}px`;
    const most = Math.max(1, ...names.map((name) => Math.min(4, lines(name).length)));
    const places = names.map((_, place) => place);
    return {
      height: Math.max(90, (10 + 16 * most) * names.length + 64),
      yaxis: axis({ tickvals: places, ticktext: names.map(named), range: [names.length - 0.4, -0.6], showgrid: false, zeroline: false, color: theme().ink }),
    };
  }

  /** Draw into a chart of the page, if it has it and there is something to draw. */
  function drawing(name, there, make) {
    const chart = document.getElementById(`${name}-chart`);
    if (!chart || !there) return null;
    return make((traces, more) => Plotly.react(chart, traces, layout({ margin: { l: 8, r: 16, t: 8, b: 44 }, ...more }), CONFIG));
  }

  /** A choice where there are several; short ones as buttons. */
  function chosen(chart, labels, first, onChange, label) {
    if (labels.length < 2) return;
    const options = labels.map((text, place) => [place, text]);
    if (labels.length <= 3 && labels.join("").length < 40) choice(controls(`${chart}-chart`), options, first, onChange);
    else picker(controls(`${chart}-chart`), options, label, (value) => onChange(Number(value)));
  }

  /** What the colours of lines mean. */
  function legend(id, entries) {
    document.getElementById(id).replaceChildren(...entries.map(([colour, border, label]) => {
      const entry = element("span"), mark = element("i");
      Object.assign(mark.style, { width: "22px", borderTop: `3px ${border} ${colour}` });
      entry.append(mark, element("bdi", {}, label));
      return entry;
    }));
  }

  /** A policy, marked where it has no plan on some problem; and the reason. */
  const marked = () => data.policies.map((name, place) => (data.without[place] ? `${name}*` : name));
  const reason = (place) => (data.without[place] ? [safe(data.without[place])] : []);

  // ---- intervals under the reference objective

  const intervals = () => drawing("intervals", data.intervals.some((ends) => ends.some((end) => end !== null)), (plot) => () => {
    const colours = data.policies.map((name) => (name === data.winner ? good() : theme().plan));
    const text = data.policies.map((name, place) => `<b>${safe(name)}</b><br>plans worth ${atLeast(data.intervals[place][0])}<br>no plan exceeds ${atMost(data.intervals[place][1])}${reason(place).map((line) => `<br>${line}`).join("")}`);
    const y = data.policies.map((_, place) => place);
    const bars = data.policies.flatMap((_, place) => {
      const [low, high] = data.intervals[place];
      if (low === null || high === null) return [];
      return [{ type: "scatter", mode: "lines", x: [low, high], y: [place, place], line: { color: colours[place], width: 9 }, opacity: 0.75, hoverinfo: "skip" }];
    });
    const ends = (side, symbol) => ({
      type: "scatter", mode: "markers", y, x: data.intervals.map((pair) => pair[side]), text, ...hover, cliponaxis: false,
      marker: { symbol, size: 13, color: colours, line: { width: 2, color: colours } },
    });
    key("intervals", [["span-line", "from what its plans are worth to what no plan exceeds"], ...(data.winner === null ? [] : [["winner-line", "best"]])]);
    plot([...bars, ends(0, "line-ns-open"), ends(1, "line-ns-open")], { ...rows("intervals", marked()), xaxis: axis({ side: "bottom", tickformat: ".4~s", nticks: narrow() ? 4 : 6, ...titled(safe(data.currency)) }) });
  });

  // ---- metrics with their intervals

  const AGAINST = { baseline: "From baseline", today: "From today", value: "Values" };

  const bars = () => drawing("bars", Object.keys(data.bars).length, (plot) => {
    const kinds = Object.keys(AGAINST).filter((kind) => data.bars[kind] && (kind !== "baseline" || data.policies.length > 1));
    const usual = data.metrics.findIndex((metric) => metric.name === "net revenue");
    const state = { metric: Math.max(0, usual), kind: kinds[0] };

    function draw() {
      const metric = data.metrics[state.metric], found = data.bars[state.kind][state.metric];
      const share = metric.unit.startsWith("share");
      const show = (value) => (metric.unit === "share of the objective" && state.kind === "value" ? percentAtMost(value) : metric.unit === "currency" ? worth(value) : share ? `${number(100 * value, 3)}\u202f${state.kind === "value" ? "%" : "pp"}` : `${number(value, 4)}${metric.label ? `\u202f${safe(metric.label)}` : ""}`);
      const sides = found.map((bar) => (bar && bar[1] !== null ? [bar[2] - bar[0], bar[0] - bar[1]] : [0, 0]));
      const text = found.map((bar, place) => [`<b>${safe(data.policies[place])}</b>`, bar ? show(bar[0]) : "no value", ...(bar && bar[1] !== null ? [`${show(bar[1])} to ${show(bar[2])}`] : []), ...reason(place)].join("<br>"));
      const up = metric.direction === "higher" ? "higher is better" : metric.direction === "lower" ? "lower is better" : "neither direction is better";
      document.getElementById("bars-note").textContent = `${metric.name}: ${up}.${data.without.some(Boolean) ? " * Over the problems with a plan, not over all." : ""}`;
      plot([{
        type: "bar", orientation: "h", y: found.map((_, place) => place), x: found.map((bar) => bar && bar[0]), width: 0.6, text, textposition: "none", ...hover,
        marker: { color: data.policies.map((name) => (name === data.baseline ? theme().today : theme().plan)) },
        error_x: { type: "data", symmetric: false, array: sides.map((side) => side[0]), arrayminus: sides.map((side) => side[1]), color: theme().ink, thickness: 1.5, width: 5, visible: sides.some((side) => side[0] || side[1]) },
      }], { ...rows("bars", marked()), xaxis: axis({ tickformat: share ? ".3~p" : ".4~s", nticks: narrow() ? 4 : 6, zerolinewidth: 2, ...titled(safe([metric.name, metric.label].filter(Boolean).join(", "))) }) });
    }

    picker(controls("bars-chart"), data.metrics.map((metric, place) => [place, metric.name]), "Metric", (value) => { state.metric = Number(value); draw(); });
    controls("bars-chart").querySelector("select").value = String(state.metric);
    if (kinds.length > 1) choice(controls("bars-chart"), kinds.map((kind) => [kind, AGAINST[kind]]), state.kind, (value) => { state.kind = value; draw(); });
    return draw;
  });

  // ---- frontier

  const STATUSES = ["efficient", "dominated", "inconclusive", "infeasible"];

  const frontier = () => drawing("frontier", data.frontiers.length, (plot) => {
    let shown = 0;

    function draw() {
      const { problem, value, axes, levels, points } = data.frontiers[shown];
      const two = axes.length > 1;
      const known = points.flatMap((point) => [point[1], point[2]]).filter((one) => one !== null);
      const floor = known.length ? Math.min(...known) - 0.04 * (Math.max(...known) - Math.min(...known) || 1) : 0;
      const groups = two ? levels.map((level) => points.filter((point) => Math.abs(point[0][1] - level) < 1e-9)) : [points];
      const hue = (group) => (two ? COLOURS[mode()][group % 8] : theme().plan);
      key("frontier", [...STATUSES.filter((status) => points.some((point) => point[3] === status)).map((status) => [status, status]), ...(known.length ? [["gap-bar", "gap"]] : []), ...(points.some((point) => point[4]) ? [["knee", "knee"]] : [])]);
      legend("frontier-levels", two ? levels.map((level, group) => [hue(group), "solid", `${axes[1]} ${number(100 * level, 3)}\u202f%`]) : []);
      plot(groups.flatMap((group, place) => traces(group, hue(place), { problem, value, axes, floor })), {
        height: 400, margin: { l: 8, r: 16, t: 16, b: 48 },
        xaxis: axis({ tickformat: ".3~p", nticks: 8, zeroline: false, ...titled(`${safe(axes[0])}, at most`) }),
        yaxis: axis({ tickformat: ".4~s", nticks: 6, zeroline: false, showticklabels: known.length > 0, ...titled(safe(clip(`${value}${data.currency ? `, ${data.currency}` : ""}`, 44))) }),
      });
    }

    chosen("frontier", data.frontiers.map((one) => one.problem), shown, (value) => { shown = value; draw(); }, "Problem");
    return draw;
  });

  /** Line of plans, gap bars and marks of one level; without a plan the mark is at its bound, or at the bottom. */
  function traces(points, colour, { value, axes, floor }) {
    const looks = { efficient: ["circle", colour], dominated: ["circle-open", theme().today], inconclusive: ["diamond-open", OPEN[mode()]], infeasible: ["x-thin", BAD[mode()]] };
    const x = points.map((point) => point[0][0]);
    const height = (point) => point[1] ?? (point[3] === "infeasible" ? floor : point[2] ?? floor);
    const text = points.map(([bounds, objective, bound, status, knee]) => [
      `<b>${status}${knee ? ", knee" : ""}</b>`, ...bounds.map((one, place) => `${safe(axes[place])}: ${number(100 * one, 4)}\u202f%`),
      objective === null ? "no plan" : `${safe(value)}: ${worth(objective)}`, ...(status === "infeasible" ? [] : [`no plan exceeds ${atMost(bound)}`]),
    ].join("<br>"));
    const knees = points.filter((point) => point[4]);
    const plans = points.filter((point) => point[1] !== null);
    return [
      { type: "scatter", mode: "lines", x: plans.map((point) => point[0][0]), y: plans.map((point) => point[1]), line: { color: colour, width: 1.5, shape: "hv", dash: "dot" }, hoverinfo: "skip" },
      { type: "scatter", mode: "markers", x: knees.map((point) => point[0][0]), y: knees.map(height), marker: { symbol: "circle-open", size: 22, color: good(), line: { width: 2.5 } }, hoverinfo: "skip" },
      {
        type: "scatter", mode: "markers", x, y: points.map(height), text, ...hover, cliponaxis: false,
        marker: { size: 10, symbol: points.map((point) => looks[point[3]][0]), color: points.map((point) => looks[point[3]][1]), line: { width: 2, color: points.map((point) => looks[point[3]][1]) } },
        error_y: { type: "data", symmetric: false, array: points.map((point) => (point[1] === null || point[2] === null ? 0 : Math.max(0, point[2] - point[1]))), arrayminus: points.map(() => 0), color: colour, thickness: 1.5, width: 5 },
      },
    ];
  }

  // ---- churn

  const churn = () => drawing("churn", data.churn, (plot) => {
    const { policies } = data.churn;
    let what = "accounts";

    function draw() {
      const values = data.churn[what], show = what === "accounts" ? (value) => number(value) : worth;
      const numbered = policies.map((name, place) => `${place + 1} · ${name}`);
      const places = policies.map((_, place) => place);
      const text = values.map((row, a) => row.map((value, b) => `<b>${safe(policies[a])}</b><br><b>${safe(policies[b])}</b><br>${value === null ? "no problem has both plans" : `${show(value)} ${what === "accounts" ? "accounts differ" : "of revenue differs"}`}`));
      const { yaxis, height } = rows("churn", numbered, 30 * policies.length + 40);
      const short = (value) => (value === null ? "" : value >= 1e6 ? `${number(value / 1e6, 1)}M` : value >= 1e4 ? `${number(value / 1e3)}k` : number(value));
      plot([{
        type: "heatmap", x: places, y: places, z: values, text, ...hover, xgap: 1, ygap: 1, hoverongaps: false,
        colorscale: [[0, theme().band], [1, theme().plan]], showscale: policies.length > 12, colorbar: { thickness: 12, outlinewidth: 0, tickformat: ".3~s" },
      }], {
        height: Math.max(height, 180), margin: { l: 8, r: 16, t: 28, b: 8 }, yaxis: { ...yaxis, range: [policies.length - 0.5, -0.5] },
        xaxis: axis({ side: "top", tickvals: places, ticktext: places.map((place) => `${place + 1}`), showgrid: false, zeroline: false, ...(policies.length > MOST_COLUMNS ? { nticks: 20, tickmode: "auto" } : {}) }),
        annotations: policies.length > 12 ? [] : values.flatMap((row, y) => row.map((value, x) => ({ x, y, text: short(value), showarrow: false, font: { size: 11, color: value > 0.55 * Math.max(1, ...values.flat()) ? theme().paper : theme().ink } }))),
      });
    }

    if (data.churn.revenue.flat().some((value) => value !== null)) choice(controls("churn-chart"), [["accounts", "Accounts"], ["revenue", "Revenue"]], what, (value) => { what = value; draw(); });
    return draw;
  });

  // ---- prices of rules

  const prices = () => drawing("prices", data.prices.length, (plot) => {
    const problems = [...new Set(data.prices.map((price) => price.problem))];
    let shown = 0;

    function draw() {
      const found = data.prices.filter((price) => price.problem === problems[shown]);
      const text = found.map((price) => `<b>${safe(price.rules)}</b><br>at least ${atLeast(price.low)}<br>at most ${atMost(price.high)}`);
      const spans = found.flatMap(({ low, high }, place) => (low === null || high === null ? [] : [{ type: "scatter", mode: "lines", x: [low, high], y: [place, place], line: { color: theme().plan, width: 9 }, opacity: 0.75, hoverinfo: "skip" }]));
      const ends = (side, open) => ({
        type: "scatter", mode: "markers", y: found.map((_, place) => place), x: found.map((price) => price[side]), text, ...hover, cliponaxis: false,
        marker: { size: 13, color: theme().plan, line: { width: 2, color: theme().plan }, symbol: found.map((price) => (price.low === null || price.high === null ? open : "line-ns-open")) },
      });
      plot([...spans, ends("low", "triangle-right-open"), ends("high", "triangle-left-open")], { ...rows("prices", found.map((price) => price.rules)), xaxis: axis({ tickformat: ".4~s", nticks: 6, rangemode: "tozero", zerolinewidth: 2, ...titled(safe(data.currency)) }) });
    }

    chosen("prices", problems, shown, (value) => { shown = value; draw(); }, "Problem");
    return draw;
  });

  // ---- stability

  const persistence = () => drawing("persistence", data.persistence.length, (plot) => {
    let shown = 0;

    function draw() {
      const { seats } = data.persistence[shown];
      const steps = seats.map((_, place) => `${Math.round((100 * place) / seats.length)}–${Math.round((100 * (place + 1)) / seats.length)}`);
      plot([{ type: "bar", x: steps, y: seats, width: 0.9, text: seats.map((size, place) => `<b>${steps[place]}\u202f%</b><br>${number(size)} seats`), textposition: "none", ...hover, marker: { color: theme().plan } }], {
        height: 280, xaxis: axis({ type: "category", showgrid: false, tickfont: { size: narrow() ? 10 : 13 }, tickangle: 0, ...titled(narrow() ? "% of new plans that agree" : "% of the new plans that agree with the plan") }), yaxis: axis({ nticks: 5, rangemode: "tozero", ...titled("seats") }),
      });
    }

    chosen("persistence", data.persistence.map((one) => `${one.policy} on ${one.problem}`), shown, (value) => { shown = value; draw(); }, "Plan");
    return draw;
  });

  // ---- gap over time

  const progress = () => drawing("progress", data.progress.length, (plot) => {
    const groups = [...new Set(data.progress.map((trace) => `${trace.problem}, seed ${trace.seed}`))];
    const found = groups.map((group) => data.progress.filter((trace) => `${trace.problem}, seed ${trace.seed}` === group));
    let shown = 0;

    function draw() {
      const group = found[shown];
      const gaps = group.flatMap((trace) => trace.steps.map((step) => step[1])).filter((gap) => gap > 0);
      plot(group.map((trace, place) => ({
        type: "scatter", mode: "lines+markers", x: trace.steps.map((step) => step[0]), y: trace.steps.map((step) => Math.max(step[1], 1e-6)),
        text: trace.steps.map(([t, gap]) => `<b>${safe(trace.policy)}</b><br>${number(t, 2)}\u202fs: gap ${percentAtMost(gap)}`), ...hover,
        marker: { size: 5, symbol: SHAPES[Math.floor(place / 8) % 3] }, line: { color: COLOURS[mode()][place % 8], width: 2, shape: "hv", dash: DASHES[Math.floor(place / 8) % 3] },
      })), {
        height: 340, xaxis: axis({ rangemode: "tozero", nticks: 7, ...titled("seconds") }), yaxis: axis({ type: "log", ...(gaps.length ? ticks(gaps) : {}) }),
      });
      legend("progress-key", group.slice(0, NAMED).map((trace, place) => [COLOURS[mode()][place % 8], BORDERS[Math.floor(place / 8) % 3], trace.policy]));
    }

    chosen("progress", groups, shown, (value) => { shown = value; draw(); }, "Problem and seed");
    return draw;
  });

  start([intervals, bars, frontier, churn, prices, persistence, progress].map((make) => make()).filter(Boolean));
})();
