using System.Text.Json.Nodes;
using HoloZero.Fuzz.Mutation;
using HoloZero.Fuzz.Targets;
using HoloZero.Testing;

namespace HoloZero.Fuzz.Tests;

/// <summary>Damage that knows a format leaves most of it in order: else readers would never get past their first lines.</summary>
public sealed class MutationTests
{
    private static readonly IReadOnlyList<FuzzTarget> Targets = AllTargets.Create(Path.Combine(Repository.Root, "validation"));

    [Fact]
    public void A_pickle_is_taken_apart_into_its_operations()
    {
        foreach (var pickle in Seeds("pickle"))
        {
            var operations = PickleMutator.Split(pickle);
            Assert.Equal(pickle, operations.SelectMany(operation => operation));
            Assert.Equal([(byte)'.'], operations[^1]);
            Assert.True(operations.Count > pickle.Length / 20);
        }
    }

    [Fact]
    public void Json_is_mostly_still_json() => Assert.True(Share("manifest", bytes => JsonNode.Parse(bytes) is not null) > 0.5);

    [Fact]
    public void A_zip_is_often_still_a_zip() => Assert.True(Share("zip", bytes => ZipMutator.Read(bytes) is { Count: > 0 }) > 0.3);

    [Fact]
    public void A_safetensors_header_is_mostly_as_long_as_the_file_says() =>
        Assert.True(Share("safetensors", bytes => JsonNode.Parse(bytes.AsSpan(8, (int)BitConverter.ToInt64(bytes))) is JsonObject) > 0.4);

    private static IEnumerable<byte[]> Seeds(string target) => Targets.Single(t => t.Name == target).Seeds;

    private static double Share(string target, Func<byte[], bool> isSound)
    {
        const int times = 300;
        var seed = Seeds(target).First();
        return Enumerable.Range(0, times).Count(i => Holds(Targets.Single(t => t.Name == target).Mutate(new Random(i), seed, seed)))
            / (double)times;

        bool Holds(byte[] input)
        {
            try
            {
                return isSound(input);
            }
            catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException or IndexOutOfRangeException)
            {
                return false;
            }
        }
    }
}
