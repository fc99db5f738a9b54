// Before anything is drawn: say that scripts run, so that steps wait for their pictures; take it back if one fails.
{
  const root = document.documentElement;
  root.classList.add("js");
  window.addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLScriptElement) root.classList.remove("js");
    },
    true,
  );
}
