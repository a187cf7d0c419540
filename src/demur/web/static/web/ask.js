// Shows an answer while it is spoken. Everything here also works without it: then the form is sent
// as any form is. Nothing is stored in the browser.
(function () {
  "use strict";
  var form = document.getElementById("ask");
  var panel = document.getElementById("answer");
  var state = document.getElementById("state");
  var stop = document.getElementById("stop");
  var send = form.querySelector("button[type=submit]");
  if (!window.fetch || !window.TextDecoderStream || !window.AbortController) { return; }

  form.addEventListener("submit", function (event) {
    if (!form.reportValidity()) { return; }
    event.preventDefault();
    var abort = new AbortController();
    stop.onclick = function () { abort.abort(); };
    panel.replaceChildren();
    panel.hidden = false;
    var words = document.createElement("p");
    words.className = "spoken";
    words.setAttribute("aria-busy", "true");
    panel.append(words);
    say("speaking");
    busy(true);
    listen(abort.signal, words).then(function (how) { finish(words, how); }, function (error) {
      if (error.name === "AbortError") { finish(words, "stopped"); } else { form.submit(); }
    });
  });

  async function listen(signal, words) {
    var response = await fetch(form.dataset.stream, {
      method: "POST", body: new FormData(form), signal: signal, redirect: "error"
    });
    if (!response.ok || !response.headers.get("Content-Type").startsWith("text/event-stream")) {
      throw new Error("no stream");
    }
    var reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    var waiting = "";
    var how = "stopped";
    for (;;) {
      var read = await reader.read();
      if (read.done) { return how; }
      var events = (waiting + read.value).split("\n\n");
      waiting = events.pop();
      events.forEach(function (event) {
        var lines = event.split("\n");
        var value = JSON.parse(lines[1].slice("data: ".length));
        if (lines[0] === "event: piece") { words.append(value); }
        if (lines[0] === "event: stopped") { note(value); }
        // Our own page's HTML: the server has made everybody's words inert.
        if (lines[0] === "event: answer") { panel.innerHTML = value; how = "done"; }
      });
    }
  }

  function finish(words, how) {
    words.removeAttribute("aria-busy");
    say(how);
    busy(false);
  }

  function busy(speaking) {
    stop.hidden = !speaking;
    send.disabled = speaking;
    if (!speaking && document.activeElement === stop) { send.focus(); }
  }

  function note(text) {
    var line = document.createElement("p");
    line.className = "small";
    line.append(text);
    panel.append(line);
  }

  function say(what) { state.textContent = state.dataset[what]; }
}());
