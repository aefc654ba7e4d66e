"use strict";
// State of the page: which point is selected, how the table is sorted and filtered, light or dark.

const {report, layers, details} = JSON.parse(document.getElementById("data").textContent);
const points = report.points;
const at = id => document.getElementById(id);
const element = (tag, text, more = {}) => Object.assign(document.createElement(tag), {textContent: text, ...more});

const COLUMNS = [
  ["engine", point => point.config.name, String], ["frames/s", point => point.frames_per_second, value => number(value, 1)],
  ["cycles", point => point.cycles, number], ["MHz", point => point.clock_mhz, value => number(value, 1)],
  ["clock is", point => point.clock_is, String], ["LUT", point => point.lut, number], ["FF", point => point.ff, number],
  ["DSP", point => point.dsp, number], ["BRAM", point => point.bram, number], ["area is", point => point.area_is, String],
  ["lanes used", point => point.utilisation, value => `${number(100 * value, 1)} %`],
  ["MB/s", point => point.dram_mbytes_per_second, number], ["front", point => point.pareto, value => value ? "yes" : ""],
  ["short of", point => Object.entries(point.short_by).map(([name, by]) => `${number(by)} ${name}`).join(", "), String],
];
const FILTERS = {fps: "frames_per_second", lut: "lut", ff: "ff", dsp: "dsp", bram: "bram", cycles: "cycles",
  mhz: "clock_mhz", mbytes: "dram_mbytes_per_second"};

const firstRunning = points.findIndex(point => point.cycles !== null);
const state = {selected: report.choice ?? (firstRunning < 0 ? null : firstRunning), sort: 1, falling: true};

function describe() {
  at("title").textContent = `${report.network} on ${report.target_title}`;
  at("summary").textContent = `${report.memory_text}. Best: ${report.rule}.`;
  const error = report.area_model.relative_error;
  const percent = value => `${number(100 * value, 1)} %`;
  const notes = [
    `Cycles: computed by the exact model, which equals the RTL to the cycle, with the best schedule for each engine.`,
    `Clock: measured (placed and routed) where it says routed; else ${number(report.clock_mhz, 1)} MHz, ${report.clock_rule}.`,
    `Frames a second: computed, clock ÷ cycles.`,
    `Area: measured where it says synthesised; else a fit to ${report.area_model.samples} engines synthesised. Its error, `
      + `each left out in turn: LUTs ${percent(error.lut.mean)} on average, ${percent(error.lut.largest)} at most; `
      + `registers ${percent(error.ff.mean)} and ${percent(error.ff.largest)}. Multipliers and memory blocks are counted.`,
    `${number(report.limits.spare_percent, 0)} % of LUTs, registers and memory blocks are kept free.`,
    ...report.notes,
  ];
  at("notes").replaceChildren(...notes.map(note => element("li", note)));
}

function drawBalance() {
  const share = report.depthwise_share;
  at("balance-section").hidden = !report.balance.length;
  at("share").textContent = `${number(100 * share, 1)} % of the network's multiply-accumulates are depthwise: lanes in that `
    + `ratio would be ${number(share / (1 - share), 3)} : 1. What the sweep found, for each number of pointwise lanes:`;
  const head = ["pointwise lanes", "depthwise lanes", "ratio", "frames/s", "lanes used", "most frames a second and lane"];
  const rows = report.balance.map(row => {
    const cells = [number(row.pointwise_lanes), `${row.dw_channels} × 9`, `${number(row.lane_ratio, 3)} : 1`,
      number(row.frames_per_second, 1), `${number(100 * row.utilisation, 1)} %`, row.best ? "this" : ""];
    const line = element("tr", "", {className: row.best ? "best" : ""});
    line.append(...cells.map(cell => element("td", cell)));
    return line;
  });
  const first = element("tr", "");
  first.append(...head.map(title => element("th", title)));
  at("balance").replaceChildren(first, ...rows);
}

