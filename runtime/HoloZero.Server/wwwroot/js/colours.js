// The theme's colours for canvases, which cannot read custom properties themselves.

let probe = null;

/** The computed colour of a custom property, as rgb(...). */
export function colour(property) {
    if (probe === null) {
        probe = document.createElement("span");
        probe.hidden = true;
        document.body.append(probe);
    }
    probe.style.setProperty("color", `var(${property})`);
    return getComputedStyle(probe).color;
}

/** The same as three numbers from 0 to 255. */
export const components = property => colour(property).match(/[\d.]+/g).slice(0, 3).map(Number);

/** Between two colours of three numbers: t from 0 to 1. */
export const mix = (a, b, t) => `rgb(${a.map((value, i) => Math.round(value + (b[i] - value) * t)).join(" ")})`;
