// What pages do better with a script. Each page works without it.
"use strict";
(() => {
  const POLL_MS = 2000;
  const LOAD_MS = 2000;

  // A copy button after everything that carries data-copy.
  function addCopyButtons(root) {
    for (const place of root.querySelectorAll("[data-copy]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy " + (place.dataset.copyName || "the full value"));
      button.addEventListener("click", () => copy(place.dataset.copy || place.textContent, button));
      place.append(button);
    }
  }

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  // A progress box follows its events; when these fail it asks again and again; when it is over the page is renewed.
  class Follower {
    constructor(box) {
      this.box = box;
      this.over = false;
      this.polling = false;
      const note = box.querySelector("[data-without-script]");
      if (note) note.hidden = true;
      if (box.dataset.events && "EventSource" in window) this.listen();
      else this.poll();
    }

    listen() {
      const source = new EventSource(this.box.dataset.events);
      let failures = 0;
      const take = (event) => {
        failures = 0;
        let told;
        try { told = JSON.parse(event.data); } catch { return; }
        this.show(told);
        if (this.over) source.close();
      };
      for (const name of ["message", "shot", "over"]) source.addEventListener(name, take);
      source.addEventListener("error", () => {
        failures += 1;
        if (this.over) return source.close();
        if (source.readyState === EventSource.CLOSED || failures > 3) {
          source.close();
          this.poll();
        }
      });
      addEventListener("pagehide", () => source.close());
    }

    async poll() {
      if (this.over || this.polling) return;
      if (!this.box.dataset.poll) return this.say("Updates stopped. Reload the page to go on.");
      this.polling = true;
      let wait = POLL_MS;
      try {
        const answer = await fetch(this.box.dataset.poll, { headers: { accept: "application/json" } });
        const retry = Number(answer.headers.get("retry-after"));
        if (retry > 0) wait = retry * 1000;
        if (answer.ok) {
          this.show(await answer.json());
          this.say("");
        } else if (answer.status !== 429 && answer.status !== 503) {
          this.say("Updates stopped. Reload the page to go on.");
          return;
        }
      } catch {
        this.say("No connection. Trying again.");
        wait = POLL_MS * 3;
      } finally {
        this.polling = false;
      }
      if (!this.over) setTimeout(() => this.poll(), wait);
    }

    // A shot comes bare, or wrapped with its revision.
    show(told) {
      const shot = told && typeof told.data === "object" && told.data ? told.data : told;
      if (!shot || typeof shot !== "object") return;
      const bar = this.box.querySelector("progress");
      if (bar && shot.total > 0) {
        bar.max = shot.total;
        bar.value = Math.min(shot.done, shot.total);
      } else if (bar) {
        bar.removeAttribute("value");
      }
      this.put("[data-stage]", shot.stage);
      this.put("[data-words]", shot.words);
      if (shot.run) this.box.dataset.run = shot.run;
      this.over = told.over === true || ["done", "failed", "cancelled"].includes(shot.run);
      // Not at once: a page that lags behind its events would otherwise be loaded without end.
      if (this.over && this.box.hasAttribute("data-reload")) setTimeout(() => location.reload(), Math.max(0, LOAD_MS - performance.now()));
    }

    put(selector, text) {
      const place = this.box.querySelector(selector);
      if (place && typeof text === "string" && place.textContent !== text) place.textContent = text;
    }

    say(text) {
      this.put("[data-trouble]", text);
    }
  }

  addCopyButtons(document);
  for (const box of document.querySelectorAll("[data-events], [data-poll]")) new Follower(box);
})();
