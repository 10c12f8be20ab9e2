// SPDX-License-Identifier: MIT
// Draws the charts of the page's data island, each into its figure. It knows marks and axes (src/document/document.h) and
// nothing of what was measured. Each drawn element carries its values in data-x, data-y, data-low, data-high, data-value.
"use strict";
(() => {
  const FIELDS = ["x", "y", "low", "high", "value", "note", "marked"];
  const ROW = 30; // height of a word along the axis
  const SMALL = 480; // width under which there is room for little
  const MANY = 400; // dots that are drawn small

  const isWord = (place) => typeof place === "string";
  const unpack = (layer) => ({
    ...layer,
    stroke: `var(--c${layer.color % 8})`,
    points: layer.points.map((values) => Object.fromEntries(FIELDS.map((name, i) => [name, values[i] ?? null]))),
  });

  const format = (axis, number) => {
    const magnitude = Math.abs(number);
    return magnitude >= 1e7 ? number.toExponential(3) : number.toFixed(axis.digits);
  };
  const shown = (axis, place) => (isWord(place) ? place : format(axis, place));

  // What is told of a point where the pointer is near it.
  const told = (chart, layer, sideways) => (point) => {
    const along = sideways ? chart.x : chart.y;
    const lines = [];
    if (layer.name) lines.push(layer.name);
    const places = [[chart.x, point.x], [chart.y, point.y]];
    for (const [axis, place] of places) {
      const interval = axis === along && !isWord(place) && point.low !== null && point.high !== null
        ? ` [${format(axis, point.low)}, ${format(axis, point.high)}]` : "";
      lines.push(isWord(place) ? place : `${axis.label}: ${format(axis, place)}${interval}`);
    }
    if (point.value !== null) {
      const interval = point.low !== null ? ` [${format(chart.value, point.low)}, ${format(chart.value, point.high)}]` : "";
      lines.push(`${chart.value.label}: ${format(chart.value, point.value)}${interval}`);
    }
    if (point.note) lines.push(point.note);
    return lines.join("\n");
  };

  // Writes the values of each point onto the element that shows it.
  const tag = (points) => (index, scales, values, dimensions, context, next) => {
    const group = next(index, scales, values, dimensions, context);
    for (const element of group.children) {
      const point = points[element.__data__];
      if (!point) continue;
      for (const name of ["x", "y", "low", "high", "value"]) {
        if (point[name] !== null) element.dataset[name] = point[name];
      }
      if (point.marked) element.dataset.marked = point.note ?? "";
    }
    return group;
  };
  const tagLine = (points) => (index, scales, values, dimensions, context, next) => {
    const group = next(index, scales, values, dimensions, context);
    for (const element of group.children) element.dataset.points = points.length;
    return group;
  };

  const tip = (chart, layer, points, sideways, extra = {}) =>
    Plot.tip(points, Plot.pointer({
      x: "x", y: "y", title: told(chart, layer, sideways), fill: "var(--paper)", stroke: "var(--line)", lineWidth: 28, ...extra,
    }));

  const dots = (chart, layer, sideways) => {
    const small = layer.points.length > MANY;
    const shift = sideways && chart.layers.some((other) => other.mark === "intervals") ? 9 : 0;
    const plain = layer.points.filter((point) => !point.marked);
    const marked = layer.points.filter((point) => point.marked);
    const place = { x: "x", y: "y", dy: shift, className: "dots" };
    return [
      Plot.dot(plain, { ...place, r: small ? 1.5 : 2.5, fill: layer.stroke, fillOpacity: small ? 0.5 : 0.7, render: tag(plain) }),
      Plot.dot(marked, { ...place, className: "dots marked", r: 4, symbol: "times", stroke: "var(--bad)", strokeWidth: 1.8, render: tag(marked) }),
      tip(chart, layer, layer.points, sideways, { dy: shift }),
    ];
  };

  const intervals = (chart, layer, sideways) => {
    const points = layer.points;
    const wide = points.filter((point) => point.low !== null && point.high !== null);
    const rule = sideways
      ? Plot.ruleY(wide, { y: "y", x1: "low", x2: "high", stroke: layer.stroke, strokeWidth: 3, strokeOpacity: 0.55 })
      : Plot.ruleX(wide, { x: "x", y1: "low", y2: "high", stroke: layer.stroke, strokeWidth: 3, strokeOpacity: 0.55 });
    return [
      rule,
      Plot.dot(points, { x: "x", y: "y", r: 4.5, fill: layer.stroke, stroke: "var(--paper)", className: "intervals", render: tag(points) }),
      tip(chart, layer, points, sideways),
    ];
  };

  const line = (chart, layer, curve) => {
    const points = layer.points;
    const options = { x: "x", y: "y", stroke: layer.stroke, curve, strokeWidth: 1.8, className: layer.mark };
    const dashed = layer.mark === "limits" ? { strokeDasharray: "5 4" } : {};
    return [
      Plot.areaY(points.filter((point) => point.low !== null), { x: "x", y1: "low", y2: "high", fill: layer.stroke, fillOpacity: 0.15 }),
      Plot.line(points, { ...options, ...dashed, render: tagLine(points) }),
      ...(points.length <= 40 && layer.mark === "line"
        ? [Plot.dot(points, { x: "x", y: "y", r: 3, fill: layer.stroke, className: "at", render: tag(points) })] : []),
      tip(chart, layer, points, false),
    ];
  };

  // Bars of one word stand on one another; bars over numbers have their edges.
  const bars = (chart, layers, sideways) => {
    const ends = new Map();
    return layers.flatMap((layer) => {
      const fill = layer.stroke;
      if (!sideways) {
        return [
          Plot.rectY(layer.points, { x1: "low", x2: "high", y: "y", fill, fillOpacity: layers.length > 1 ? 0.5 : 0.8, inset: 0.25, className: "bars", render: tag(layer.points) }),
          tip(chart, layer, layer.points, false),
        ];
      }
      const spans = layer.points.map((point) => {
        const from = ends.get(point.y) ?? 0;
        ends.set(point.y, from + point.x);
        return { ...point, from, to: from + point.x, middle: from + point.x / 2 };
      });
      return [
        Plot.barX(spans, { x1: "from", x2: "to", y: "y", fill, inset: 1, className: "bars", render: tag(spans) }),
        tip(chart, layer, spans, true, { x: "middle" }),
      ];
    });
  };

  const limits = (chart, layer, sideways) => sideways
    ? [Plot.tickX(layer.points, { x: "x", y: "y", stroke: layer.stroke, strokeWidth: 2, className: "limits", render: tag(layer.points) }),
       tip(chart, layer, layer.points, true)]
    : line(chart, layer, "linear");

  const cells = (chart, layer) => {
    const numbers = layer.points.map((point) => point.value).filter((value) => value !== null);
    const [least, most] = d3.extent(numbers);
    const color = d3.scaleSequential(d3.interpolateYlGnBu).domain([least - 0.15 * (most - least || 1), most]);
    const fill = (point) => (point.value === null ? "var(--tint)" : color(point.value));
    const ink = (point) => (point.value === null ? "var(--ink)" : d3.lab(color(point.value)).l < 60 ? "#fff" : "#000");
    return [
      Plot.cell(layer.points, { x: "x", y: "y", fill: { value: fill, scale: null }, inset: 1, className: "cells", render: tag(layer.points) }),
      Plot.text(layer.points, {
        x: "x", y: "y", text: (point) => (point.value === null ? "–" : format(chart.value, point.value)), fill: { value: ink, scale: null },
      }),
      tip(chart, layer, layer.points, false),
    ];
  };

  const words = (layers, name) => [...new Set(layers.flatMap((layer) => layer.points.map((point) => point[name])).filter(isWord))];

  const marksOf = (chart, sideways) => {
    const drawn = chart.layers.filter((layer) => layer.mark !== "bars").map((layer) => {
      switch (layer.mark) {
        case "dots": return dots(chart, layer, sideways);
        case "intervals": return intervals(chart, layer, sideways);
        case "cells": return cells(chart, layer);
        case "limits": return limits(chart, layer, sideways);
        case "steps": return line(chart, layer, "step-after");
        default: return line(chart, layer, "linear");
      }
    });
    return [bars(chart, chart.layers.filter((layer) => layer.mark === "bars"), sideways), ...drawn].flat();
  };

  const svgOf = (chart, width) => {
    const across = words(chart.layers, "x");
    const down = words(chart.layers, "y");
    const sideways = down.length > 0 && across.length === 0;
    const longest = Math.max(0, ...down.map((word) => word.length));
    const margin = down.length > 0 ? Math.min(longest * 7.6 + 18, width * (width < SMALL ? 0.42 : 0.45)) : 56;
    const scale = (axis, domain) => domain.length > 0
      ? { type: "band", domain, label: axis.label || null, padding: 0.1 }
      : { type: axis.log ? "log" : "linear", label: axis.label || null, grid: true, nice: !axis.log, tickSpacing: width < SMALL ? 60 : 80,
          ...(axis.digits === 0 ? { tickFormat: (value) => (Number.isInteger(value) ? d3.format(",")(value) : "") } : {}) };
    const edge = margin / 10.5; // in the library's ems
    return Plot.plot({
      width,
      height: down.length > 0 ? down.length * ROW + (sideways ? 62 : 84) : Math.min(320, Math.max(230, width * 0.55)),
      marginLeft: margin, marginRight: 16, marginTop: sideways || down.length === 0 ? 26 : 30, marginBottom: 40,
      className: "plot",
      ariaLabel: chart.title,
      ariaDescription: chart.words,
      x: scale(chart.x, across),
      y: { ...scale(chart.y, down), ...(down.length > 0 ? { label: null } : {}) },
      marks: [
        ...(down.length > 0 ? [Plot.axisY({ label: null, tickSize: 0, lineWidth: edge, textOverflow: "ellipsis" })] : []),
        ...marksOf(chart, sideways),
      ],
    });
  };

  const legendOf = (chart) => {
    const list = document.createElement("ul");
    list.className = "legend";
    const seen = new Set();
    for (const layer of chart.layers) {
      if (!layer.name || seen.has(layer.name)) continue;
      seen.add(layer.name);
      const item = document.createElement("li");
      item.className = `c${layer.color % 8}`;
      item.textContent = layer.name;
      list.append(item);
    }
    return list;
  };

  const charts = JSON.parse(document.getElementById("charts").textContent)
    .map((chart) => ({ ...chart, layers: chart.layers.map(unpack) }));
  const draw = (chart, i) => {
    const place = document.querySelector(`#figure-${i} .picture`);
    const width = Math.max(280, place.clientWidth);
    if (chart.width === width) return;
    chart.width = width;
    const svg = svgOf(chart, width);
    svg.setAttribute("role", "img");
    const legend = legendOf(chart);
    place.replaceChildren(...(legend.children.length > 0 ? [legend] : []), svg);
  };
  charts.forEach(draw);
  window.addEventListener("resize", () => charts.forEach(draw));
  document.documentElement.dataset.ready = Math.round(performance.now());
})();
