// Sets the theme and the colours that were chosen last before the first paint, so that the window does not flash.
{
  const chosen = localStorage.getItem("enerlink.theme");
  const light = matchMedia("(prefers-color-scheme: light)").matches;
  const theme = chosen === "light" || chosen === "dark" ? chosen : light ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.palette = localStorage.getItem("enerlink.palette") === "safe" ? "safe" : "usual";
}
