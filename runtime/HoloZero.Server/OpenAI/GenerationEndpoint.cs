using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using HoloZero.Runtime;

namespace HoloZero.Server;

/// <summary>Serves what both of OpenAI's protocols ask for, whole or in pieces. Thread-safe.</summary>
internal sealed partial class GenerationEndpoint(ModelCatalog models, ServerOptions options, TimeProvider clock,
    ILogger<GenerationEndpoint> logger)
{
    private const string SeedHeader = "x-holozero-seed";

    /// <summary>Pieces that wait for a slow connection before the generations wait, too.</summary>
    private const int PiecesAhead = 64;

    /// <summary>Serves <c>POST /v1/completions</c>.</summary>
    public Task CompleteAsync(HttpContext context) => ServeAsync(context, new CompletionFormat(), CompletionRequest.Read);

    /// <summary>Serves <c>POST /v1/chat/completions</c>.</summary>
    public Task ChatAsync(HttpContext context) => ServeAsync(context, new ChatFormat(), ChatRequest.Read);

    private async Task ServeAsync(HttpContext context, IAnswerFormat format,
        Func<JsonElement, ModelCatalog, ServerOptions, GenerationRequest> read)
    {
        var cancellation = context.RequestAborted;
        GenerationRequest request;
        using (var body = await Json.ReadAsync(context.Request, cancellation)) request = read(body.RootElement, models, options);
        var model = await request.Model.ReadyAsync(cancellation);
        var (stream, slots, kept) = request.Window;
        request = request with { Options = request.Options with { Window = request.Model.WindowOf(model).With(stream, slots, kept) } };
        var echoes = await EchoesAsync(request, cancellation);
        if (request.Options.Sampling.Seed is { } seed)
            context.Response.Headers[SeedHeader] = unchecked((long)seed).ToString(CultureInfo.InvariantCulture);
        var head = AnswerHead.New(format.IdPrefix, request.Model.Name, ServedModel.Fingerprint(model), clock);
        await using var candidates = await Candidates.StartAsync(request, cancellation);
        if (request.Stream) await StreamAsync(context, format, request, head, echoes, candidates);
        else await AnswerAsync(context, format, request, head, echoes, candidates);
    }

    /// <summary>What was expected at each byte of the prompts, where they are part of the answer and probabilities are asked for.</summary>
    private static async Task<IReadOnlyList<IReadOnlyList<BytePrediction>>?> EchoesAsync(GenerationRequest request,
        CancellationToken cancellation)
    {
        if (!request.Echo || request.Logprobs is not { } likeliest) return null;
        return await request.Model.ScoreAsync<IReadOnlyList<IReadOnlyList<BytePrediction>>>(model =>
            [.. request.Prompts.Select(prompt => prompt.Length == 0 ? [] : Scoring.Predict(model, prompt, likeliest, cancellation))],
            cancellation);
    }

    private async Task AnswerAsync(HttpContext context, IAnswerFormat format, GenerationRequest request, AnswerHead head,
        IReadOnlyList<IReadOnlyList<BytePrediction>>? echoes, Candidates candidates)
    {
        var tells = request.Logprobs is not null;
        var choices = new Dictionary<Candidate, (Choice Choice, List<ChoicePiece> Pieces)>();
        foreach (var candidate in candidates.All)
        {
            var choice = new Choice(tells);
            choices[candidate] = (choice, request.Echo ? [choice.Echo(request.Prompts[candidate.Prompt], echoes?[candidate.Prompt])] : []);
        }

        await candidates.ReadAsync((candidate, chunk) =>
        {
            var (choice, pieces) = choices[candidate];
            pieces.Add(choice.Append(chunk));
            return ValueTask.CompletedTask;
        });
        var usage = Usage.Of(request, candidates.All);
        // Of those that write nothing there is nothing to prefer.
        var best = candidates.All.GroupBy(candidate => candidate.Prompt).SelectMany(prompt => request.BestOf == request.N ? prompt
            : prompt.OrderByDescending(candidate => choices[candidate].Choice is { Bytes: > 0 and var bytes } choice
                ? choice.Logprob / bytes : double.NegativeInfinity).Take(request.N)).ToList();
        foreach (var candidate in best) LogContentOf(context, request, candidate.Prompt, choices[candidate].Pieces);
        await Json.WriteAsync(context.Response, json => Answer.Write(json, head, format.Whole, writer =>
        {
            for (var index = 0; index < best.Count; index++)
                format.WriteWhole(writer, index, choices[best[index]].Pieces, tells, best[index].Finish!.Reason);
        }, usage), context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context, IAnswerFormat format, GenerationRequest request, AnswerHead head,
        IReadOnlyList<IReadOnlyList<BytePrediction>>? echoes, Candidates candidates)
    {
        using var events = new EventStream(context.Response);
        await events.BeginAsync(context.RequestAborted);
        try
        {
            foreach (var candidate in candidates.All) WriteBeginning(candidate);
            await events.FlushAsync(context.RequestAborted);
            await PassOnAsync();
            if (request.IncludeUsage)
                events.Write(json => Answer.Write(json, head, format.Piece, _ => { }, Usage.Of(request, candidates.All)));
            events.WriteDone();
            await events.FlushAsync(context.RequestAborted);
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested || ErrorMapping.TimedOut(context))
        {
            // The head says 200 already: what went wrong is an event.
            var error = ErrorMapping.Of(e, context, options.RetryAfterSeconds);
            if (ErrorMapping.IsFault(error)) LogFault(context.TraceIdentifier, e);
            events.Write(json => ErrorMiddleware.Write(json, error));
            await events.FlushAsync(CancellationToken.None);
        }

        void WriteBeginning(Candidate candidate)
        {
            if (!format.HasBeginning) return;
            Piece(json => format.WriteBeginning(json, Index(candidate)));
        }

        void Piece(Action<Utf8JsonWriter> choice) =>
            events.Write(json => Answer.Write(json, head, format.Piece, choice, usage: null, saysUsage: request.IncludeUsage));

        int Index(Candidate candidate) => candidate.Prompt * request.N + candidate.Number;

        async Task PassOnAsync()
        {
            var tells = request.Logprobs is not null;
            // A generation waits with its state and a few pieces, however slow the reader is.
            var pieces = Channel.CreateBounded<StreamedPiece?>(
                new BoundedChannelOptions(PiecesAhead) { SingleReader = true, AllowSynchronousContinuations = true });
            var reading = ReadAsync(pieces.Writer);
            await using var heartbeat = clock.CreateTimer(_ => pieces.Writer.TryWrite(null), null, options.Heartbeat, options.Heartbeat);
            while (await pieces.Reader.WaitToReadAsync(context.RequestAborted))
            {
                while (pieces.Reader.TryRead(out var piece))
                {
                    if (piece is { } next)
                        Piece(json => format.WritePiece(json, Index(next.Candidate), next.Piece, tells, next.Finish?.Reason));
                    else events.WriteHeartbeat();
                }

                await events.FlushAsync(context.RequestAborted);
            }

            await reading;
        }

        async Task ReadAsync(ChannelWriter<StreamedPiece?> output)
        {
            var tells = request.Logprobs is not null;
            var choices = candidates.All.ToDictionary(candidate => candidate, _ => new Choice(tells));
            var logged = options.LogContent ? candidates.All.ToDictionary(candidate => candidate, _ => new List<ChoicePiece>()) : null;
            try
            {
                if (request.Echo)
                {
                    foreach (var candidate in candidates.All)
                    {
                        var echo = choices[candidate].Echo(request.Prompts[candidate.Prompt], echoes?[candidate.Prompt]);
                        await output.WriteAsync(new(candidate, echo, null), candidates.Ended);
                    }
                }

                await candidates.ReadAsync(async (candidate, chunk) =>
                {
                    var piece = choices[candidate].Append(chunk);
                    logged?[candidate].Add(piece);
                    // A piece of a character says nothing yet.
                    if (piece.Text.Length > 0 || piece.Told.Count > 0 || chunk.Finish is not null)
                        await output.WriteAsync(new(candidate, piece, chunk.Finish), candidates.Ended);
                });
                foreach (var (candidate, written) in logged ?? []) LogContentOf(context, request, candidate.Prompt, written);
                output.TryComplete();
            }
            catch (Exception e)
            {
                output.TryComplete(e);
            }
        }
    }

    private void LogContentOf(HttpContext context, GenerationRequest request, int prompt, IEnumerable<ChoicePiece> pieces)
    {
        if (!options.LogContent) return;
        LogContent(context.TraceIdentifier, Encoding.UTF8.GetString(request.Prompts[prompt]),
            string.Concat(pieces.Select(piece => piece.Text)));
    }

    [LoggerMessage(1, LogLevel.Information, "{RequestId}: prompt {Prompt} continued by {Text}")]
    private partial void LogContent(string requestId, string prompt, string text);

    [LoggerMessage(2, LogLevel.Error, "{RequestId}: failed")]
    private partial void LogFault(string requestId, Exception exception);

    private readonly record struct StreamedPiece(Candidate Candidate, ChoicePiece Piece, GenerationFinish? Finish);
}
