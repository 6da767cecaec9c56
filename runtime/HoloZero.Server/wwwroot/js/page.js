// What every part of the page does with its elements.

export const element = id => document.getElementById(id);

/** Shows words where a problem is told, or nothing at all where they are null. */
export function problem(id, words) {
    element(id).hidden = words === null;
    element(id).textContent = words ?? "";
}
