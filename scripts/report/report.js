// What a report can do beyond being read: its tables are sorted, and its figures tell the numbers
// behind their marks. Everything is in the page without it.
"use strict";
(() => {
  // Names are sorted as people read them: 4k before 16k, 9 before 10.
  const words = text => text.replace(/(\d+)k\b/g, (_, n) => n * 1024);
  const collator = new Intl.Collator("en", {numeric: true});

  const keyOf = (row, column) => {
    const cell = row.cells[column];
    const value = parseFloat(cell.dataset.value);
    return {number: value, text: words(cell.textContent)};
  };

  // Where figures are missing they come last, whichever way it goes.
  const sort = (table, column, ascending) => {
    const body = table.tBodies[0], sign = ascending ? 1 : -1;
    const rows = [...body.rows].map(row => ({row, key: keyOf(row, column)}));
    const numeric = rows.some(({key}) => !isNaN(key.number));
    rows.sort((a, b) => {
      if (!numeric)
        return sign * collator.compare(a.key.text, b.key.text);
      const missing = isNaN(a.key.number) - isNaN(b.key.number);
      return missing || (isNaN(a.key.number) ? 0 : sign * (a.key.number - b.key.number));
    });
    body.append(...rows.map(({row}) => row));
  };

  const makeSortable = table => {
    const heads = [...table.tHead.rows[0].cells];
    if (table.tBodies[0].rows.length < 3)
      return;
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sort(table, column, ascending);
      });
    });
  };

  // The drawing's panels, one after the other: each begins with grid lines, whose extent is its
  // frame, and then has groups of marks.
  const readPanels = svg => {
    const panels = [];
    let panel = null;
    for (const element of svg.querySelectorAll("path.gridline, g[id*=gnuplot_plot_]")) {
      const grid = element.matches(".gridline");
      if (!panel || (grid && panel.groups.length > 0))
        panels.push(panel = {left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity, groups: []});
      if (!grid) {
        panel.groups.push(readMarks(element));
        continue;
      }
      const numbers = element.getAttribute("d").match(/-?[\d.]+/g).map(Number);
      numbers.forEach((n, i) => {
        if (i % 2) {
          panel.top = Math.min(panel.top, n);
          panel.bottom = Math.max(panel.bottom, n);
        } else {
          panel.left = Math.min(panel.left, n);
          panel.right = Math.max(panel.right, n);
        }
      });
    }
    // Samples in a legend are no data. Frames with one line alone say nothing of one direction.
    for (const {left, right, top, bottom, groups} of panels)
      groups.forEach((marks, i) => groups[i] = marks.filter(({x, y}) =>
        (right - left < 1 || (x > left - 2 && x < right + 2)) &&
        (bottom - top < 1 || (y > top - 2 && y < bottom + 2))));
    return panels;
  };

  const readMarks = group => {
    const marks = [];
    for (const mark of group.querySelectorAll("use")) {
      const at = (mark.getAttribute("transform") || "").match(/translate\(([-\d.]+),([-\d.]+)\)/);
      if (at)
        marks.push({x: +at[1], y: +at[2]});
    }
    if (marks.length > 0)
      return marks;
    for (const bar of group.querySelectorAll("polygon")) {
      const numbers = bar.getAttribute("points").match(/-?[\d.]+/g).map(Number);
      const xs = numbers.filter((_, i) => i % 2 === 0), ys = numbers.filter((_, i) => i % 2);
      const left = Math.min(...xs), right = Math.max(...xs);
      const top = Math.min(...ys), bottom = Math.max(...ys);
      marks.push({x: right, y: (top + bottom) / 2, bar: {left, right, top, bottom}});
    }
    return marks;
  };

  const readRows = table => [...table.tBodies[0].rows].map(tr => ({
    tr,
    panel: +tr.dataset.panel,
    block: +tr.dataset.block,
    values: [...tr.cells].map(cell => parseFloat(cell.dataset.value)),
  }));

  // A scale, linear or logarithmic, from values to pixels. One that is laid through the ends of some
  // explains pixels if each is then that of a value.
  const near = 0.8;
  const layScale = (pixels, values, log, flipped) => {
    const scaled = log ? values.map(Math.log) : values;
    const low = Math.min(...scaled), high = Math.max(...scaled);
    let first = Math.min(...pixels), last = Math.max(...pixels);
    if (flipped)
      [first, last] = [last, first];
    if (high === low ? Math.abs(last - first) > near : Math.abs(last - first) < near)
      return null;
    const factor = high === low ? 0 : (last - first) / (high - low);
    const place = value => first + factor * ((log ? Math.log(value) : value) - low);
    const places = values.map(place).sort((a, b) => a - b);
    const known = pixel => {
      let from = 0, to = places.length - 1;
      while (from < to) {
        const middle = (from + to) >> 1;
        if (places[middle] < pixel - near)
          from = middle + 1;
        else
          to = middle;
      }
      return Math.abs(places[from] - pixel) <= near;
    };
    // Where zero, or one, would be: two scales that are one agree in that.
    return pixels.every(known) ? {log, factor, origin: first - factor * low, place} : null;
  };

  // Every scale that explains one coordinate of the marks, by a column of the rows.
  const scales = (pixels, rows, names, vertical) => {
    const found = [];
    names.forEach((name, column) => {
      for (const log of [false, true]) {
        const values = rows.map(row => row.values[column]).filter(value => isFinite(value) && (!log || value > 0));
        const flipped = vertical && name !== "row";
        // What is exact but for rounding may not be drawn.
        const most = Math.max(...values), large = values.filter(value => value > 1e-9 * most);
        const scale = values.length > 0 && (layScale(pixels, values, log, flipped) ||
          (large.length > 0 && large.length < values.length && layScale(pixels, large, log, flipped)));
        if (scale)
          found.push({column, ...scale});
      }
    });
    return found;
  };

  const distinct = numbers => new Set(numbers.map(Math.round)).size;

  // The ways to give every mark a row: scales across and up, and the rows. A scale through two points
  // always fits: unless each row has its mark, there must be a third.
  const ways = (marks, rows, names) => {
    const found = [], bars = marks[0].bar;
    const many = Math.max(distinct(marks.map(mark => mark.y)), bars ? 0 : distinct(marks.map(mark => mark.x)));
    if (many < 3 && many !== rows.length)
      return found;
    const up = scales(marks.map(mark => mark.y), rows, names, true);
    const across = bars ? [null] : scales(marks.map(mark => mark.x), rows, names, false);
    for (const x of across)
      for (const y of up) {
        if (bars ? names[y.column] !== "row" : x.column === y.column)
          continue;
        const at = new Map();
        for (const row of rows) {
          const px = x ? Math.round(x.place(row.values[x.column])) : 0;
          const py = Math.round(y.place(row.values[y.column]));
          for (let dx = -1; dx <= 1; dx++)
            for (let dy = -1; dy <= 1; dy++)
              if (!at.has(`${px + dx} ${py + dy}`) || (dx === 0 && dy === 0))
                at.set(`${px + dx} ${py + dy}`, row);
        }
        const given = marks.map(mark => at.get(`${x ? Math.round(mark.x) : 0} ${Math.round(mark.y)}`));
        if (given.every(row => row))
          found.push({x, y, marks, given});
      }
    return found;
  };

  const take = (way, explained) => {
    way.marks.forEach((mark, i) => mark.row = way.given[i]);
    explained.push(...way.marks);
  };

  // Groups by themselves, as where series are drawn beside their row or have other columns: the scale
  // across must be that of most.
  const explainGroups = (groups, rows, names, explained) => {
    const blocks = [...new Set(rows.map(row => row.block))];
    const possible = groups.map(marks => blocks.flatMap(block =>
      ways(marks, rows.filter(row => row.block === block), names)));
    const alike = (a, b) => a && b ? a.log === b.log && Math.abs(a.factor - b.factor) <= 0.02 * Math.abs(a.factor) &&
      Math.abs(a.origin - b.origin) <= 4 : a === b;
    const votes = way => possible.filter(other => other.some(({x}) => alike(x, way.x))).length;
    const best = possible.flat().reduce((most, way) => !most || votes(way) > votes(most) ? way : most, null);
    for (const those of possible) {
      const way = those.find(({x}) => alike(x, best.x));
      if (way)
        take(way, explained);
    }
  };

  // The marks of which the drawing itself told where they are.
  const told = table => [...table.tBodies[0].rows].flatMap(tr =>
    (tr.dataset.at || "").split(" ").filter(at => at).map(at => {
      const [x, y] = at.split(",").map(Number);
      return {x, y, row: {tr}};
    }));

  // The marks of a drawing that the table's rows explain. Panels follow each other in both.
  const explain = (svg, table) => {
    const names = [...table.tHead.rows[0].cells].map(cell => cell.dataset.name || "");
    const rows = readRows(table), explained = [];
    let panels = readPanels(svg);
    if (panels.length !== 1 + Math.max(...rows.map(row => row.panel)))
      panels = panels.filter(panel => panel.groups.some(marks => marks.length > 0)); // legends
    // One panel's rows may be drawn in several, by different columns.
    const alone = rows.every(row => row.panel === 0);
    panels.forEach((panel, number) => {
      const own = alone ? rows : rows.filter(row => row.panel === number);
      // Where there are marks, areas are no bars.
      const points = panel.groups.map(marks => marks.filter(mark => !mark.bar)).filter(marks => marks.length > 0);
      const groups = points.length > 0 ? points : panel.groups.filter(marks => marks.length > 0);
      if (own.length === 0 || groups.length === 0)
        return;
      const [way] = ways(groups.flat(), own, names);
      if (way)
        take(way, explained);
      else
        explainGroups(groups, own, names, explained);
    });
    // A few that fit by chance are not understood.
    const all = panels.flatMap(panel => panel.groups.flat()).length;
    return 4 * explained.length < all ? [] : explained;
  };

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;

  const fillTip = (row, table) => {
    tip.replaceChildren();
    [...row.tr.cells].forEach((cell, column) => {
      const head = table.tHead.rows[0].cells[column];
      if (cell.hidden || cell.textContent === "-" || cell.textContent === "")
        return;
      const line = document.createElement(head.dataset.name ? "span" : "strong");
      line.textContent = head.dataset.name && isFinite(parseFloat(cell.dataset.value))
        ? `${head.textContent}: ${cell.textContent}` : cell.textContent;
      tip.append(line);
    });
  };

  const makeTelling = figure => {
    const svg = figure.querySelector("svg"), table = figure.querySelector("details table");
    if (!svg || !table)
      return;
    const own = told(table), marks = own.length > 0 ? own : explain(svg, table);
    if (marks.length === 0)
      return;
    const card = figure.querySelector(".card");
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    ring.setAttribute("class", "ring");
    ring.setAttribute("r", 8);
    svg.querySelectorAll("title").forEach(title => title.remove());
    figure.dataset.marks = marks.length;
    let current = -1;

    const hide = () => {
      tip.hidden = true;
      ring.remove();
      current = -1;
    };
    const show = index => {
      const mark = marks[current = index];
      fillTip(mark.row, table);
      ring.setAttribute("cx", mark.bar ? (mark.bar.left + mark.bar.right) / 2 : mark.x);
      ring.setAttribute("cy", mark.y);
      svg.append(ring);
      tip.hidden = false;
      const at = ring.getBoundingClientRect(), box = tip.getBoundingClientRect();
      const room = document.documentElement.clientWidth - box.width - 8;
      const above = at.top - box.height - 8;
      tip.style.left = `${Math.max(8, Math.min(room, at.left + at.width / 2 - box.width / 2))}px`;
      tip.style.top = `${above > 8 ? above : at.bottom + 8}px`;
    };
    const nearest = event => {
      const matrix = svg.getScreenCTM().inverse();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
      let best = -1, least = 24 * matrix.a;
      marks.forEach(({x, y, bar}, i) => {
        const dx = bar ? Math.max(bar.left - at.x, 0, at.x - bar.right) : x - at.x;
        const dy = bar ? Math.max(bar.top - at.y, 0, at.y - bar.bottom) : y - at.y;
        const distance = Math.hypot(dx, dy);
        if (distance < least)
          [best, least] = [i, distance];
      });
      if (best < 0)
        hide();
      else if (best !== current || tip.hidden)
        show(best);
    };
    const steps = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1};
    card.tabIndex = 0;
    card.setAttribute("role", "group");
    card.setAttribute("aria-label", "Figure: arrow keys read its marks");
    card.addEventListener("pointermove", nearest);
    card.addEventListener("pointerdown", nearest);
    card.addEventListener("pointerleave", event => event.pointerType === "mouse" && hide());
    card.addEventListener("blur", hide);
    card.addEventListener("keydown", event => {
      if (event.key === "Escape")
        hide();
      if (!steps[event.key])
        return;
      event.preventDefault();
      show((current < 0 ? (steps[event.key] > 0 ? 0 : marks.length - 1)
        : current + steps[event.key] + marks.length) % marks.length);
    });
  };

  document.body.append(tip);
  document.querySelectorAll("table").forEach(makeSortable);
  document.querySelectorAll("figure").forEach(figure => {
    try {
      makeTelling(figure);
    } catch (error) {
      console.error(`no numbers on hover: ${error}`);
    }
  });
  addEventListener("scroll", () => tip.hidden = true, {passive: true, capture: true});

  // On paper nothing can be opened.
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(fold => {
    fold.open = true;
    fold.dataset.opened = "";
  }));
  addEventListener("afterprint", () => document.querySelectorAll("details[data-opened]").forEach(fold => {
    fold.open = false;
    delete fold.dataset.opened;
  }));
})();
