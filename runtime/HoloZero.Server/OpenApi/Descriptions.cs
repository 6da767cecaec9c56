namespace HoloZero.Server;

/// <summary>What is told of each endpoint.</summary>
internal static class Descriptions
{
    private const string Raw = BytesEndpoint.MediaType;

    private static readonly DescribedField Model = new("model", "string", "One of GET /v1/models; the first where it is left out");

    private static readonly DescribedField[] Sampling =
    [
        new("temperature", "number", "0 to 2, default 1; 0 takes the likeliest byte"),
        new("top_p", "number", "Above 0 to 1: draw from the likeliest bytes that sum to this"),
        new("top_k", "integer", "1 to 258: draw from so many of the likeliest; 0 and -1 are off"),
        new("min_p", "number", "0 to 1: draw from those with at least this fraction of the greatest probability"),
        new("repetition_penalty", "number", "0.01 to 100; above 1 discourages bytes of the last 64, the prompt's among them"),
        new("presence_penalty", "number", "-2 to 2, for bytes that were generated already"),
        new("frequency_penalty", "number", "-2 to 2, for each time that a byte was generated"),
        new("logit_bias", "object", "-100 to 100 by byte, \"0\" to \"255\", and \"257\", the end"),
        new("seed", "integer", "The same seed gives the same bytes; choice i of a prompt is drawn with seed + i"),
        new("stop", "string|array", "Text, or up to 4, that ends the answer and is no part of it"),
        new("n", "integer", "1 to 128 choices a prompt"),
        new("stream", "boolean", "Whether the answer comes as server-sent events"),
        new("stream_options", "object", "include_usage: whether the stream ends with what was used"),
        new("user", "string", "Taken and ignored"),
    ];

    private static readonly DescribedField[] Windowing =
    [
        new("prefix_slots", "integer", "Slots of the prompt that are prefix; default all but the last 1 to K bytes"),
        new("stream_bytes", "integer", "Stream bytes kept before re-packing; default what the artifact was made for"),
        new("max_prefix_slots", "integer", "Prefix slots kept; default likewise"),
        new("kept_stream_bytes", "integer", "Stream bytes that stay when it is re-packed; default likewise"),
    ];

    private static readonly DescribedField Layout = new("layout", "string", "film (539 bytes, the default) or digits (402)");

    private static readonly DescribedField SlotRest =
        new("slot_rest", "string", "truncate (the default) or pad: what becomes of a window's last bytes where they fill no slot");

    private static readonly DescribedField[] Parts =
    [
        new("picture", DescribedField.File, "A PNG, JPEG, WebP, BMP or GIF; left out it is mid-grey"),
        new("sound", DescribedField.File, "A WAV, FLAC or MP3; left out it is silence"),
        new("at", "number", "Seconds into the sound where the window begins, default 0"),
        new("caption", "string", "UTF-8, cut to the caption's bytes, padded with spaces"),
    ];

    private const string PartsExample = """{"caption":"a bird"}""";

    private const string Usage = """ "usage":{"prompt_tokens":13,"completion_tokens":5,"total_tokens":18,"""
        + """ "prompt_tokens_details":{"cached_tokens":0}}""";

    /// <summary>POST /v1/completions.</summary>
    public static DescribedEndpoint Completions { get; } = new("Continues prompts",
    [
        Model,
        new("prompt", "string|array", "Text, an array of texts, bytes as whole numbers 0 to 255, or an array of those"),
        new("max_tokens", "integer", "Bytes at most, default 16; 0 with echo"),
        new("best_of", "integer", "Candidates a prompt, of which the n with the greatest mean log-probability are answered; not streamed"),
        new("echo", "boolean", "Whether the answer begins with the prompt"),
        new("logprobs", "integer", "0 to 5: tells each byte's log-probability and so many of the likeliest"),
        .. Sampling,
        .. Windowing,
        new("suffix", "string", "Not supported"),
    ], """{"model":"demo","prompt":"And God said, ","max_tokens":40,"temperature":0.8,"seed":7}""",
        """{"id":"cmpl-0f","object":"text_completion","created":1764320000,"model":"demo","system_fingerprint":"fp_0f_cpu",""" +
        """ "choices":[{"text":"Let t","index":0,"logprobs":null,"finish_reason":"length"}],""" + Usage + "}");

    /// <summary>POST /v1/chat/completions.</summary>
    public static DescribedEndpoint Chat { get; } = new(
        "Continues the text of messages, joined as the configuration says: the model knows no chat",
    [
        Model,
        new("messages", "array", "role (system, developer, user, assistant) and content (text, or parts of type text)"),
        new("max_tokens", "integer", "Bytes at most"),
        new("max_completion_tokens", "integer", "The same, and counts where both are given"),
        new("logprobs", "boolean", "Whether each byte's log-probability is told"),
        new("top_logprobs", "integer", "0 to 20 of the likeliest beside it"),
        .. Sampling,
    ], """{"model":"demo","messages":[{"role":"user","content":"And God said, "}],"max_tokens":40}""",
        """{"id":"chatcmpl-0f","object":"chat.completion","created":1764320000,"model":"demo","system_fingerprint":"fp_0f_cpu",""" +
        """ "choices":[{"index":0,"message":{"role":"assistant","content":"Let t","refusal":null},"logprobs":null,""" +
        """ "finish_reason":"length"}],""" + Usage + "}");

