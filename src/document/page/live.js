// SPDX-License-Identifier: MIT
// Keeps the section that shows what runs now: the server renders it, this puts it in its place (docs/recipes/see.md).
"use strict";
(() => {
  const place = document.getElementById("live");
  const events = new EventSource("/events");
  events.addEventListener("page", (event) => {
    place.innerHTML = event.data;
    place.dataset.events = Number(place.dataset.events ?? 0) + 1;
    place.classList.remove("lost");
  });
  events.onerror = () => place.classList.add("lost");
})();
