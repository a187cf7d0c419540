// Shows what the assistant says while it says it, stops it, and copies a draft. Everything here also
// works without it: then a form is sent as any form is. Nothing is stored in the browser.
(function () {
  "use strict";
  var conversation = document.getElementById("conversation");
  var made = document.getElementById("made");
  var state = document.getElementById("state");
  var template = document.getElementById("live");
  offerCopying();
  document.addEventListener("click", copy);
  if (!template || !window.fetch || !window.TextDecoderStream || !window.AbortController) { return; }

  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.id === "draw") { wait(form); return; }
    if (!form.dataset.stream || !form.reportValidity()) { return; }
    event.preventDefault();
    speak(form);
  });

  // One answer: where it appears, how it is stopped, what follows.
  function speak(form) {
    var live = template.content.firstElementChild.cloneNode(true);
    var part = function (name) { return live.querySelector("[data-" + name + "]"); };
    var sent = new FormData(form);
    var abort = new AbortController();
    var begins = !form.dataset.thread;
    var address = form.action;
    var enough = false;
    place(live, part("asked"), form);
    busy(true);
    say("speaking");
    live.scrollIntoView({ block: "nearest" });
    part("stop").addEventListener("click", function () {
      part("stop").disabled = true;
      enough = true;
      if (!conversation) { abort.abort(); return; }
      if (!begins) { wish(address, sent); }
      setTimeout(function () { abort.abort(); }, 5000);
    });
    var heard = {
      thread: function (url) {
        address = url;
        begins = false;
        history.replaceState(null, "", url);
        if (enough) { wish(address, sent); }
      },
      piece: function (text) { part("waiting").hidden = true; part("spoken").append(text); },
      stopped: function (text) { part("note").hidden = false; part("note").append(text); },
      // Our own page's HTML: the server has made everybody's words inert.
      answer: function (html) { (conversation || made).innerHTML = html; }
    };
    listen(form.dataset.stream, sent, abort.signal, heard).then(function (how) {
      if (how !== "answer" && conversation) { location.assign(address); return; }
      settle(live, how === "answer" ? "done" : "stopped");
    }, function (error) {
      if (error.name === "AbortError") {
        if (conversation) { location.assign(address); } else { settle(live, "stopped"); }
      } else {
        form.hidden = true;
        document.body.append(form);
        form.submit();
      }
    });
  }

  // The conversation at this address is to say no more; what was said till then is kept.
  function wish(address, sent) {
    var body = new FormData();
    body.set("csrfmiddlewaretoken", sent.get("csrfmiddlewaretoken"));
    fetch(new URL("stop/", new URL(address, location.href)), { method: "POST", body: body });
  }

  async function listen(url, sent, signal, heard) {
    var response = await fetch(url, { method: "POST", body: sent, signal: signal, redirect: "error" });
    if (!response.ok || !response.headers.get("Content-Type").startsWith("text/event-stream")) {
      throw new Error("no stream");
    }
    var reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    var waiting = "";
    var last = "";
    for (;;) {
      var read = await reader.read();
      if (read.done) { return last; }
      var events = (waiting + read.value).split("\n\n");
      waiting = events.pop();
      events.forEach(function (event) {
        var lines = event.split("\n");
        last = lines[0].slice("event: ".length);
        if (heard[last]) { heard[last](JSON.parse(lines[1].slice("data: ".length))); }
      });
    }
  }

  // A new question above its form; one that is asked again in the place of what it replaces.
  function place(live, asked, form) {
    if (!conversation) {
      asked.hidden = true;
      made.replaceChildren(live);
      made.hidden = false;
      return;
    }
    var field = form.querySelector("[name=question]");
    var turn = form.dataset.from ? document.getElementById(form.dataset.from) : null;
    asked.textContent = field ? field.value : turn.querySelector(".asked").textContent;
    if (!turn) { form.before(live); return; }
    while (turn.nextElementSibling) { turn.nextElementSibling.remove(); }
    turn.replaceChildren(live);
  }

  function settle(live, how) {
    busy(false);
    say(how);
    offerCopying();
    if (conversation) {
      document.title = conversation.querySelector("h1").textContent + document.title.slice(
        document.title.lastIndexOf(" · "));
      var answers = conversation.querySelectorAll(".answer");
      focus(answers[answers.length - 1]);
    } else if (how === "done") {
      focus(made.querySelector("h2"));
    } else {
      live.querySelector("[data-spoken]").removeAttribute("aria-busy");
      live.querySelector("[data-waiting]").hidden = true;
      live.querySelector("[data-stop]").remove();
    }
  }

  function focus(element) {
    if (!element) { return; }
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
  }

  function busy(speaking) {
    document.querySelectorAll("main form button[type=submit]").forEach(function (button) {
      button.disabled = speaking;
    });
  }

  function wait(form) {
    form.querySelector("button[type=submit]").disabled = true;
    say("speaking");
  }

  function offerCopying() {
    if (!navigator.clipboard) { return; }
    document.querySelectorAll("[data-copy]").forEach(function (button) { button.hidden = false; });
  }

  function copy(event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    var words = button.closest(".made").querySelector(".spoken");
    navigator.clipboard.writeText(words.textContent).then(function () { say("copied"); });
  }

  function say(what) { if (state) { state.textContent = state.dataset[what]; } }
}());
