#pragma warning disable OPENAI001 // Seeds are marked experimental there.
using System.ClientModel;
using System.Text;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;
using Microsoft.SemanticKernel.ChatCompletion;
using Microsoft.SemanticKernel.Connectors.OpenAI;
using OpenAI;
using OpenAI.Chat;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;
using OpenAIMessage = OpenAI.Chat.ChatMessage;

namespace HoloZero.Server.Tests;

/// <summary>Clients that others wrote, as they come.</summary>
public sealed class ClientTests(Shared shared)
{
    private const string Prompt = "And God said, ";
    private const int Bytes = 40;
    private const int Seed = 7;

    private OpenAIClient Client => new(new ApiKeyCredential("none"), new() { Endpoint = new(shared.Service.Address, "/v1") });

    /// <summary>What the library generates for all of them.</summary>
    private async Task<string> ExpectedAsync() => Encoding.UTF8.GetString(await shared.Service.LibraryAsync(Encoding.UTF8.GetBytes(Prompt),
        new() { MaxBytes = Bytes, Sampling = new() { Seed = Seed, Temperature = 0.8f } }));

    [Fact]
    public async Task OpenAIs_own_client_chats()
    {
        var options = new ChatCompletionOptions
        {
            MaxOutputTokenCount = Bytes,
            Seed = Seed,
            Temperature = 0.8f,
            IncludeLogProbabilities = true,
        };
        ChatCompletion answer = await Client.GetChatClient(Service.Model).CompleteChatAsync([OpenAIMessage.CreateUserMessage(Prompt)],
            options, Service.Token);
        Assert.Equal(await ExpectedAsync(), answer.Content[0].Text);
        Assert.Equal(ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal((Prompt.Length, Bytes), (answer.Usage.InputTokenCount, answer.Usage.OutputTokenCount));
        Assert.Equal(Bytes, answer.ContentTokenLogProbabilities.Count);
    }

    [Fact]
    public async Task OpenAIs_own_client_streams_and_is_told_what_was_used()
    {
        var options = new ChatCompletionOptions { MaxOutputTokenCount = Bytes, Seed = Seed, Temperature = 0.8f };
        var (text, usage) = (new StringBuilder(), (ChatTokenUsage?)null);
        var chat = Client.GetChatClient(Service.Model);
        await foreach (var update in chat.CompleteChatStreamingAsync([OpenAIMessage.CreateUserMessage(Prompt)], options, Service.Token))
        {
            foreach (var part in update.ContentUpdate) text.Append(part.Text);
            usage = update.Usage ?? usage;
        }

        Assert.Equal(await ExpectedAsync(), text.ToString());
        Assert.Equal((Prompt.Length, Bytes), (usage!.InputTokenCount, usage.OutputTokenCount));
    }

    [Fact]
    public async Task OpenAIs_own_client_lists_models_and_understands_errors()
    {
        var models = await Client.GetOpenAIModelClient().GetModelsAsync(Service.Token);
        Assert.Equal([Service.Model], models.Value.Select(model => model.Id));
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Client.GetChatClient("none").CompleteChatAsync([Prompt]));
        Assert.Equal(404, error.Status);
        Assert.Contains("there is no model 'none'", error.Message);
    }

    [Fact]
    public async Task Microsoft_Extensions_AI_chats_and_streams()
    {
        using var client = Client.GetChatClient(Service.Model).AsIChatClient();
        var options = new ChatOptions { MaxOutputTokens = Bytes, Seed = Seed, Temperature = 0.8f };
        ChatMessage[] messages = [new(ChatRole.User, Prompt)];
        var answer = await client.GetResponseAsync(messages, options, Service.Token);
        Assert.Equal(await ExpectedAsync(), answer.Text);
        Assert.Equal(Microsoft.Extensions.AI.ChatFinishReason.Length, answer.FinishReason);
        Assert.Equal(Bytes, answer.Usage!.OutputTokenCount);
        var updates = await client.GetStreamingResponseAsync(messages, options, Service.Token).ToListAsync(Service.Token);
        var joined = updates.ToChatResponse();
        Assert.Equal(answer.Text, joined.Text);
        Assert.Equal(Bytes, joined.Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Semantic_Kernel_chats_and_streams()
    {
        var kernel = Kernel.CreateBuilder().AddOpenAIChatCompletion(Service.Model, Client).Build();
        var chat = kernel.GetRequiredService<IChatCompletionService>();
        var settings = new OpenAIPromptExecutionSettings { MaxTokens = Bytes, Seed = Seed, Temperature = 0.8f };
        var history = new ChatHistory();
        history.AddUserMessage(Prompt);
        var answer = await chat.GetChatMessageContentAsync(history, settings, kernel, Service.Token);
        Assert.Equal(await ExpectedAsync(), answer.Content);
        var text = new StringBuilder();
        await foreach (var piece in chat.GetStreamingChatMessageContentsAsync(history, settings, kernel, Service.Token))
            text.Append(piece.Content);
        Assert.Equal(answer.Content, text.ToString());
        Assert.Equal(answer.Content, (await kernel.InvokePromptAsync(Prompt.TrimEnd() + "{{$space}}", new(settings) { ["space"] = " " },
            cancellationToken: Service.Token)).ToString());
    }
}
