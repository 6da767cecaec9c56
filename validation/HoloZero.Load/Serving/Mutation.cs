using System.Text;

namespace HoloZero.Load.Serving;

/// <summary>Requests that nobody should send: sound ones, changed in a few places.</summary>
internal static class Mutation
{
    private static readonly (string Path, string Body)[] Sound =
    [
        ("/v1/completions", """{"prompt":"And God said, ","max_tokens":4,"temperature":0.8,"top_p":0.9,"seed":7,"stop":["z"]}"""),
        ("/v1/completions", """{"prompt":[65,110,100],"max_tokens":4,"n":2,"best_of":3,"echo":true,"logit_bias":{"65":-5,"257":1.5}}"""),
        ("/v1/completions", """{"prompt":["In","the"],"max_tokens":3,"stream":true,"stream_options":{"include_usage":true},"user":"a"}"""),
        ("/v1/completions", """{"prompt":"안녕\u0000","max_tokens":0,"echo":true,"logprobs":5,"presence_penalty":1,""" +
            """ "frequency_penalty":-1}"""),
        ("/v1/chat/completions", """{"messages":[{"role":"user","content":"And"},""" +
            """ {"role":"assistant","content":[{"type":"text","text":"a"}]}],"max_tokens":3,"logprobs":true,"top_logprobs":2,""" +
            """ "response_format":{"type":"text"}}"""),
        ("/v1/score", """{"input":"And God said","prefix_slots":0,"stream_bytes":5}"""),
        ("/v1/features", """{"input":[0,255,65]}"""),
        ("/v1/bytes?max_bytes=4&seed=3&temperature=0.5&stop=0a&top_k=5", "And God said, "),
    ];

    private static readonly string[] Pieces =
    [
        "null", "true", "false", "[]", "{}", "\"\"", "-1", "0", "1e999", "1.5", "99999999999999999999", "\"\\ud800\"", "\"\\u0000\"",
        "[[[[[[", "NaN", "\u202e", "\0", "😀", ",", ":", "\"", "[\"a\",1]", "\"prompt\":",
        "\"logit_bias\":{\"1\":100},", "{\"a\":{\"b\":[",
    ];

    /// <summary>Some request.</summary>
    public static (HttpMethod Method, string Path, byte[] Body, string ContentType) Next(Random random)
    {
        var (path, text) = Sound[random.Next(Sound.Length)];
        var body = new List<byte>(Encoding.UTF8.GetBytes(text));
        for (var changes = random.Next(1, 5); changes > 0; changes--) Change(body, random);
        if (random.Next(20) == 0) path = Changed(path, random);
        var method = random.Next(50) == 0 ? HttpMethod.Put : random.Next(50) == 0 ? HttpMethod.Get : HttpMethod.Post;
        return (method, path, [.. body], random.Next(30) == 0 ? "text/plain" : "application/json");
    }

    private static void Change(List<byte> body, Random random)
    {
        var place = random.Next(body.Count + 1);
        var length = Math.Min(random.Next(1, 12), body.Count - place);
        switch (random.Next(6))
        {
            case 0: body.RemoveRange(place, length); break;
            case 1: body.Insert(place, (byte)random.Next(256)); break;
            case 2 when place < body.Count: body[place] ^= (byte)(1 << random.Next(8)); break;
            case 3: body.InsertRange(place, body.GetRange(place, length)); break;
            case 4: body.RemoveRange(place, body.Count - place); break;
            default: Replace(body, random); break;
        }
    }

    /// <summary>Puts something else where a value stands, so that it is JSON still, more often than not.</summary>
    private static void Replace(List<byte> body, Random random)
    {
        var colons = Enumerable.Range(0, body.Count).Where(i => body[i] == ':').ToArray();
        var piece = Encoding.UTF8.GetBytes(Pieces[random.Next(Pieces.Length)]);
        if (colons.Length == 0)
        {
            body.InsertRange(random.Next(body.Count + 1), piece);
            return;
        }

        var start = colons[random.Next(colons.Length)] + 1;
        var end = start;
        while (end < body.Count && body[end] is not ((byte)',' or (byte)'}')) end++;
        body.RemoveRange(start, end - start);
        body.InsertRange(start, piece);
    }

    private static string Changed(string path, Random random)
    {
        var place = random.Next(1, path.Length);
        return path[..place] + (char)random.Next(33, 127) + path[(place + random.Next(2))..].Replace("#", "", StringComparison.Ordinal);
    }
}
