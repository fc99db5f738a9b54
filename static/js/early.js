// Before anything is drawn: say that scripts run, so that steps wait for their pictures; take it back where one fails, so
// that the page is a plain form. Written for browsers that know nothing newer.
(function () {
  var root = document.documentElement;
  root.classList.add("js");

  function asPlainForm() {
    root.classList.remove("js");
  }

  window.addEventListener(
    "error",
    function (event) {
      var script = event.target && event.target.tagName === "SCRIPT";
      var ours = event.filename && event.filename.indexOf(location.origin + "/") === 0; // not a browser extension's
      if (script || (ours && document.readyState !== "complete")) asPlainForm();
    },
    true,
  );
  // A browser without modules reads none of the page's scripts.
  if (!("noModule" in HTMLScriptElement.prototype)) asPlainForm();
  // Back and forward show a page as it was left: it may be somebody else's by now, or answered.
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) location.reload();
  });
})();
