using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace HoloZero.Fuzz.Mutation;

/// <summary>Varies JSON as a tree: values replaced, removed, repeated, taken from elsewhere; keys renamed or there twice.</summary>
internal static class JsonMutator
{
    // Written as they stand, since a tree cannot hold all of them.
    private static readonly string[] Values =
    [
        "null", "true", "false", "-1", "0", "1", "2", "3", "27", "64", "64.0", "0.5", "-0.0", "1e400", "-1e-400", "65536", "65537",
        "2147483647", "2147483648", "-2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "\"\"", "\"a\"", "\"64\"", "\"zero\"", "\"float32\"", "\"F32\"", "\"F16\"", "\"F64\"", "\"U8\"", "\"BOOL\"", "\"batch\"",
        "\"-1\"", "\".\"", "\"..\"", "\"../x\"", "\"/etc/hostname\"", "\"a/b\"", "\"\\u0000\"", "\"a\\u0000b\"", "\"\\u001b[31m\"",
        "\"line\\nbreak\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u202e\"", "\"\\ufffd\"", $"\"{new string('x', 300)}\"",
        $"\"{new string('\u00e9', 9000)}\"", "[]", "{}", "[[]]", "[null]", "{\"a\":null}", "[1,2]", "[0,0]",
        "[9223372036854775807,9223372036854775807]", new string('[', 70) + new string(']', 70), "tru", "\"", "01", "NaN", "{", "[1,]",
    ];

    private static readonly string[] Keys =
        ["", "a", "door", "__metadata__", "shape", "\\u0000", "\\u001b[31m", "\\ud800", new string('k', 300), new string('k', 9000)];

    private static readonly ByteMutator Bytes =
        new([.. Values.Concat([",", ":", "\"", "//", "/*", "\ufeff"]).Select(Encoding.UTF8.GetBytes)]);

    /// <inheritdoc cref="Mutator"/>
    public static byte[] Mutate(Random random, byte[] input, byte[] other)
    {
        if (random.Next(8) == 0) return Bytes.Mutate(random, input, other);
        try
        {
            return MutateTree(random, JsonNode.Parse(input), other);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // No tree any more: repeated keys, say, or half a text.
            return Bytes.Mutate(random, input, other);
        }
    }

    private static byte[] MutateTree(Random random, JsonNode? root, byte[] other)
    {
        var marks = new List<(string Mark, string Text)>();
        var nodes = Nodes(root).ToList();
        if (nodes.Count == 0) return Encoding.UTF8.GetBytes(Values[random.Next(Values.Length)]);
        switch (nodes[random.Next(nodes.Count)])
        {
            case JsonObject { Count: > 0 } parent:
                var key = parent.ElementAt(random.Next(parent.Count)).Key;
                var child = parent[key];
                switch (random.Next(6))
                {
                    case 0: parent.Remove(key); break;
                    case 1:
                        parent.Remove(key);
                        parent[Mark(AnyKey())] = child;
                        break;
                    case 2: parent[Mark(AnyKey())] = Mark(AnyValue()); break;
                    case 3: parent[Mark(JsonSerializer.Serialize(key))] = Mark(AnyValue()); break;
                    case 4: parent[key] = Other(); break;
                    default: parent[key] = Mark(AnyValue()); break;
                }
                break;
            case JsonArray { Count: > 0 } list:
                var at = random.Next(list.Count);
                switch (random.Next(4))
                {
                    case 0: list.RemoveAt(at); break;
                    case 1: list.Insert(at, list[at]?.DeepClone()); break;
                    case 2: list[at] = Other(); break;
                    default: list[at] = Mark(AnyValue()); break;
                }
                break;
            case JsonObject parent: parent[Mark(AnyKey())] = Mark(AnyValue()); break;
            case JsonArray list: list.Add(Mark(AnyValue())); break;
        }
        var text = new StringBuilder(root!.ToJsonString());
        foreach (var (mark, with) in marks) text.Replace($"\"{mark}\"", with);
        return Encoding.UTF8.GetBytes(text.ToString());

        string AnyKey() => $"\"{Keys[random.Next(Keys.Length)]}\"";
        string AnyValue() => Values[random.Next(Values.Length)];
        JsonNode? Other()
        {
            var from = Nodes(random.Next(2) == 0 ? root : Parse(other)).ToList();
            return from.Count == 0 ? null : from[random.Next(from.Count)].DeepClone();
        }
        string Mark(string replacement)
        {
            var mark = $"@{marks.Count}@";
            marks.Add((mark, replacement));
            return mark;
        }
    }

    private static IEnumerable<JsonNode> Nodes(JsonNode? node)
    {
        var children = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        return node is JsonObject or JsonArray ? children.SelectMany(Nodes).Prepend(node) : [];
    }

    private static JsonNode? Parse(byte[] json)
    {
        try
        {
            return JsonNode.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
