"use strict";
(() => {
  const { el, comparison } = dip;
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.getElementById("main");
  const BAD = new Set(["failed", "refused"]);

  const seconds = (s) => (s == null ? "" : s < 60 ? `${s.toFixed(1)} s` : `${(s / 60).toFixed(1)} min`);

  // ---- the gallery -------------------------------------------------------------------------

  const ORDERS = {
    status: ["failures first", (a, b) => BAD.has(b.status) - BAD.has(a.status)],
    name: ["name", (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })],
    noise: ["most noise first", (a, b) => (b.noise ?? -1) - (a.noise ?? -1)],
    seconds: ["slowest first", (a, b) => (b.seconds ?? -1) - (a.seconds ?? -1)],
    psnr: ["highest PSNR first", (a, b) => (b.psnr ?? -1) - (a.psnr ?? -1)],
  };
  if (!data.entries.some((one) => one.psnr != null)) delete ORDERS.psnr;
  const remembered = { order: "status", search: "" };

  function card(one) {
    const bad = BAD.has(one.status);
    const told = [one.psnr == null ? "" : `${one.psnr.toFixed(2)} dB`,
      one.noise == null ? "" : `noise ${one.noise.toFixed(1)}`, seconds(one.seconds)];
    return el("li", {}, el("a", { href: `#${one.index + 1}`, class: bad ? "failed" : "" },
      one.thumbs ? el("img", { src: one.thumbs[1], alt: `${one.name}, ${one.layers?.[1]?.label ?? "restored"}`, loading: "lazy" }) : null,
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
    const sheets = (data.sheets ?? []).map(({ label, src }) => el("details", { open: true },
      el("summary", {}, label), el("a", { href: src }, el("img", { class: "sheet", src, alt: label }))));
    main.replaceChildren(el("h1", {}, data.title), ...sheets,
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
