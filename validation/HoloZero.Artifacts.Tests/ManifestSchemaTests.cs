using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using HoloZero.Testing;

namespace HoloZero.Artifacts.Tests;

/// <summary>docs/holozero.schema.json: what stands in a manifest, for people and other programs.</summary>
public sealed class ManifestSchemaTests
{
    private const string UpdateSwitch = "HOLOZERO_UPDATE_SCHEMA";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly string Published = Path.Combine(Repository.Root, "docs", "holozero.schema.json");

    private static readonly XDocument Comments = XDocument.Load(Path.ChangeExtension(typeof(ArtifactManifest).Assembly.Location, ".xml"));

    [Fact]
    public void The_schema_is_that_of_the_manifest_that_this_code_reads()
    {
        var actual = Schema().ToJsonString(Options).ReplaceLineEndings("\n") + "\n";
        if (Environment.GetEnvironmentVariable(UpdateSwitch) == "1") File.WriteAllText(Published, actual);
        if (UnifiedDiff.Between(File.ReadAllText(Published), actual) is { } diff)
        {
            Assert.Fail($"docs/holozero.schema.json is not what the code reads any more (- written, + built):\n{diff}\n"
                + $"If the change is meant: {UpdateSwitch}=1 dotnet test --project validation/HoloZero.Artifacts.Tests");
        }
    }

    [Fact]
    public void Every_field_is_described() => Assert.Empty(Undescribed(JsonNode.Parse(File.ReadAllText(Published))!, ""));

    [Theory]
    [InlineData("artifact")]
    [InlineData("fuzz")]
    public void Manifests_fit_it(string which)
    {
        var path = which == "artifact" ? Repository.Golden("artifact", ArtifactManifest.FileName)
            : Path.Combine(Repository.Root, "validation", "HoloZero.Fuzz", "corpus", "manifest", "tiny.json");
        Assert.Empty(Misfits(JsonNode.Parse(File.ReadAllText(path)), JsonNode.Parse(File.ReadAllText(Published))!, ""));
    }

    [Theory]
    [InlineData("""{"format": 1}""", "format_version")]
    [InlineData("""{"format": 1}""", "/format is no string")]
    [InlineData("""{"formats": 1}""", "/formats is unknown")]
    public void What_does_not_fit_is_seen(string json, string misfit) => Assert.Contains(
        Misfits(JsonNode.Parse(json), JsonNode.Parse(File.ReadAllText(Published))!, ""), line => line.Contains(misfit));

    private static JsonNode Schema()
    {
        var schema = Options.GetJsonSchemaAsNode(typeof(ArtifactManifest), new()
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) =>
            {
                // Of a type with a converter of its own the exporter knows nothing.
                if (context.TypeInfo.Type == typeof(IReadOnlyList<Dimension>))
                    node["items"] = new JsonObject { ["type"] = new JsonArray("integer", "string") };
                if (node is JsonObject item && Description(context) is { } description) item.Insert(0, "description", description);
                return node;
            },
        }).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", ArtifactManifest.FileName);
        return schema;
    }

    /// <summary>What the code's own comment says of a property, or of a record's parameter that became one.</summary>
    private static string? Description(JsonSchemaExporterContext context)
    {
        if (context.PropertyInfo is not { AttributeProvider: PropertyInfo property }) return null;
        var owner = property.DeclaringType!.FullName!.Replace('+', '.');
        var member = Comment($"P:{owner}.{property.Name}")?.Element("summary")
            ?? Comment($"T:{owner}")?.Elements("param").FirstOrDefault(item => item.Attribute("name")!.Value == property.Name);
        return member is null ? null : Regex.Replace(string.Concat(member.Nodes().Select(node => node is XElement element
            ? element.Attribute("cref")?.Value.Split('.')[^1] ?? element.Attribute("name")?.Value ?? element.Value
            : ((XText)node).Value)), @"\s+", " ").Trim();
    }

    private static XElement? Comment(string name) =>
        Comments.Descendants("member").FirstOrDefault(item => item.Attribute("name")!.Value == name);

    private static IEnumerable<string> Undescribed(JsonNode schema, string path)
    {
        foreach (var (name, property) in schema["properties"]?.AsObject() ?? [])
        {
            var inner = property!["items"] ?? property["additionalProperties"] ?? property;
            if (property["description"] is null) yield return $"{path}/{name}";
            foreach (var found in Undescribed(inner, $"{path}/{name}")) yield return found;
        }
    }

    /// <summary>Of JSON Schema what this one uses.</summary>
    private static IEnumerable<string> Misfits(JsonNode? value, JsonNode schema, string path)
    {
        if (schema is not JsonObject) yield break;
        if (schema["$ref"]?.GetValue<string>() is { } reference)
        {
            schema = JsonNode.Parse(File.ReadAllText(Published))!;
            foreach (var part in reference.Split('/').Skip(1)) schema = schema[part]!;
        }

        string[] types = schema["type"] switch
        {
            null => [],
            JsonArray several => [.. several.Select(type => type!.GetValue<string>())],
            var one => [one.GetValue<string>()],
        };
        var kind = value?.GetValueKind() switch
        {
            null => "null",
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "boolean",
        };
        if (types.Length > 0 && !types.Contains(kind) && !(kind == "number" && types.Contains("integer")))
            yield return $"{path} is no {string.Join(" or ", types)}";
        if (value is JsonArray items && schema["items"] is { } item)
        {
            foreach (var found in items.SelectMany((element, i) => Misfits(element, item, $"{path}/{i}"))) yield return found;
        }

        if (value is not JsonObject members) yield break;
        foreach (var name in (schema["required"]?.AsArray() ?? []).Select(name => name!.GetValue<string>()))
        {
            if (!members.ContainsKey(name)) yield return $"{path} lacks {name}";
        }

        foreach (var (name, member) in members)
        {
            if (schema["properties"]?[name] is { } known)
            {
                foreach (var found in Misfits(member, known, $"{path}/{name}")) yield return found;
            }
            else if (schema["additionalProperties"] is { } any)
            {
                foreach (var found in Misfits(member, any, $"{path}/{name}")) yield return found;
            }
            else yield return $"{path}/{name} is unknown";
        }
    }
}
