// In the frame: shows an answer while it is spoken; without it the form is sent as any form is.
// Nothing is stored in the browser and nothing is said to the page around.
(function () {
  "use strict";
  var form = document.getElementById("embed");
  if (!form) { whoCameBack(); return; }
  var panel = document.getElementById("answer");
  var state = document.getElementById("state");
  var stop = document.getElementById("stop");
  var send = form.querySelector("button[type=submit]");
  if (!window.fetch || !window.TextDecoderStream || !window.AbortController) { return; }

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    var abort = new AbortController();
    stop.onclick = function () { abort.abort(); };
    var words = document.createElement("p");
    words.className = "spoken";
    words.setAttribute("aria-busy", "true");
    panel.replaceChildren(words);
    panel.hidden = false;
    busy("speaking", true);
    listen(abort.signal, words).then(function (how) { busy(how, false); }, function (error) {
      if (error.name === "AbortError") { busy("stopped", false); } else { form.submit(); }
    }).finally(function () { words.removeAttribute("aria-busy"); });
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
        if (lines[0] === "event: stopped") { words.after(value); }
        // Our own page's HTML: the server has made everybody's words inert.
        if (lines[0] === "event: answer") { panel.innerHTML = value; how = "done"; panel.focus(); }
      });
    }
  }

  function busy(how, speaking) {
    state.textContent = state.dataset[how];
    stop.hidden = !speaking;
    send.disabled = speaking;
  }

  // Who signed in beside it, in another tab, comes back to the form.
  function whoCameBack() {
    document.addEventListener("visibilitychange", function () {
      if (document.visibilityState === "visible") { location.reload(); }
    });
  }
}());
