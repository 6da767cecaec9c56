// Runs before the first paint, so that a chosen theme does not flash. A choice is kept in this browser alone.
(() => {
    "use strict";
    const root = document.documentElement;
    let chosen = "auto";
    try {
        chosen = localStorage.getItem("theme") ?? "auto";
    } catch { /* Storage may be forbidden; then the choice lasts as long as the page. */ }
    root.dataset.theme = chosen;
    document.addEventListener("DOMContentLoaded", () => {
        const select = document.getElementById("theme");
        select.value = chosen;
        select.addEventListener("change", () => {
            root.dataset.theme = select.value;
            try {
                localStorage.setItem("theme", select.value);
            } catch { /* As above. */ }
            root.dispatchEvent(new Event("themechange"));
        });
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => root.dispatchEvent(new Event("themechange")));
})();
