// A window as what it is: a picture, a sound, a caption, and which byte is what. All of it comes from the server.
import { colour, components } from "./colours.js";

/** Seconds for which a sound of some milliseconds is repeated, so that it can be heard. */
const HEARD = 1;
const FULL = 32_768;

export class WindowView {
    #root;
    #shown = null;
    #playing = null;

    /** @param {HTMLElement} root filled from the page's template */
    constructor(root) {
        this.#root = root;
        root.append(document.getElementById("window-template").content.cloneNode(true));
        this.#part("play").addEventListener("click", () => this.#play());
        document.documentElement.addEventListener("themechange", () => this.#draw());
    }

    /** @param {object | null} shown what POST /v1/window/show answers; null shows nothing */
    show(shown) {
        this.#stop();
        this.#shown = shown;
        this.#root.hidden = shown === null;
        if (shown === null) return;
        const { picture, sound, caption } = shown;
        this.#part("picture").setAttribute("aria-label", `Picture: ${picture.width} by ${picture.height} grey levels, `
            + `${Math.min(...picture.levels)} to ${Math.max(...picture.levels)}`);
        const peak = Math.max(...sound.samples.map(Math.abs)) / FULL;
        const length = `${(sound.length / sound.samples_per_second * 1000).toFixed(0)} ms`;
        this.#part("sound").setAttribute("aria-label", peak === 0 ? `Sound: ${length} of silence`
            : `Sound: ${length}, ${sound.length} samples, at most ${(peak * 100).toFixed(0)} % of full scale`);
        this.#part("play").disabled = peak === 0;
        this.#part("caption").textContent = caption.text;
        this.#part("no-caption").hidden = caption.text !== "";
        this.#part("unmarked").hidden = shown.has_marks;
        this.#part("places").replaceChildren(...places(shown).map(row));
        this.#draw();
    }

    #part(name) {
        return this.#root.querySelector(`[data-part=${name}]`);
    }

    #draw() {
        if (this.#shown === null) return;
        drawPicture(this.#part("picture"), this.#shown.picture);
        drawSound(this.#part("sound"), this.#shown.sound.samples);
    }

    #play() {
        this.#stop();
        const { samples, samples_per_second: rate } = this.#shown.sound;
        const audio = new AudioContext();
        const buffer = audio.createBuffer(1, samples.length, rate);
        buffer.getChannelData(0).set(samples.map(sample => sample / FULL));
        const source = audio.createBufferSource();
        Object.assign(source, { buffer, loop: true });
        source.connect(audio.destination);
        source.start();
        source.stop(audio.currentTime + HEARD);
        source.addEventListener("ended", () => audio.close());
        this.#playing = source;
    }

    #stop() {
        this.#playing?.stop();
        this.#playing = null;
    }
}

/** What lies where, from the first byte to the last: [{ start, length, name }]. */
export function places({ picture, sound, caption, marks }) {
    const named = [
        { ...picture, name: `picture, ${picture.width} x ${picture.height} grey levels row by row` },
        { ...sound, name: `sound, a mu-law byte a sample, ${sound.samples_per_second.toLocaleString("en")} a second` },
        { ...caption, name: "caption, UTF-8 padded with spaces" },
        ...marks.map(({ start, expected, found }) =>
            ({ start, length: 1, name: `mark ${expected}${found === expected ? "" : `, but here is ${found}`}` })),
    ];
    return named.map(({ start, length, name }) => ({ start, length, name })).sort((a, b) => a.start - b.start);
}

function row({ start, length, name }) {
    const line = document.createElement("tr");
    const place = document.createElement("th");
    place.scope = "row";
    place.textContent = length === 1 ? String(start) : `${start}–${start + length - 1}`;
    const what = document.createElement("td");
    what.textContent = name;
    line.append(place, what);
    return line;
}

function drawPicture(canvas, { width, height, levels }) {
    [canvas.width, canvas.height] = [width, height];
    const image = new ImageData(width, height);
    for (const [i, level] of levels.entries()) image.data.set([level, level, level, 255], 4 * i);
    canvas.getContext("2d").putImageData(image, 0, 0);
}

function drawSound(canvas, samples) {
    const context = canvas.getContext("2d");
    const { width, height } = canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = `rgb(${components("--rule").join(" ")})`;
    context.fillRect(0, height / 2 - 0.5, width, 1);
    context.strokeStyle = colour("--accent");
    context.lineWidth = 2;
    context.beginPath();
    for (const [i, sample] of samples.entries()) {
        const at = [(i + 0.5) / samples.length * width, height / 2 * (1 - sample / FULL * 0.96)];
        if (i === 0) context.moveTo(...at);
        else context.lineTo(...at);
    }
    context.stroke();
}
