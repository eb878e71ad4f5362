(() => {
  "use strict";
  const live = document.getElementById("live"), said = document.getElementById("said"), pulse = document.getElementById("pulse");
  const dot = document.createElement("span"), word = document.createElement("span"), button = document.createElement("button");
  dot.className = "dot"; button.type = "button";
  pulse.replaceChildren(dot, word, button);
  let source = null, paused = false;

  const show = (state, text) => { pulse.dataset.state = state; word.textContent = text; button.textContent = paused ? "Resume" : "Pause"; };

  // Brings what is there to what came, and leaves alone what did not change: focus, scrolling and opened details stay.
  const morph = (a, b) => {
    if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName || a.id !== b.id) { a.replaceWith(b); return; }
    if (a.nodeType !== Node.ELEMENT_NODE) { if (a.data !== b.data) a.data = b.data; return; }
    for (const { name, value } of [...b.attributes]) if (a.getAttribute(name) !== value) a.setAttribute(name, value);
    for (const { name } of [...a.attributes]) if (!b.hasAttribute(name) && !(a.nodeName === "DETAILS" && name === "open")) a.removeAttribute(name);
    children(a, b);
  };
  const children = (a, b) => {
    const fresh = [...b.childNodes];
    let at = a.firstChild;
    for (const f of fresh) {
      if (f.id) { // keeps its element when others come or go before it
        let same = at;
        while (same && same.id !== f.id) same = same.nextSibling;
        if (same && same !== at) a.insertBefore(same, at), at = same;
        else if (!same) { a.insertBefore(f, at); continue; }
      }
      if (!at) { a.appendChild(f); continue; }
      const next = at.nextSibling;
      morph(at, f);
      at = next;
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next; }
  };

  const update = (event) => {
    const fresh = new DOMParser().parseFromString(event.data, "text/html").body;
    const now = fresh.querySelector("[data-title]");
    document.title = now.dataset.title;
    if (said.textContent !== now.dataset.said) said.textContent = now.dataset.said;
    children(live, fresh);
    show("live", "Live");
  };
  const stop = () => { if (source) source.close(); source = null; };
  const start = () => {
    stop();
    source = new EventSource("live" + location.search);
    source.addEventListener("overview", update);
    source.onerror = () => {
      show("lost", "Connection lost, trying again");
      if (source && source.readyState === EventSource.CLOSED) { stop(); setTimeout(() => { if (!paused && !document.hidden && !source) start(); }, 5000); }
    };
  };
  button.addEventListener("click", () => {
    paused = !paused;
    if (paused) { stop(); show("paused", "Paused"); } else { show("lost", "Connecting"); start(); }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) stop(); else if (!paused && !source) start();
  });
  show("lost", "Connecting");
  start();
})();
