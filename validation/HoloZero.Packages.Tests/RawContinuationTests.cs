using System.Runtime.CompilerServices;
using System.Text;
using HoloZero.Artifacts;
using HoloZero.Extensions.AI;
using HoloZero.Runtime;
using Microsoft.Extensions.AI;

namespace HoloZero.Packages.Tests;

/// <summary>A generator as an IChatClient.</summary>
public sealed class RawContinuationTests(Packages packages)
{
    private static string Last(IEnumerable<ChatMessage> messages) => messages.Last().Text;

    [Fact]
    public async Task An_answer_is_what_the_generator_continues()
    {
        using var model = HoloZeroModel.Load(packages.Model);
        await using var generator = new ByteGenerator(model);
        using var client = new RawContinuationChatClient(generator, Last, "tiny");
        var options = new ChatOptions { MaxOutputTokens = 60, Temperature = 0.8f, Seed = 7 };
        var expected = new GenerationOptions { MaxBytes = 60, Sampling = new() { Temperature = 0.8f, Seed = 7 } };
        var text = string.Concat(await generator.GenerateAsync(Encoding.UTF8.GetBytes(Generated.Prompt), expected, Shell.Token)
            .ToTextAsync(Shell.Token).ToListAsync(Shell.Token));

        var answer = await client.GetResponseAsync(Generated.Prompt, options, Shell.Token);
        Assert.Equal((text, ChatFinishReason.Length, "tiny"), (answer.Text, answer.FinishReason, answer.ModelId));
        Assert.Equal((Generated.Prompt.Length, 60L), (answer.Usage!.InputTokenCount, answer.Usage.OutputTokenCount));
        var updates = await client.GetStreamingResponseAsync(Generated.Prompt, options, Shell.Token).ToListAsync(Shell.Token);
        Assert.Equal(text, string.Concat(updates.Select(update => update.Text)));
        Assert.All(updates, update => Assert.Equal(ChatRole.Assistant, update.Role));
    }

    [Fact]
    public async Task Options_and_messages_come_to_the_generator_as_they_are()
    {
        var fake = new Fake();
        using var client = new RawContinuationChatClient(fake, messages => string.Join('|', messages.Select(m => $"{m.Role}:{m.Text}")))
        {
            DefaultMaxBytes = 12,
        };
        await client.GetResponseAsync([new(ChatRole.System, "a"), new(ChatRole.User, "é")], cancellationToken: Shell.Token);
        Assert.Equal(("system:a|user:é", 12L, false), (fake.Prompt, fake.Options!.MaxBytes, fake.Options.Sampling.Greedy));
        await client.GetResponseAsync("b", new()
        {
            Temperature = 0,
            StopSequences = ["."],
            TopP = 0.5f,
            TopK = 3,
            Seed = 1,
            PresencePenalty = 1,
            FrequencyPenalty = 2,
        }, Shell.Token);
        Assert.True(fake.Options!.Sampling.Greedy);
        Assert.Equal((".", 1.0, 2.0), (Encoding.UTF8.GetString(fake.Options.Stop[0].Span), fake.Options.Sampling.PresencePenalty,
            fake.Options.Sampling.FrequencyPenalty));
        fake.Options.Validate();
        await client.GetResponseAsync("b", new() { TopP = 0.5f, TopK = 3, Seed = 1 }, Shell.Token);
        Assert.Equal((0.5, 3, 1ul), (fake.Options!.Sampling.TopP, fake.Options.Sampling.TopK, fake.Options.Sampling.Seed));
    }

    [Fact]
    public void What_the_model_cannot_do_is_refused_by_name()
    {
        using var client = new RawContinuationChatClient(new Fake(), Last, "tiny");
        foreach (var (options, name) in ((ChatOptions, string)[])[
            (new() { Tools = [AIFunctionFactory.Create(() => 1)] }, "Tools"),
            (new() { ResponseFormat = ChatResponseFormat.Json }, "ResponseFormat"),
            (new() { Instructions = "be kind" }, "Instructions"),
            (new() { ConversationId = "1" }, "ConversationId"),
            (new() { ModelId = "other" }, "ModelId")])
        {
            var error = Assert.Throws<BadInputException>(() => { client.GetStreamingResponseAsync("a", options); });
            Assert.Equal(name, error.Where);
        }
    }

    [Fact]
    public void What_is_no_text_is_refused_and_never_left_out()
    {
        using var client = new RawContinuationChatClient(new Fake(), Last, "tiny");
        var picture = new ChatMessage(ChatRole.User, [new TextContent("a"), new DataContent(new byte[] { 1 }, "image/png")]);
        var error = Assert.Throws<BadInputException>(() => { client.GetStreamingResponseAsync([picture]); });
        Assert.Equal("messages: hold data that is no text, and this model reads text alone; leave it out", error.Message);
    }

    [Fact]
    public void It_tells_what_it_is_and_leaves_the_generator_to_its_owner()
    {
        var fake = new Fake();
        var client = new RawContinuationChatClient(fake, Last, "tiny");
        Assert.Equal("tiny", client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Same(fake, client.GetService<IByteGenerator>());
        Assert.Same(client, client.GetService<IChatClient>());
        Assert.Null(client.GetService<IChatClient>("key"));
        client.Dispose();
        Assert.False(fake.Disposed);
    }

    private sealed class Fake : IByteGenerator
    {
        public string? Prompt { get; private set; }

        public GenerationOptions? Options { get; private set; }

        public bool Disposed { get; private set; }

        public async IAsyncEnumerable<GenerationChunk> GenerateAsync(ReadOnlyMemory<byte> prompt, GenerationOptions options,
            [EnumeratorCancellation] CancellationToken cancellation = default)
        {
            (Prompt, Options) = (Encoding.UTF8.GetString(prompt.Span), options);
            await Task.Yield();
            yield return new("x"u8.ToArray(), new(FinishReason.Stop, 1, null, null));
        }

        public ValueTask DisposeAsync()
        {
            Disposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
