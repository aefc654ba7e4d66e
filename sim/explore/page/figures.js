"use strict";
// The figures of the report; each draws into a place of the page what it is given.

const AXES = {
  lut: "LUTs", ff: "registers", dsp: "multiplier blocks", bram: "memory blocks",
  dram_mbytes_per_second: "DRAM traffic, MB/s", utilisation: "lanes busy with MACs",
};
const STALLS = {
  busy: "busy", fill_drain: "fill, drain", data: "waits for data", weights: "waits for weights",
  space: "waits for space", bus: "waits for the bus", idle: "nothing to do",
};

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const number = (value, digits = 0) => value.toLocaleString("en", {minimumFractionDigits: digits, maximumFractionDigits: digits});

function layout(more) {
  const axis = {gridcolor: colour("line"), zerolinecolor: colour("line"), automargin: true};
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: {l: 60, r: 20, t: 55, b: 45},
    font: {color: colour("ink"), family: "system-ui, sans-serif", size: 12}, legend: {orientation: "h", y: 1.02, yanchor: "bottom", traceorder: "normal"},
    hoverlabel: {bgcolor: colour("card"), bordercolor: colour("line"), font: {color: colour("ink")}},
    ...more, xaxis: {...axis, ...more.xaxis}, yaxis: {...axis, ...more.yaxis},
  };
}

const OPTIONS = {displaylogo: false, responsive: true, displayModeBar: false};

// Frames a second of `points` against one of `AXES`; `select` is called with the index of a point that is clicked.
function drawScatter(place, points, against, chosen, selected, select) {
  const kinds = [
    ["fits", "dim", 7, "circle", index => !points[index].pareto],
    ["front", "accent", 10, "circle", index => points[index].pareto],
    ["choice", "choice", 17, "star", index => index === chosen],
    ["selected", "ink", 19, "circle-open", index => index === selected],
  ];
  const running = points.map((_, index) => index).filter(index => points[index].shown);
  const traces = kinds.map(([name, tone, size, symbol, wanted]) => {
    const indices = running.filter(wanted);
    return {
      name, type: "scatter", mode: "markers", customdata: indices, marker: {color: colour(tone), size, symbol},
      x: indices.map(index => points[index][against]), y: indices.map(index => points[index].frames_per_second),
      text: indices.map(index => hover(points[index])), hovertemplate: "%{text}<extra></extra>",
      hoverinfo: name === "selected" ? "skip" : "text",
    };
  });
  traces[3].hovertemplate = undefined;
  Plotly.react(place, traces, layout({
    hovermode: "closest", xaxis: {title: {text: AXES[against]}, rangemode: "tozero"},
    yaxis: {title: {text: "frames a second"}, rangemode: "tozero"},
  }), OPTIONS).then(() => {
    place.removeAllListeners("plotly_click");
    place.on("plotly_click", event => select(event.points[0].customdata));
  });
}

function hover(point) {
  return `<b>${point.config.name}</b><br>${number(point.frames_per_second, 1)} frames/s at `
    + `${number(point.clock_mhz, 1)} MHz (${point.clock_is})<br>${number(point.cycles)} cycles, `
    + `${number(100 * point.utilisation, 1)} % of the lanes<br>${number(point.lut)} LUT, ${number(point.ff)} FF, `
    + `${point.dsp} DSP, ${point.bram} BRAM (${point.area_is})<br>${number(point.dram_mbytes_per_second)} MB/s`;
}

// Utilisation of each layer's own unit, in the network's order.
function drawLayers(place, layers, detail) {
  const units = [...new Set(layers.map(layer => layer.unit))];
  const tones = {pointwise: "accent", depthwise: "space"};
  Plotly.react(place, units.map(unit => {
    const indices = layers.map((_, index) => index).filter(index => layers[index].unit === unit && layers[index].macs);
    return {
      name: unit, type: "bar", marker: {color: colour(tones[unit] || "dim")},
      x: indices.map(index => layers[index].name), y: indices.map(index => 100 * detail.utilisation[index]),
      hovertemplate: "%{x}: %{y:.1f} %<extra></extra>",
    };
  }), layout({
    xaxis: {categoryorder: "array", categoryarray: layers.map(layer => layer.name), tickangle: -60, tickfont: {size: 9}},
    yaxis: {title: {text: "%"}, range: [0, 100]},
  }), OPTIONS);
}

// The stall account: for each unit, the share of all cycles by what they were spent on.
function drawStalls(place, units, cycles) {
  const names = Object.keys(units).reverse();
  Plotly.react(place, Object.entries(STALLS).map(([key, label]) => ({
    name: label, type: "bar", orientation: "h", marker: {color: colour(key)}, y: names,
    x: names.map(name => 100 * units[name][key] / cycles),
    hovertemplate: `%{y} ${label}: %{x:.1f} %<extra></extra>`,
  })), layout({barmode: "stack", xaxis: {title: {text: "% of all cycles"}, range: [0, 100]}}), OPTIONS);
}

// A bar for each unit and layer, from the start of the layer's first command there to the end of its last.
function drawTimeline(place, layers, spans, clock_mhz) {
  const bars = {x: [], base: [], y: [], customdata: [], colours: []};
  const tones = ["busy", "data", "space", "weights", "bus", "fill_drain"];
  for (const unit of Object.keys(spans).reverse()) {
    for (const [layer, start, end] of spans[unit]) {
      bars.y.push(unit);
      bars.base.push(start / clock_mhz / 1000);
      bars.x.push((end - start) / clock_mhz / 1000);
      bars.customdata.push([layers[layer].name, number(start), number(end)]);
      bars.colours.push(colour(tones[layer % tones.length]));
    }
  }
  Plotly.react(place, [{
    type: "bar", orientation: "h", x: bars.x, base: bars.base, y: bars.y, customdata: bars.customdata,
    marker: {color: bars.colours, opacity: .75, line: {color: colour("card"), width: .5}}, showlegend: false,
    hovertemplate: "%{y}: %{customdata[0]}<br>cycles %{customdata[1]} to %{customdata[2]}<extra></extra>",
  }], layout({barmode: "overlay", bargap: .25, margin: {l: 80, r: 20, t: 10, b: 45}, xaxis: {title: {text: "ms"}}}), OPTIONS);
}