    /// <summary>POST /v1/bytes.</summary>
    public static DescribedEndpoint Bytes { get; } = new(
        "Continues raw bytes, or a window of a film, by raw bytes, in pieces as they come",
    [
        Model,
        new("max_bytes", "integer", "Bytes at most; required but after a window, where it is what makes the next one whole"),
        new("greedy", "boolean", "Take the likeliest byte"),
        new("temperature", "number", "Above 0, default 1"),
        new("top_k", "integer", "Draw from so many of the likeliest"),
        new("top_p", "number", "Draw from the likeliest that sum to this"),
        new("min_p", "number", "Draw from those with at least this fraction of the greatest probability"),
        new("repetition_penalty", "number", "Above 1 discourages bytes that came lately"),
        new("seed", "integer", "0 to 2^64 - 1"),
        new("ignore_eos", "boolean", "Never end before max_bytes"),
        new("stop", "string", "Bytes in hexadecimal that end it; may be repeated"),
        .. Windowing,
        Layout,
        SlotRest,
    ], null, "", Raw)
    {
        Form = [.. Parts, new("prompt", DescribedField.File, "First bytes of what follows the window; without one, the whole prompt")],
        FormExample = PartsExample,
    };

    /// <summary>POST /v1/window.</summary>
    public static DescribedEndpoint Window { get; } = new("Tells the bytes that a model reads of a picture, a sound and a caption",
        [Model, Layout], null, "", Raw)
    {
        TakesRaw = false,
        Form = Parts,
        FormExample = PartsExample,
    };

    /// <summary>POST /v1/window/show.</summary>
    public static DescribedEndpoint ShownWindow { get; } = new(
        "Takes the bytes of a window apart: picture, sound, caption, and what /v1/completions takes to go on after it",
        [Model, Layout, SlotRest], null,
        """{"object":"window","model":"demo","layout":"film","has_marks":true,""" +
        """ "picture":{"start":0,"length":256,"width":16,"height":16,"levels":[128],"png":"iVBORw0KGgo="},""" +
        """ "sound":{"start":257,"length":256,"samples_per_second":8000,"samples":[0],"wav":"UklGRg=="},""" +
        """ "caption":{"start":514,"length":24,"text":"a bird","bytes":[97]},""" +
        """ "marks":[{"start":256,"expected":254,"found":254}],""" +
        """ "continuation":{"begun":[128],"prompt":[128],"prefix_slots":67,"stream_bytes":540,"max_prefix_slots":67,"max_tokens":538}}""")
    {
        Takes = Raw,
    };

    /// <summary>POST /v1/score.</summary>
    public static DescribedEndpoint Score { get; } = new("Tells how well a model predicts a text",
    [
        Model,
        new("input", "string|array", "Text, or bytes as whole numbers 0 to 255"),
        new("prefix_slots", "integer", "Prefix slots before each stream, default 0, 24 in windows"),
        new("stream_bytes", "integer", "Cut the text into windows of this length; default whole up to 4,096 bytes, else 129"),
    ], """{"model":"demo","input":"And God said, Let there be light"}""",
        """{"object":"score","model":"demo","bits_per_byte":1.5,"bytes":31,"windows":1,"prefix_slots":0,"stream_bytes":32,""" +
        """ "logprob":-32.2}""");

    /// <summary>POST /v1/features.</summary>
    public static DescribedEndpoint Features { get; } = new("Tells what the model literally reads of bytes: 27 named numbers each",
    [
        Model,
        new("input", "string|array", "Text, or bytes as whole numbers 0 to 255: one run of 1 to 16,384"),
    ], """{"model":"demo","input":"And"}""",
        """{"object":"features","model":"demo","features":["dxor.0"],""" +
        """ "channels":[{"name":"dxor.0","group":"dxor","description":"bit 0 of the byte's Gray code, 0 the most significant"}],""" +
        """ "bytes":[65],"values":[[0]]}""");

    private const string Listed = """{"id":"demo","object":"model","created":1764320000,"owned_by":"holozero"}""";

    /// <summary>GET /v1/models.</summary>
    public static DescribedEndpoint Models { get; } = new("Lists the models", [], null, """{"object":"list","data":[""" + Listed + "]}");

    /// <summary>GET /v1/models/{id}.</summary>
    public static DescribedEndpoint OneModel { get; } = new("Tells of one model", [], null, Listed);
}
