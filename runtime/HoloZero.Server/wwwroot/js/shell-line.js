// The curl line beside the settings, kept up to date with them.
import { bytesLine, bytesLineOfFile, completionsLine } from "./curl.js";
import { bytesQuery, completionBody } from "./settings.js";

/** Bytes of a prompt that still make a line which one would copy. */
const LONGEST = 8 * 1024;

/** The line, and what is to be said of it. */
export function shellLine(kind, origin, prompt, settings, withKey) {
    const key = withKey ? " The key is read from the variable HOLOZERO_API_KEY: the page never writes it down." : "";
    const query = bytesQuery(settings);
    if (kind === "bytes" && query !== null && prompt.length > LONGEST) {
        const words = `This prompt is too long for a line: save its bytes first.${key}`;
        return { line: bytesLineOfFile(origin, "prompt.bin", query, withKey), words };
    }
    if (kind === "bytes" && query !== null) {
        const words = `Raw bytes in, raw bytes out: what it prints is what the page shows.${key}`;
        return { line: bytesLine(origin, prompt, query, withKey), words };
    }
    if (prompt.length > LONGEST) {
        return { line: "", words: "This prompt is too long for a line of this kind. Raw bytes can take it from a file." };
    }
    const why = kind === "bytes" ? "The endpoint for raw bytes has no penalties and no bias, so this is the other one: " : "";
    return {
        line: completionsLine(origin, completionBody(settings, prompt), withKey),
        words: `${why}${why ? "what" : "What"} this page sends. The prompt goes as the numbers of its bytes, so nothing is lost.${key}`,
    };
}
