// <demur-assistant site="https://ai.dorp.example" lang="nl"></demur-assistant>
//
// Shows a community's assistant on another page. What is asked and answered stays inside a frame of
// the assistant's own site, which this page cannot read. The notice and the way to object stand
// outside the frame, so that they are in sight also where the frame is refused. No dependencies;
// nothing is stored, and nothing is sent to anybody but that site.
(function () {
  "use strict";
  var WORDS = {
    en: {
      name: "The community's assistant",
      notice: "AI that answers from what people here posted in public.",
      object: "See what is used of yours, and say no",
      open: "Open the assistant in a new window"
    },
    nl: {
      name: "De assistent van de gemeenschap",
      notice: "AI die antwoordt uit wat mensen hier openbaar plaatsten.",
      object: "Zie wat er van u gebruikt wordt, en zeg nee",
      open: "Open de assistent in een nieuw venster"
    },
    de: {
      name: "Der Assistent der Gemeinschaft",
      notice: "KI, die aus dem antwortet, was Menschen hier öffentlich geschrieben haben.",
      object: "Sehen, was von Ihnen verwendet wird, und Nein sagen",
      open: "Den Assistenten in einem neuen Fenster öffnen"
    },
    fr: {
      name: "L’assistant de la communauté",
      notice: "Une IA qui répond à partir de ce que les gens d’ici ont publié.",
      object: "Voir ce qui est utilisé de vous, et dire non",
      open: "Ouvrir l’assistant dans une nouvelle fenêtre"
    }
  };
  var STYLE = ":host{display:block;max-width:40rem;height:32rem;color-scheme:light dark}" +
    ":host([hidden]){display:none}" +
    "section{display:flex;flex-direction:column;height:100%;box-sizing:border-box;" +
    "border:1px solid #75827c;border-radius:10px;overflow:hidden;background:Canvas;" +
    "color:CanvasText;font:0.9rem/1.5 system-ui,sans-serif}" +
    "iframe{flex:1 1 auto;width:100%;min-height:0;border:0}" +
    "p{flex:none;margin:0;padding:.5rem 1rem;border-top:1px solid #75827c}" +
    "a{color:LinkText}a:focus-visible{outline:3px solid;outline-offset:2px}";

  class DemurAssistant extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) { return; }
      var site = origin(this.getAttribute("site"));
      if (!site) { console.error("<demur-assistant>: `site` must be an https address"); return; }
      var lang = (this.lang || document.documentElement.lang || "en").slice(0, 2).toLowerCase();
      lang = WORDS[lang] ? lang : "en";
      var words = WORDS[lang];
      var root = this.attachShadow({ mode: "open" });
      var sheet = new CSSStyleSheet();  // a page's own CSP has nothing against these
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      var section = document.createElement("section");
      section.lang = lang;
      section.setAttribute("aria-label", words.name);
      var frame = document.createElement("iframe");
      frame.title = words.name;
      frame.loading = "lazy";
      frame.referrerPolicy = "origin";
      frame.src = site + "/embed/?lang=" + lang;
      var notice = document.createElement("p");
      notice.append(words.notice + " ", link(site + "/privacy/object/", words.object), " · ",
        link(site + "/ask/", words.open));
      section.append(frame, notice);
      root.append(section);
    }
  }

  function link(address, text) {
    var a = document.createElement("a");
    a.href = address;
    a.target = "_blank";
    a.rel = "noopener";
    a.textContent = text;
    return a;
  }

  function origin(site) {
    try {
      var url = new URL(site);
      var near = url.hostname === "localhost" || url.hostname === "127.0.0.1";
      return url.protocol === "https:" || (near && url.protocol === "http:") ? url.origin : null;
    } catch (error) {
      return null;
    }
  }

  if (!customElements.get("demur-assistant")) {
    customElements.define("demur-assistant", DemurAssistant);
  }
}());