function drawTiles(point) {
  const device = report.device;
  const tiles = [
    ["frames a second", number(point.frames_per_second, 1), "computed"],
    ["MHz", number(point.clock_mhz, 1), point.clock_is === "routed" ? "measured: routed" : "assumed"],
    ["cycles a frame", number(point.cycles), "computed: exact model"],
    ["lanes busy with MACs", `${number(100 * point.utilisation, 1)} %`, "computed"],
    ...["lut", "ff", "dsp", "bram"].map(name => [AXES[name], number(point[name]),
      `${number(100 * point[name] / Math.max(1, device[name]))} % of ${number(device[name])}, `
        + (point.area_is === "synthesised" ? "measured" : "estimated"), point[name] / Math.max(1, device[name])]),
  ];
  at("chosen").replaceChildren(...tiles.map(([label, value, how, share]) => {
    const tile = element("div", "", {className: "tile"});
    tile.append(element("small", label), element("b", value));
    if (share !== undefined) tile.append(element("meter", "", {value: share, max: 1, title: how}));
    tile.append(element("small", how));
    return tile;
  }));
}

function draw() {
  for (const point of points) {
    point.shown = point.cycles !== null && (!at("routed-only").checked || point.clock_is === "routed");
  }
  drawScatter(at("scatter"), points, at("against").value, report.choice, state.selected, select);
  if (state.selected === null) return;
  const point = points[state.selected], detail = details[state.selected];
  at("name").textContent = point.config.name;
  at("use").textContent = `--config ${point.use}`;
  drawTiles(point);
  drawLayers(at("layers"), layers, detail);
  drawStalls(at("stalls"), detail.units, point.cycles);
  drawTimeline(at("timeline"), layers, detail.spans, point.clock_mhz);
}

function select(index) {
  if (points[index].cycles === null) return;
  state.selected = index;
  at("copied").textContent = "";
  draw();
  drawTable();
}

// Words of the filter: `fps>100` and the like compare; all others are parts of the engine's name.
function passes(point, words) {
  return words.every(word => {
    const found = /^([a-z]+)([<>])([\d.]+)$/.exec(word);
    if (!found || !(found[1] in FILTERS)) return point.config.name.includes(word);
    const value = point[FILTERS[found[1]]];
    return value !== null && (found[2] === "<" ? value < Number(found[3]) : value > Number(found[3]));
  });
}

function drawTable() {
  const words = at("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = points.map((_, index) => index).filter(index => passes(points[index], words)
    && (!at("front-only").checked || points[index].pareto));
  const value = COLUMNS[state.sort][1];
  shown.sort((one, other) => {
    const [a, b] = [value(points[one]), value(points[other])];
    if (a === null || b === null) return (a === null) - (b === null);
    return (state.falling ? -1 : 1) * (typeof a === "string" ? a.localeCompare(b) : a - b);
  });
  const head = element("tr", "");
  head.append(...COLUMNS.map(([title], column) => {
    const cell = element("th", "");
    cell.ariaSort = column === state.sort ? (state.falling ? "descending" : "ascending") : "none";
    const button = element("button", title + (column === state.sort ? (state.falling ? " ↓" : " ↑") : ""), {type: "button"});
    button.onclick = () => {
      state.falling = column === state.sort ? !state.falling : column !== 0;
      state.sort = column;
      drawTable();
    };
    cell.append(button);
    return cell;
  }));
  const body = element("tbody", "");
  body.append(...shown.map(index => {
    const row = element("tr", "", {className: index === state.selected ? "selected" : "", onclick: () => select(index)});
    row.append(...COLUMNS.map(([, read, write]) => {
      const found = read(points[index]);
      return element("td", found === null ? "–" : write(found));
    }));
    return row;
  }));
  const top = element("thead", "");
  top.append(head);
  at("points").replaceChildren(top, body);
  at("shown").textContent = `${number(shown.length)} of ${number(points.length)}`;
}

async function copy() {
  const text = points[state.selected].use;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  at("copied").textContent = "copied";
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  at("theme").textContent = theme === "dark" ? "Light" : "Dark";
}

for (const [name, title] of Object.entries(AXES)) at("against").append(element("option", title, {value: name}));
at("against").onchange = at("routed-only").onchange = draw;
at("filter").oninput = at("front-only").onchange = drawTable;
at("copy").onclick = copy;
at("copy").disabled = state.selected === null;
at("theme").onclick = () => {
  setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  draw();
};
window.onbeforeprint = () => { setTheme("light"); draw(); };

setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
describe();
drawBalance();
draw();
drawTable();
