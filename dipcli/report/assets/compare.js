"use strict";
// Two pictures of one scene to compare, for every page: dip.comparison, and dip.el to build with.
const dip = (() => {
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

  return { el, comparison };
})();
