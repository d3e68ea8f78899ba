"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const BAD = new Set(["failed", "refused"]);

  // An element with its attributes and children; a text is never read as HTML.
  function el(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((one) => one != null));
    return made;
  }
  const seconds = (s) => (s == null ? "" : s < 60 ? `${s.toFixed(1)} s` : `${(s / 60).toFixed(1)} min`);

  // ---- the gallery -------------------------------------------------------------------------

  const ORDERS = {
    status: ["failures first", (a, b) => BAD.has(b.status) - BAD.has(a.status)],
    name: ["name", (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })],
    noise: ["most noise first", (a, b) => (b.noise ?? -1) - (a.noise ?? -1)],
    seconds: ["slowest first", (a, b) => (b.seconds ?? -1) - (a.seconds ?? -1)],
  };
  const remembered = { order: "status", search: "" };

  function card(one) {
    const bad = BAD.has(one.status);
    const told = [one.noise == null ? "" : `noise ${one.noise.toFixed(1)}`, seconds(one.seconds)];
    return el("li", {}, el("a", { href: `#${one.index + 1}`, class: bad ? "failed" : "" },
      one.thumbs ? el("img", { src: one.thumbs[1], alt: `${one.name}, restored`, loading: "lazy" }) : null,
      el("b", {}, one.name),
      el("span", { class: bad ? "bad" : "quiet" }, one.status),
      el("span", { class: "quiet" }, told.filter(Boolean).join(", ")),
      bad ? el("span", { class: "bad" }, one.message) : null));
  }

  function gallery() {
    const list = el("ul", { class: "grid-of" });
    const count = el("p", { class: "quiet", role: "status" });
    function fill() {
      const found = data.entries.filter((one) => one.name.toLowerCase().includes(remembered.search.toLowerCase()));
      found.sort(ORDERS[remembered.order][1]);
      list.replaceChildren(...found.map(card));
      const failed = found.filter((one) => BAD.has(one.status)).length;
      count.textContent = `${found.length} of ${data.entries.length} pictures` + (failed ? `, ${failed} failed` : "");
    }
    const order = el("select", { id: "order", onchange: () => { remembered.order = order.value; fill(); } },
      ...Object.entries(ORDERS).map(([key, [label]]) =>
        el("option", { value: key, selected: key === remembered.order }, label)));
    const search = el("input", { type: "search", value: remembered.search, placeholder: "part of a name",
      oninput: () => { remembered.search = search.value; fill(); } });
    main.replaceChildren(el("h1", {}, data.title),
      el("div", { class: "bar" }, el("label", {}, "Sort by", order), el("label", {}, "Find", search)), count, list);
    fill();
  }

  // ---- one picture -------------------------------------------------------------------------

  function view(one) {
    const parts = [];
    if (data.gallery) {
      const other = (step, text) => {
        const next = data.entries[one.index + step];
        return next ? el("a", { href: `#${next.index + 1}` }, text) : null;
      };
      parts.push(el("nav", { class: "bar", "aria-label": "pictures" },
        el("a", { href: "#" }, "All pictures"), other(-1, "Previous"), other(1, "Next")));
    }
    parts.push(el("h1", {}, one.name));
    if (one.message) parts.push(el("p", { class: BAD.has(one.status) ? "bad" : "" }, one.message));
    if (one.layers) parts.push(...comparison(one));
    if (one.words.length) parts.push(el("h2", {}, "What can be said of it"), el("ul", { class: "words" },
      ...one.words.map((text) => el("li", { class: text.startsWith("Look closely") ? "bad" : "" }, text))));
    if (one.strip) parts.push(el("h2", {}, "On the way"), el("img", { class: "strip", src: one.strip,
      loading: "lazy", alt: "some of the steps, the first at the left, the last at the right" }));
    for (const svg of one.charts ?? []) {
      const holder = el("div", { class: "chart" });
      holder.innerHTML = svg; // drawn by dip from numbers, its texts escaped
      parts.push(holder);
    }
    if (one.command) parts.push(el("h2", {}, "The same again"), command(one.command));
    const links = Object.entries(one.links);
    if (links.length) parts.push(el("p", { class: "bar" }, ...links.map(([what, path]) => el("a", { href: path }, what))));
    if (one.facts.length) parts.push(el("details", {}, el("summary", {}, "How it was made"),
      el("dl", {}, ...one.facts.flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]))));
    main.replaceChildren(...parts);
    window.scrollTo(0, 0);
  }

  function command(text) {
    const copy = el("button", { type: "button", onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch {
        const range = document.createRange(); // no clipboard for a file: select it instead
        range.selectNodeContents(shown);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        copy.textContent = document.execCommand("copy") ? "Copied" : "Selected";
      }
    } }, "Copy");
    const shown = el("pre", {}, text);
    return el("div", { class: "command" }, shown, copy);
  }

  // The stage: two panes under one another with a divider, or side by side; one zoom for both.
  function comparison(one) {
    const [width, height] = one.size;
    const at = { x: width / 2, y: height / 2, zoom: 0, share: 0.5, beside: false };
    const panes = ["a", "b"].map((name) => ({ name, image: el("img", { alt: "", draggable: "false" }),
      tag: el("span", { class: `tag ${name}` }) }));
    const divider = el("button", { type: "button", class: "divider", role: "slider", "aria-label": "divider",
      "aria-valuemin": 0, "aria-valuemax": 100 });
    for (const pane of panes) pane.box = el("div", { class: "pane" }, pane.image, pane.tag);
    const stage = el("div", { class: "stage", tabindex: 0, role: "group",
      "aria-label": "pictures: arrows move, plus and minus zoom, 0 fits" }, panes[0].box, panes[1].box, divider);
    const shownAt = el("output", { class: "quiet" });
    const shape = () => { stage.style.aspectRatio = `${width * (at.beside && innerWidth > 560 ? 2 : 1)} / ${height}`; };
    shape();

    const boxSize = () => panes[0].box.getBoundingClientRect();
    const fit = () => Math.min(boxSize().width / width, boxSize().height / height);
    function draw() {
      const box = boxSize();
      const zoom = at.zoom || fit();
      const half = (length, room) => Math.min(length / 2, room / 2 / zoom);
      at.x = Math.min(width - half(width, box.width), Math.max(half(width, box.width), at.x));
      at.y = Math.min(height - half(height, box.height), Math.max(half(height, box.height), at.y));
      for (const { image } of panes) {
        image.width = width;
        image.height = height;
        image.classList.toggle("near", zoom >= 2);
        image.style.transform = `translate(${box.width / 2 - at.x * zoom}px, ${box.height / 2 - at.y * zoom}px) scale(${zoom})`;
      }
      panes[1].box.style.clipPath = at.beside ? "" : `inset(0 0 0 ${100 * at.share}%)`;
      panes[0].box.style.clipPath = at.beside ? "" : `inset(0 ${100 - 100 * at.share}% 0 0)`;
      divider.style.left = `${100 * at.share}%`;
      divider.setAttribute("aria-valuenow", Math.round(100 * at.share));
      shownAt.textContent = `${Math.round(100 * zoom)} %`;
    }
    function zoomTo(zoom, px = boxSize().width / 2, py = boxSize().height / 2) {
      const box = boxSize();
      const old = at.zoom || fit();
      const next = Math.min(32, Math.max(Math.min(1, fit()), zoom));
      at.x += (px - box.width / 2) * (1 / old - 1 / next);
      at.y += (py - box.height / 2) * (1 / old - 1 / next);
      at.zoom = next;
      draw();
    }
    const divide = (share) => { at.share = Math.min(1, Math.max(0, share)); draw(); };

    const pointers = new Map();
    const where = (event) => {
      const box = stage.getBoundingClientRect();
      const pane = boxSize();
      let x = event.clientX - box.left, y = event.clientY - box.top;
      if (at.beside && x > pane.width && box.width > pane.width * 1.5) x -= box.width - pane.width;
      if (at.beside && y > pane.height && box.height > pane.height * 1.5) y -= box.height - pane.height;
      return { x, y, divider: event.target === divider };
    };
    stage.addEventListener("pointerdown", (event) => {
      pointers.set(event.pointerId, where(event));
      stage.setPointerCapture(event.pointerId);
    });
    stage.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const now = { ...where(event), divider: before.divider };
      pointers.set(event.pointerId, now);
      const zoom = at.zoom || fit();
      if (pointers.size > 1) {
        const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
        const distance = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
        zoomTo((zoom * distance(now)) / distance(before), other.x, other.y);
      } else if (before.divider) {
        divide(now.x / stage.clientWidth);
      } else {
        at.x -= (now.x - before.x) / zoom;
        at.y -= (now.y - before.y) / zoom;
        draw();
      }
    });
    for (const name of ["pointerup", "pointercancel"])
      stage.addEventListener(name, (event) => pointers.delete(event.pointerId));
    stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const { x, y } = where(event);
      zoomTo((at.zoom || fit()) * Math.exp(-event.deltaY / 400), x, y);
    }, { passive: false });
    stage.addEventListener("keydown", (event) => {
      const zoom = at.zoom || fit();
      const onDivider = event.target === divider;
      const side = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (onDivider && side) divide(at.share + 0.05 * side);
      else if (onDivider && event.key === "Home") divide(0);
      else if (onDivider && event.key === "End") divide(1);
      else if (side) { at.x += (40 * side) / zoom; draw(); }
      else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        at.y += (event.key === "ArrowUp" ? -40 : 40) / zoom; draw();
      }
      else if (event.key === "+" || event.key === "=") zoomTo(zoom * 1.5);
      else if (event.key === "-") zoomTo(zoom / 1.5);
      else if (event.key === "0") { at.zoom = 0; draw(); }
      else return;
      event.preventDefault();
    });

    const choice = (pane, name, label) => {
      const made = el("select", { onchange: () => show(pane, made.value) },
        ...one.layers.map((layer) => el("option", { value: layer.name, selected: layer.name === name }, layer.label)));
      show(pane, name);
      return el("label", {}, label, made);
    };
    function show(pane, name) {
      const layer = one.layers.find((found) => found.name === name);
      pane.image.src = layer.src;
      pane.image.alt = `${one.name}, ${layer.label}`;
      pane.tag.textContent = layer.label;
    }
    const mode = (beside, text) => el("button", { type: "button", "aria-pressed": String(beside === at.beside),
      onclick: () => {
        at.beside = beside;
        stage.classList.toggle("beside", beside);
        shape();
        for (const button of modes) button.setAttribute("aria-pressed", String(button.textContent === text));
        draw();
      } }, text);
    const modes = [mode(false, "Slider"), mode(true, "Side by side")];
    const zoomer = (text, label, how) => el("button", { type: "button", "aria-label": label, onclick: how }, text);
    const controls = el("div", { class: "bar" },
      choice(panes[0], "before", "Left"), choice(panes[1], "after", "Right"), ...modes,
      zoomer("\u2212", "zoom out", () => zoomTo((at.zoom || fit()) / 1.5)),
      zoomer("+", "zoom in", () => zoomTo((at.zoom || fit()) * 1.5)),
      zoomer("1:1", "pixel for pixel", () => zoomTo(1)),
      zoomer("Fit", "whole picture", () => { at.zoom = 0; draw(); }), shownAt);
    new ResizeObserver(draw).observe(stage);
    return [controls, stage];
  }

  data.entries.forEach((one, index) => { one.index = index; });
  document.title = data.title;
  function route() {
    const one = data.entries[Number(location.hash.slice(1)) - 1];
    if (one) view(one);
    else if (data.gallery) gallery();
    else view(data.entries[0]);
  }
  window.addEventListener("hashchange", route);
  route();
})();
