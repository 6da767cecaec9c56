// The same request for a POSIX shell. Bytes go through printf, which knows octal escapes in every shell; NUL included.

/** One word of a POSIX shell that means exactly this text. */
export const quote = text => `'${text.replaceAll("'", "'\\''")}'`;

/** A quoted printf format that prints exactly these bytes. */
export function printfFormat(bytes) {
    let format = "";
    for (const byte of bytes) {
        const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c && byte !== 0x25;
        format += plain ? String.fromCharCode(byte)
            : byte === 0x0a ? "\\n"
            : byte === 0x25 ? "%%"
            : byte === 0x5c ? "\\\\"
            : `\\${byte.toString(8).padStart(3, "0")}`;
    }
    // A format that begins with a hyphen would be taken for an option.
    if (format.startsWith("-")) format = `\\055${format.slice(1)}`;
    return `'${format}'`;
}

const KEY_HEADER = `-H "Authorization: Bearer $HOLOZERO_API_KEY"`;

/** A line for POST /v1/bytes: raw bytes in, raw bytes out. Query values are in the order given. */
export function bytesLine(origin, prompt, query, withKey) {
    return `printf ${printfFormat(prompt)} |\n  ${bytesLineOfFile(origin, "-", query, withKey)}`;
}

/** The same with the prompt in a file. */
export function bytesLineOfFile(origin, file, query, withKey) {
    return [`curl -sS --fail-with-body --data-binary @${file} -H 'Content-Type: application/octet-stream'`,
        ...withKey ? [KEY_HEADER] : [], quote(`${origin}/v1/bytes?${new URLSearchParams(query)}`)].join(" \\\n  ");
}

/** A line for POST /v1/completions: OpenAI's protocol, the prompt as the numbers of its bytes. */
export function completionsLine(origin, body, withKey) {
    return [`curl -sS --fail-with-body -N`, `-H 'Content-Type: application/json'`, ...withKey ? [KEY_HEADER] : [],
        `-d ${quote(JSON.stringify(body))}`, quote(`${origin}/v1/completions`)].join(" \\\n  ");
}
