// The curl line beside the settings, kept up to date with them.
import { bytesLine, completionsLine } from "./curl.js";
import { bytesQuery, completionBody } from "./settings.js";

const LONGEST = 8 * 1024;

/** The line and what is to be said of it; line is null where the prompt is too long for one. */
export function shellLine(kind, origin, prompt, settings, withKey) {
    const key = withKey ? " The key is read from the variable HOLOZERO_API_KEY: the page never writes it down." : "";
    if (prompt.length > LONGEST) {
        const line = bytesLine(origin, new Uint8Array(), bytesQuery(settings), withKey).replace(/^printf '' \|\n\s*/, "").replace("@-", "@prompt.bin");
        return { line, words: `This prompt is too long for a line: save its bytes as prompt.bin first.${key}` };
    }
    if (kind === "completions") {
        return {
            line: completionsLine(origin, completionBody(settings, prompt, { stream: true }), withKey),
            words: `What this page sends. The prompt goes as the numbers of its bytes, so nothing is lost.${key}`,
        };
    }
    return {
        line: bytesLine(origin, prompt, bytesQuery(settings), withKey),
        words: `Raw bytes in, raw bytes out: what it prints is what the page shows, byte for byte.${key}`,
    };
}
