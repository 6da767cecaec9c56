// Bytes are the truth: what they are called, how they are drawn, where a UTF-8 character begins and ends.

/** The seven classes in which bytes are coloured. The mark is a shape, so that colour never speaks alone. */
export const CLASSES = [
    { name: "letter", mark: "disc" },
    { name: "digit", mark: "square" },
    { name: "punctuation", mark: "diamond" },
    { name: "128 and above", mark: "ring" },
    { name: "space", mark: "star" },
    { name: "newline", mark: "triangle" },
    { name: "control", mark: "cross" },
];

/** Index into CLASSES. Tab counts as space, CR and LF as newline. */
export function classOf(byte) {
    if (byte >= 0x80) return 3;
    if (byte === 0x20 || byte === 0x09) return 4;
    if (byte === 0x0a || byte === 0x0d) return 5;
    if (byte < 0x20 || byte === 0x7f) return 6;
    if (byte >= 0x30 && byte <= 0x39) return 1;
    return (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a ? 0 : 2;
}

/** Two hexadecimal digits. */
export const hex = byte => byte.toString(16).padStart(2, "0");

export const isPrintable = byte => byte > 0x20 && byte < 0x7f;

const ESCAPES = new Map([[0x09, "\\t"], [0x0a, "\\n"], [0x0d, "\\r"]]);

/** What stands for one byte where it is drawn alone: itself, an escape, or its hexadecimal digits. */
export function glyph(byte) {
    if (isPrintable(byte)) return String.fromCharCode(byte);
    return byte === 0x20 ? " " : ESCAPES.get(byte) ?? hex(byte);
}

const PUNCTUATION = "exclamation mark,quotation mark,number sign,dollar,percent,ampersand,apostrophe,left parenthesis,right parenthesis,"
    + "asterisk,plus,comma,hyphen,full stop,slash,colon,semicolon,less than,equals,greater than,question mark,at sign,left bracket,"
    + "backslash,right bracket,caret,underscore,backtick,left brace,vertical bar,right brace,tilde";

const NAMES = new Map([[0x00, "NUL"], [0x09, "tab"], [0x0a, "newline"], [0x0d, "carriage return"], [0x1b, "escape"], [0x20, "space"],
    [0x7f, "delete"], ...PUNCTUATION.split(",").map((name, i) => ["!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".charCodeAt(i), name])]);

/** A byte in words, for readouts and screen readers. */
export function describe(byte) {
    const name = NAMES.get(byte) ?? (isPrintable(byte) ? String.fromCharCode(byte) : CLASSES[classOf(byte)].name);
    return `${name}, 0x${hex(byte)}, ${byte}`;
}

/** Length of the UTF-8 character that begins at i, as RFC 3629 has it; 0 where none does or where it is cut off. */
export function characterLength(bytes, i, end = bytes.length) {
    const lead = bytes[i];
    if (lead < 0x80) return 1;
    const length = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
    if (length === 0 || i + length > end) return 0;
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (bytes[i + 1] < low || bytes[i + 1] > high) return 0;
    for (let k = 2; k < length; k++) {
        if ((bytes[i + k] & 0xc0) !== 0x80) return 0;
    }
    return length;
}

/** The character that the byte at i belongs to: where it starts and how long it is; length 0 where the byte belongs to none. */
export function characterAround(bytes, i, end = bytes.length) {
    let start = i;
    while (start > 0 && i - start < 3 && (bytes[start] & 0xc0) === 0x80) start--;
    const length = characterLength(bytes, start, end);
    return start + length > i ? { start, length } : { start: i, length: 0 };
}

/** Whether i is inside a character that more bytes may still complete. */
export function isUnfinished(bytes, i, end = bytes.length) {
    const lead = bytes[i];
    const length = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc2 && lead < 0xe0 ? 2 : 1;
    if (i + length <= end) return false;
    const padded = new Uint8Array(length).fill(lead === 0xe0 || lead === 0xf0 ? 0xbf : 0x80);
    for (let k = 0; i + k < end; k++) padded[k] = bytes[i + k];
    if (lead === 0xf0 && end - i === 1) padded[1] = 0x90;
    return characterLength(padded, 0) === length;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Runs of text and single bytes that are none: [{ text } | { byte }]. */
export function pieces(bytes, start = 0, end = bytes.length) {
    const found = [];
    let run = start;
    const flush = until => {
        if (until > run) found.push({ text: decoder.decode(bytes.subarray(run, until)) });
    };
    for (let i = start; i < end;) {
        const length = characterLength(bytes, i, end);
        if (length > 0 && !(length === 1 && classOf(bytes[i]) === 6) && bytes[i] !== 0x0d) {
            i += length;
            continue;
        }
        flush(i);
        found.push({ byte: bytes[i] });
        run = ++i;
    }
    flush(end);
    return found;
}

/** The text that a text field can hold and give back as the same bytes; null where there is none (NUL, CR, broken UTF-8). */
export function editableText(bytes) {
    const parts = pieces(bytes);
    return parts.some(part => part.byte !== undefined) ? null : parts.map(part => part.text).join("");
}

/** Hexadecimal, 16 bytes a line. */
export function toHex(bytes) {
    const lines = [];
    for (let i = 0; i < bytes.length; i += 16) lines.push(Array.from(bytes.subarray(i, i + 16), hex).join(" "));
    return lines.join("\n");
}

/** Bytes of hexadecimal digits, with spaces between bytes wherever one likes. Throws an Error that says what is wrong. */
export function fromHex(text) {
    const bytes = [];
    for (const word of text.split(/[\s,]+/).filter(Boolean)) {
        if (!/^[0-9a-f]*$/i.test(word)) throw new Error(`“${word.slice(0, 12)}” is not hexadecimal: use 0-9 and a-f.`);
        if (word.length % 2 === 1) throw new Error(`“${word.slice(0, 12)}” has an odd number of digits: two make a byte.`);
        for (let i = 0; i < word.length; i += 2) bytes.push(Number.parseInt(word.slice(i, i + 2), 16));
    }
    return Uint8Array.from(bytes);
}

/** One array after the other. */
export function concat(...parts) {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        all.set(part, at);
        at += part.length;
    }
    return all;
}
