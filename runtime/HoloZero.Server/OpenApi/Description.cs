using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace HoloZero.Server;

/// <summary>A field of a request, as the description tells it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Schema">JSON Schema of its value.</param>
/// <param name="Meaning">What it says.</param>
internal sealed record DescribedField(string Name, string Schema, string Meaning)
{
    /// <summary>The schema of a field of a form whose value is a file.</summary>
    public const string File = "file";
}

/// <summary>What an endpoint takes and gives, as the description tells it.</summary>
/// <param name="Summary">One line.</param>
/// <param name="Fields">Fields of the JSON body, or of the query where the request is not JSON.</param>
/// <param name="Request">An example body; null where it has none, or is not JSON.</param>
/// <param name="Answer">An example answer.</param>
/// <param name="Gives">The type of the answer.</param>
internal sealed record DescribedEndpoint(string Summary, IReadOnlyList<DescribedField> Fields, string? Request, string Answer,
    string Gives = DescribedEndpoint.Json)
{
    /// <summary>The type of JSON.</summary>
    public const string Json = "application/json";

    /// <summary>The type of the request's body.</summary>
    public string Takes { get; init; } = Gives;

    /// <summary>Whether the body may be of that type; otherwise it is a form alone.</summary>
    public bool TakesRaw { get; init; } = true;

    /// <summary>Fields of a form that the body may be instead.</summary>
    public IReadOnlyList<DescribedField> Form { get; init; } = [];

    /// <summary>An example of those fields that are no files.</summary>
    public string? FormExample { get; init; }
}

/// <summary>The interface in OpenAPI's terms: what endpoints read by hand is told by hand, and tests hold the two together.</summary>
internal static class Description
{
    private const string FormType = "multipart/form-data";

    private const string Errors = """{"error":{"message":"temperature is 3, allowed are 0 to 2","type":"invalid_request_error",""" +
        """ "param":"temperature","code":"out_of_range"}}""";

    /// <summary>Makes <c>/openapi/v1.json</c>.</summary>
    public static void AddDescription(this WebApplicationBuilder builder) => builder.Services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new()
            {
                Title = "HoloZero",
                Version = "1",
                Description = "Models of bytes behind OpenAI's protocol, and raw. A token is a byte. null is the default of every field; a "
                    + "field that is not listed is refused.",
            };
            // Where it listens says nothing about where callers find it.
            document.Servers?.Clear();
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            var endpoint = context.Description.ActionDescriptor.EndpointMetadata.OfType<DescribedEndpoint>().FirstOrDefault();
            if (endpoint is not null) Describe(operation, endpoint);
            return Task.CompletedTask;
        });
    });

    private static void Describe(OpenApiOperation operation, DescribedEndpoint endpoint)
    {
        operation.Summary = endpoint.Summary;
        var bodies = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal);
        var fieldsAreBody = endpoint.Takes == DescribedEndpoint.Json;
        if (!fieldsAreBody && endpoint.TakesRaw) bodies[endpoint.Takes] = Binary();
        if (endpoint.Request is not null) bodies[endpoint.Takes] = Example(endpoint.Request, Body(endpoint.Fields));
        if (endpoint.FormExample is not null) bodies[FormType] = Example(endpoint.FormExample, Body(endpoint.Form));
        if (bodies.Count > 0) operation.RequestBody = new OpenApiRequestBody { Content = bodies };
        if (!fieldsAreBody)
        {
            operation.Parameters = [.. endpoint.Fields.Select(field => new OpenApiParameter
            {
                Name = field.Name,
                In = ParameterLocation.Query,
                Description = field.Meaning,
                Schema = Schema(field),
            })];
        }

        operation.Responses = new OpenApiResponses
        {
            ["200"] = new OpenApiResponse
            {
                Description = "The answer",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    [endpoint.Gives] = endpoint.Gives == DescribedEndpoint.Json
                        ? Example(endpoint.Answer, new() { Type = JsonSchemaType.Object }) : Binary(),
                },
            },
            ["default"] = new OpenApiResponse
            {
                Description = "What is wrong: 400, 401, 404, 405, 413, 415, 429, 500, 503 or 504",
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    ["application/json"] = Example(Errors, new() { Type = JsonSchemaType.Object }),
                },
            },
        };
    }

    private static OpenApiMediaType Example(string json, OpenApiSchema schema) => new() { Schema = schema, Example = JsonNode.Parse(json) };

    private static OpenApiMediaType Binary() => new() { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } };

    private static OpenApiSchema Body(IEnumerable<DescribedField> fields) => new()
    {
        Type = JsonSchemaType.Object,
        AdditionalPropertiesAllowed = false,
        Properties = fields.ToDictionary(field => field.Name, field => (IOpenApiSchema)Schema(field), StringComparer.Ordinal),
    };

    /// <summary>One type, or several with a bar between them; every field may be null.</summary>
    private static OpenApiSchema Schema(DescribedField field)
    {
        if (field.Schema == DescribedField.File)
            return new() { Type = JsonSchemaType.String, Format = "binary", Description = field.Meaning };
        var type = JsonSchemaType.Null;
        foreach (var name in field.Schema.Split('|')) type |= Enum.Parse<JsonSchemaType>(name, ignoreCase: true);
        var schema = new OpenApiSchema { Type = type, Description = field.Meaning };
        if (type.HasFlag(JsonSchemaType.Array)) schema.Items = new OpenApiSchema();
        return schema;
    }
}
