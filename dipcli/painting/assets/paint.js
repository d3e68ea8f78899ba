"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const [width, height] = facts.size;
  const stage = at("stage"), layers = at("layers"), canvas = at("mask"), cursor = at("cursor");
  const drawing = canvas.getContext("2d");
  const MARK = "#ff2d55";
  [canvas.width, canvas.height] = [width, height];
  at("name").textContent = facts.name;
  document.title = `dip: ${facts.name}`;
  at("fill").textContent = facts.verb;
  [layers.style.width, layers.style.height] = [`${width}px`, `${height}px`];
  at("picture").alt = facts.name;

  // ---- what was painted: a list of strokes, so that each can be undone ---------------------------

  let strokes = [], undone = [], tool = "brush", stroke = null;

  function draw({ tool, size, points, image }) {
    drawing.globalCompositeOperation = tool === "eraser" ? "destination-out" : "source-over";
    drawing.fillStyle = drawing.strokeStyle = MARK;
    drawing.lineWidth = size;
    drawing.lineCap = drawing.lineJoin = "round";
    if (image) { drawing.drawImage(image, 0, 0, width, height); return; }
    const [first, ...rest] = points;
    drawing.beginPath();
    if (tool === "rectangle") {
      const last = points[points.length - 1];
      const [x, y] = [0, 1].map((i) => Math.floor(Math.min(first[i], last[i])));
      const [right, below] = [0, 1].map((i) => Math.ceil(Math.max(first[i], last[i])));
      drawing.fillRect(x, y, right - x, below - y);
    } else {
      drawing.moveTo(...first);
      for (const point of rest.length ? rest : [first]) drawing.lineTo(...point);
      if (tool === "lasso") { drawing.closePath(); drawing.fill(); }
      else drawing.stroke();
    }
  }
  function drawAll() {
    drawing.globalCompositeOperation = "source-over";
    drawing.clearRect(0, 0, width, height);
    for (const one of strokes) draw(one);
    if (stroke) draw(stroke);
    at("undo").disabled = !strokes.length;
    at("redo").disabled = !undone.length;
    at("fill").disabled = !strokes.length;
  }
  const undo = () => { if (strokes.length) { undone.push(strokes.pop()); drawAll(); } };
  const redo = () => { if (undone.length) { strokes.push(undone.pop()); drawAll(); } };

  // ---- where it is seen ----------------------------------------------------------------------------

  const seen = { x: 0, y: 0, zoom: 0 };
  const fitting = () => Math.min(stage.clientWidth / width, stage.clientHeight / height);
  function show() {
    const room = [stage.clientWidth - width * fitting(), stage.clientHeight - height * fitting()];
    if (!seen.zoom) [seen.x, seen.y] = room.map((free) => free / 2);
    const zoom = seen.zoom || fitting();
    layers.style.transform = `translate(${seen.x}px, ${seen.y}px) scale(${zoom})`;
    layers.classList.toggle("near", zoom >= 2);
    cursor.style.width = cursor.style.height = `${size() * zoom}px`;
  }
  function zoomTo(zoom, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
    const old = seen.zoom || fitting();
    const next = Math.min(32, Math.max(Math.min(1, fitting()) / 2, zoom));
    seen.x = x - ((x - seen.x) * next) / old;
    seen.y = y - ((y - seen.y) * next) / old;
    seen.zoom = next;
    show();
  }
  const zoomed = (factor, ...where) => zoomTo((seen.zoom || fitting()) * factor, ...where);
  // The size of the brush in pixels of the picture: the slider is finer for small ones.
  const size = () => Math.max(1, Math.round((Number(at("size").value) / 100) ** 2 * Math.min(width, height) * 0.5));

  const pointers = new Map();
  let moving = false;
  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left - stage.clientLeft, y: event.clientY - box.top - stage.clientTop };
  };
  const onPicture = ({ x, y }) => {
    const zoom = seen.zoom || fitting();
    return [(x - seen.x) / zoom, (y - seen.y) / zoom];
  };
  stage.addEventListener("pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size > 1) { stroke = null; drawAll(); return; } // a second finger moves
    if (moving || event.button === 1) return;
    stroke = { tool, size: size(), points: [onPicture(place(event))] };
    drawAll();
  });
  stage.addEventListener("pointermove", (event) => {
    const now = place(event), before = pointers.get(event.pointerId);
    cursor.style.left = `${now.x}px`;
    cursor.style.top = `${now.y}px`;
    cursor.style.display = tool === "brush" || tool === "eraser" ? "block" : "none";
    stage.style.cursor = cursor.style.display === "block" && !moving ? "none" : "crosshair";
    if (!before) return;
    if (pointers.size > 1) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const distance = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
      zoomed(distance(now) / distance(before), other.x, other.y);
    } else if (stroke) {
      for (const one of event.getCoalescedEvents?.() ?? [event]) stroke.points.push(onPicture(place(one)));
      stroke.points.push(onPicture(now));
      drawAll();
    } else {
      if (!seen.zoom) seen.zoom = fitting();
      seen.x += now.x - before.x;
      seen.y += now.y - before.y;
      show();
    }
    pointers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"])
    stage.addEventListener(name, (event) => {
      pointers.delete(event.pointerId);
      if (!stroke) return;
      if (name === "pointerup") { strokes.push(stroke); undone = []; }
      stroke = null;
      drawAll();
    });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const { x, y } = place(event);
    zoomed(Math.exp(-event.deltaY / 400), x, y);
  }, { passive: false });

  function choose(name) {
    tool = name;
    for (const button of document.querySelectorAll("[data-tool]"))
      button.setAttribute("aria-pressed", String(button.dataset.tool === name));
  }
  for (const button of document.querySelectorAll("[data-tool]"))
    button.addEventListener("click", () => choose(button.dataset.tool));
  const resize = (by) => { at("size").value = Number(at("size").value) + by; show(); };
  const KEYS = { b: () => choose("brush"), e: () => choose("eraser"), l: () => choose("lasso"),
    r: () => choose("rectangle"), "[": () => resize(-5), "]": () => resize(5),
    "+": () => zoomed(1.5), "=": () => zoomed(1.5), "-": () => zoomed(1 / 1.5), 0: () => { seen.zoom = 0; show(); },
    Enter: () => at("fill").click() };
  document.addEventListener("keydown", (event) => {
    if (at("painting").hidden) return;
    const back = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
    if (back) (event.shiftKey ? redo : undo)();
    else if (event.key === " " && document.activeElement === stage) moving = true;
    else if (KEYS[event.key] && !event.ctrlKey && !event.metaKey && !event.target.closest("button, input")) KEYS[event.key]();
    else return;
    event.preventDefault();
    stage.classList.toggle("moving", moving);
  });
  document.addEventListener("keyup", (event) => {
    if (event.key === " ") { moving = false; stage.classList.remove("moving"); }
  });
  at("undo").addEventListener("click", undo);
  at("redo").addEventListener("click", redo);
  at("clear").addEventListener("click", () => { strokes = []; undone = []; drawAll(); });
  for (const [id, by] of [["in", 1.5], ["out", 1 / 1.5]]) at(id).addEventListener("click", () => zoomed(by));
  at("fit").addEventListener("click", () => { seen.zoom = 0; show(); });
  at("size").addEventListener("input", show);
  new ResizeObserver(show).observe(stage);

  // What the picture itself shows: it can be taken back, painted on and erased like a stroke.
  const suggestion = new Image();
  suggestion.addEventListener("load", () => { at("suggest").hidden = false; });
  at("suggest").addEventListener("click", () => { strokes.push({ image: suggestion }); undone = []; drawAll(); });

  // ---- what is asked of the program ----------------------------------------------------------------

  let latest = 0; // results seen so far
  async function ask(name, body) {
    try {
      const answer = await fetch(name, { method: "POST", body: body ?? "" });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
      tell(await answer.json());
    } catch (error) {
      at("told").textContent = `dip does not answer (${error.message}); it may have ended`;
    }
  }
  // White where something is painted, black elsewhere, every pixel one or the other.
  function maskFile() {
    const flat = new OffscreenCanvas(width, height);
    const onto = flat.getContext("2d");
    const values = drawing.getImageData(0, 0, width, height);
    for (let i = 0; i < values.data.length; i += 4) {
      const white = values.data[i + 3] > 95 ? 255 : 0;
      values.data[i] = values.data[i + 1] = values.data[i + 2] = white;
      values.data[i + 3] = 255;
    }
    onto.putImageData(values, 0, 0);
    return flat.convertToBlob({ type: "image/png" });
  }
  function tell(state) {
    at("busy").hidden = !state.busy;
    at("fill").disabled = state.busy || !strokes.length;
    at("save").disabled = at("again").disabled = state.busy;
    if (state.total) at("progress").value = state.done / state.total;
    else at("progress").removeAttribute("value");
    at("step").textContent = state.total ? `step ${state.done} of ${state.total}` : "";
    const saved = state.saved.length ? `Saved: ${state.saved.join(" and ")}` : "";
    at("told").textContent = state.message || saved;
    if (!state.busy && state.results > latest) {
      latest = state.results;
      look(state);
    }
  }
  function look(state) {
    shown(true);
    const fresh = state.layers ?? [];
    const one = { name: facts.name, size: facts.size,
      layers: fresh.map((layer) => ({ ...layer, src: `${layer.src}?${latest}` })) };
    at("comparison").replaceChildren(...dip.comparison(one));
    at("words").replaceChildren(...state.words.map((text) => dip.el("li", {}, text)));
    at("save").focus();
  }
  at("fill").addEventListener("click", async () => ask("fill", await maskFile()));
  at("stop").addEventListener("click", () => ask("stop"));
  at("save").addEventListener("click", () => ask("save"));
  function shown(looking) {
    at("looking").hidden = !looking;
    at("painting").hidden = looking;
  }
  at("again").addEventListener("click", () => { shown(false); show(); stage.focus(); });
  let touched = true; // since it was told last
  for (const name of ["pointerdown", "pointermove", "keydown", "wheel"])
    document.addEventListener(name, () => { touched = true; }, { capture: true, passive: true });
  async function listen() {
    for (;;) {
      let busy = false;
      try {
        const question = touched ? "state?touched" : "state";
        touched = false;
        const state = await (await fetch(question)).json();
        if (state.suggestion && !suggestion.src) suggestion.src = state.suggestion;
        busy = state.busy;
        if (!at("picture").src) at("picture").src = state.layers[0].src;
        tell(state);
      } catch {
        at("told").textContent = "dip has ended; this page can be closed";
        return;
      }
      await new Promise((go) => setTimeout(go, busy ? 300 : 1500));
    }
  }
  window.addEventListener("pagehide", () => navigator.sendBeacon("bye"));
  drawAll();
  show();
  listen();
})();
